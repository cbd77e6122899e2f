#!/usr/bin/env bash
# pngjs, the common PNG writer of Node, takes pixels of 16 bits as a Buffer and reads them from the beginning of the memory that the
# Buffer is a window of, not from the beginning of the Buffer, on every little-endian processor. A raw clip of 16-bit mattes that is cut with
# subarray gives a PNG of its first frame for each of its frames, and after a header of 128 bytes each picture begins
# with the header. Small pictures made with Buffer.from lie in memory that Node shares among them, so that they are written as other pixels.
# sync.write and pack() alike, valid files, no message. Frames of 8 bits are right, and so are copies: new Uint8Array(frame).
# Seen with pngjs 7.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund pngjs@7.0.0
cat > seen.cjs <<'NODE'
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { PNG } = require("pngjs");

console.log("pngjs", JSON.parse(readFileSync("node_modules/pngjs/package.json")).version);
const [width, height, frames] = [64, 48, 3];

/** A raw clip of grey frames of one level each, after a header whose bytes are all 1. */
function rawClip(bytes, header) {
  const clip = Buffer.from(new ArrayBuffer(header + frames * width * height * bytes)).fill(1, 0, header);
  for (let index = 0; index < frames * width * height; index++) {
    const level = 50 * (1 + Math.floor(index / (width * height)));
    if (bytes === 1) clip[header + index] = level;
    else clip.writeUInt16LE(257 * level, header + 2 * index);
  }
  return clip;
}
const grey = (bytes) => ({ bitDepth: 8 * bytes, colorType: 0, inputColorType: 0, inputHasAlpha: false });

/** The first and the last pixel of the PNG that is written of some pixels, as 8-bit levels (of 16 bits: divided by 257). */
function written(data, bytes, [columns, rows] = [width, height]) {
  const { data: pixels } = PNG.sync.read(PNG.sync.write({ width: columns, height: rows, data }, grey(bytes)), { skipRescale: true });
  return [pixels[0], pixels[pixels.length - 4]].map((level) => Math.round(bytes === 2 ? level / 257 : level));
}

/** The same with the stream that pack() gives. */
async function packed(data, bytes) {
  const png = new PNG({ width, height, ...grey(bytes) });
  png.data = data;
  const parts = [];
  await new Promise((resolve, reject) => png.pack().on("data", (part) => parts.push(part)).on("end", resolve).on("error", reject));
  const { data: pixels } = PNG.sync.read(Buffer.concat(parts), { skipRescale: true });
  return [pixels[0], pixels[pixels.length - 4]].map((level) => Math.round(bytes === 2 ? level / 257 : level));
}

(async () => {
  for (const [bytes, header] of [[1, 0], [1, 128], [2, 0], [2, 128]]) {
    const clip = rawClip(bytes, header);
    const size = width * height * bytes;
    const cut = Array.from({ length: frames }, (_, index) => clip.subarray(header + index * size, header + (index + 1) * size));
    const views = cut.map((frame) => written(frame, bytes));
    const streams = [];
    for (const frame of cut) streams.push(await packed(frame, bytes));
    const copies = cut.map((frame) => written(new Uint8Array(frame), bytes));
    const [said, copied] = [views, copies].map((levels) => JSON.stringify(levels));
    console.log(`  ${8 * bytes} bits, header of ${header} bytes: frames of 50, 100 and 150 are written as ${said}, copies as ${copied}`);
    const right = [[50, 50], [100, 100], [150, 150]];
    assert.deepEqual(copies, right);
    assert.deepEqual(streams, views);
    assert.deepEqual(views, bytes === 1 ? right : Array(3).fill(header ? [1, 50] : [50, 50]));
  }
  const pictures = Array.from({ length: 4 }, () => Buffer.from(Array(2 * 16).fill(200)));
  const levels = pictures.map((picture) => written(picture, 2, [4, 4])[0]);
  const own = pictures.map((picture) => written(new Uint8Array(picture), 2, [4, 4])[0]);
  console.log("  small pictures of the level 200 from Buffer.from are written as", levels, "copies as", own);
  assert.ok(own.every((level) => level === 200) && levels.filter((level) => level !== 200).length >= 3);
})();
NODE
node seen.cjs
