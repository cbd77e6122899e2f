#!/usr/bin/env bash
# Konva's Mask filter, which makes a background transparent that has the colour of the four corners, takes a pixel of the subject all round, which its
# dilation does not give back: it asks for 4 of 9 pixels, and outside a straight edge are 3. What is three pixels wide, hair, is gone, and of a wide
# subject the outermost pixel has alpha 85 and the next one 170, all of them 255 before; where the subject leaves the picture just the same, so that
# it fades along the frame. The alpha that was there is overwritten: a cut-out of alpha 128 comes out opaque inside, and as its corners
# are hidden black, the subject's own black, shoes or pupils, is cut out of it. Corners that differ by the threshold or more leave
# the picture as it was. No message, nothing of it in the comment that documents the filter. Seen with konva 10.9.1; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund konva@10.9.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Mask } from "konva/lib/filters/Mask.js";
import { Rect } from "konva/lib/shapes/Rect.js";

console.log("konva", JSON.parse(readFileSync("node_modules/konva/package.json", "utf8")).version);
const SIZE = 24;
const GREEN = [0, 255, 0, 255];
const RED = [200, 50, 50, 255];
const node = new Rect({ width: SIZE, height: SIZE });
// The alphas, row by row, of a picture of the colours colour(column, row) after the filter.
function filtered(colour) {
  const data = Uint8ClampedArray.from({ length: SIZE * SIZE * 4 }, (_, index) => colour((index >> 2) % SIZE, Math.floor((index >> 2) / SIZE))[index & 3]);
  Mask.call(node, { width: SIZE, height: SIZE, data });
  return Array.from({ length: SIZE }, (_, row) => Array.from({ length: SIZE }, (_, column) => data[(row * SIZE + column) * 4 + 3]));
}
const inside = (from, to, column) => column >= from && column < to;
const square = (column, row) => inside(6, 18, column) && inside(6, 18, row);

const opaque = filtered((column, row) => (square(column, row) ? RED : GREEN));
console.log("  a square from 6 to 17, all across it:", opaque[12].join(" "));
assert.deepEqual(opaque[12], [0, 0, 0, 0, 0, 0, 85, 170, 255, 255, 255, 255, 255, 255, 255, 255, 170, 85, 0, 0, 0, 0, 0, 0]);

for (const width of [1, 2, 3, 4]) {
  const line = filtered((column, row) => (inside(10, 10 + width, column) && inside(2, 22, row) ? RED : GREEN));
  console.log(`  a line of ${width} pixels has at most`, Math.max(...line.flat()));
  assert.equal(Math.max(...line.flat()), width < 4 ? 0 : 170);
}

const leaving = filtered((column, row) => (inside(6, 18, column) && row >= 6 ? RED : GREEN)).map((row) => row[12]);
console.log("  a subject that leaves the picture, downwards:", leaving.join(" "));
assert.deepEqual(leaving.slice(-3), [255, 170, 85]);

const half = filtered((column, row) => (square(column, row) ? [...RED.slice(0, 3), 128] : [0, 0, 0, 0]));
console.log("  a cut-out of alpha 128:", half[12].join(" "));
assert.equal(half[12][12], 255);

const shoes = filtered((column, row) => (square(column, row) ? (row < 12 ? RED : [5, 5, 5, 255]) : [0, 0, 0, 0]));
console.log("  an opaque cut-out, red above and black below, downwards:", shoes.map((row) => row[12]).join(" "));
assert.ok(shoes[9][12] === 255 && shoes.slice(12).flat().every((alpha) => alpha === 0));

const uneven = filtered((column, row) => (square(column, row) ? RED : [0, column === 0 && row === 0 ? 245 : 255, 0, 255]));
console.log("  one corner 10 levels off:", [...new Set(uneven.flat())].join(" "));
assert.ok(uneven.flat().every((alpha) => alpha === 255));
NODE
node seen.mjs
