#!/usr/bin/env bash
# Jimp's displace moves red, green and blue by the map and leaves alpha where it was: a cut-out moved by four pixels shows four columns of what is hidden under alpha 0,
# mostly black, at full opacity at one side, and has its own first four columns moved under alpha 0 at the other, where they are lost. It writes
# forwards, so that what nothing is moved to keeps its old colour (a seam), and its levels go from 0, not from the middle: grey of 128, "no
# displacement" in every other tool's maps, moves by half the offset to the right, and nothing moves to the left. fisheye beside it
# moves all four channels. No message. Displace an opaque picture and its matte by themselves. Seen with jimp 1.6.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund jimp@1.6.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Jimp } from "jimp";

console.log("jimp", JSON.parse(readFileSync("node_modules/jimp/package.json", "utf8")).version);
const SIZE = 32;

const picture = (pixel) =>
  Jimp.fromBitmap({ data: Uint8Array.from(Array.from({ length: SIZE * SIZE }, (_, index) => pixel(index % SIZE)).flat()), width: SIZE, height: SIZE });

/** The pixels of a row from one column to another. */
function pixels(image, from, to) {
  return Array.from({ length: to - from }, (_, index) => [...image.bitmap.data.subarray(4 * (SIZE * 12 + from + index), 4 * (SIZE * 12 + from + index + 1))]);
}

// Columns 8 to 15 are covered; beside them there is black under alpha 0.
const cutOut = picture((column) => (column >= 8 && column < 16 ? [200, 100, 50, 255] : [0, 0, 0, 0]));
for (const [level, shift] of [[0, 0], [128, 4], [255, 8]]) {
  const map = picture(() => [level, level, level, 255]);
  const moved = pixels(cutOut.clone().displace({ map, offset: 8 }), 0, SIZE);
  const opaque = moved.map((pixel) => pixel[3] === 255);
  const coloured = moved.map((pixel) => pixel[0] === 200);
  console.log(`  map of ${level}, offset 8: opaque from ${opaque.indexOf(true)} to ${opaque.lastIndexOf(true)}, coloured from ${coloured.indexOf(true)} to ${coloured.lastIndexOf(true)}`);
  assert.deepEqual([opaque.indexOf(true), opaque.lastIndexOf(true)], [8, 15]);
  assert.deepEqual([coloured.indexOf(true), coloured.lastIndexOf(true)], [8 + shift, 15 + shift]);
  assert.equal(moved.filter((pixel) => pixel[3] === 255 && pixel[0] === 0).length, shift);
}
// The first columns, to which nothing is moved, keep what they had.
const ramp = picture((column) => [10 * column, 0, 0, 255]);
const seam = pixels(ramp.clone().displace({ map: picture(() => [128, 128, 128, 255]), offset: 8 }), 0, 8).map((pixel) => pixel[0]);
console.log("  a ramp by tens:", seam.join(" "));
assert.deepEqual(seam, [0, 10, 20, 30, 0, 10, 20, 30]);
// Fisheye keeps colour and alpha together.
const bent = pixels(cutOut.clone().fisheye({ radius: 1.5 }), 0, SIZE);
assert.ok(bent.every((pixel) => (pixel[3] === 255) === (pixel[0] === 200)) && bent.some((pixel) => pixel[3] === 255));
NODE
node seen.mjs
