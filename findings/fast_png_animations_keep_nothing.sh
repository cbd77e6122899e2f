#!/usr/bin/env bash
# fast-png, the PNG reader of jsPDF and image-js, has decodeApng for animations, and loses what an APNG does not repeat. A frame that is
# smaller than the picture is laid on an empty canvas instead of on the frame before, so that of a still subject with something
# moving above it all but the moving rectangle is transparent from the second frame on; writers store such rectangles by
# default. Frames of blend mode OVER, as FFmpeg writes them, are no blend: (200, 100, 50) at alpha 128 over nothing becomes (0, 50, 25) at
# alpha 0, and an opaque blue (50, 100, 200) is (0, 99, 199) at 0. Number, size and times of the frames are right, and no error comes; frames
# of the picture's full size are right. UPNG reads the same files exactly. Seen with fast-png 8.0.0, upng-js 2.1.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fast-png@8.0.0 upng-js@2.1.0
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { decodeApng } from "fast-png";
import UPNG from "upng-js";

const SIZE = 64;
console.log("fast-png", JSON.parse(readFileSync("node_modules/fast-png/package.json")).version);

function pixel(frame, x, y) {
  return [...frame.subarray((y * SIZE + x) * 4, (y * SIZE + x) * 4 + 4)];
}

function read(file) {
  const exact = file.buffer.slice(file.byteOffset, file.byteOffset + file.length);
  return { fast: decodeApng(file).frames.map((frame) => frame.data), upng: UPNG.toRGBA8(UPNG.decode(exact)).map((frame) => new Uint8Array(frame)) };
}

function fieldOfFrame(file, number, offset) {
  let place = -1;
  for (let count = 0; count <= number; count++) place = file.indexOf("fcTL", place + 1);
  return file[place + offset];
}

// A subject that stands still, of many colours, and something half transparent that moves above it.
const frames = [0, 1, 2].map((time) => {
  const frame = new Uint8Array(SIZE * SIZE * 4);
  for (let y = 0; y < SIZE; y++)
    for (let x = 0; x < SIZE; x++) {
      if (y >= 20) frame.set([x * 4, y * 4, 50, 255], (y * SIZE + x) * 4);
      if (x >= 8 + 8 * time && x < 16 + 8 * time && y >= 8 && y < 16) frame.set([50, 100, 200, 128], (y * SIZE + x) * 4);
    }
  return frame;
});
const file = Buffer.from(UPNG.encode(frames.map((frame) => frame.buffer), SIZE, SIZE, 0, [40, 40, 40]));
assert.equal(fieldOfFrame(file, 1, 29), 0, "blend mode SOURCE");
const seen = read(file);
assert.equal(seen.fast.length, 3);
frames.forEach((frame, time) => {
  const opaque = (pixels) => pixels.filter((value, place) => place % 4 === 3 && value === 255).length;
  console.log(`frame ${time}: opaque pixels ${opaque(frame)}, read by UPNG ${opaque(seen.upng[time])}, by fast-png ${opaque(seen.fast[time])}`);
  assert.deepEqual(seen.upng[time], frame);
  assert.equal(opaque(seen.fast[time]), time === 0 ? opaque(frame) : 0);
});

// The same file form with one frame of blend mode OVER, 8 x 8 pixels at (8, 8).
function withFrameOver(colour) {
  const empty = new Uint8Array(SIZE * SIZE * 4);
  const patch = empty.slice();
  for (let y = 8; y < 16; y++) for (let x = 8; x < 16; x++) patch.set(colour, (y * SIZE + x) * 4);
  for (const frame of [empty, patch])
    for (let y = 32; y < SIZE; y++) for (let x = 0; x < SIZE; x++) frame.set([x * 4, y * 4, 50, 255], (y * SIZE + x) * 4);
  const made = Buffer.from(UPNG.encode([empty.buffer, patch.buffer], SIZE, SIZE, 0, [40, 40]));
  let place = made.indexOf("fcTL");
  place = made.indexOf("fcTL", place + 1);
  made[place + 29] = 1;
  made.writeUInt32BE(crc(made.subarray(place, place + 30)), place + 30);
  return made;
}

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

for (const [colour, wrong] of [[[200, 100, 50, 128], [0, 50, 25, 0]], [[50, 100, 200, 255], [0, 99, 199, 0]]]) {
  const { fast, upng } = read(withFrameOver(colour));
  console.log("OVER nothing,", colour, "is in UPNG", pixel(upng[1], 10, 10), "in fast-png", pixel(fast[1], 10, 10));
  assert.deepEqual(pixel(upng[1], 10, 10), colour);
  assert.deepEqual(pixel(fast[1], 10, 10), wrong);
}
NODE
node check.mjs
