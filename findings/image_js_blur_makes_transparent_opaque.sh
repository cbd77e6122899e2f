#!/usr/bin/env bash
# image-js's blur and gaussianBlur make everything opaque but a rim at the frame's border: a cut-out comes back as its subject smeared
# into solid black, and a flat (200, 100, 50) at alpha 128 as (100, 50, 25) at 255, multiplied by alpha and without it. medianFilter
# and resize keep alpha. convertBitDepth from 8 to 16 bits shifts where it should scale, so that opaque is 65280 of 65535 and a matte
# written as a 16-bit PNG is nowhere white. No error; the colour model stays RGBA. Seen with image-js 1.7.0, its PNG read again by
# pngjs 7.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund image-js@1.7.0 pngjs@7.0.0
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { encodePng, Image } from "image-js";
import pngjs from "pngjs";

/** 32 x 32 RGBA: the left half one pixel, the right half another. */
function picture(left, right) {
  const data = new Uint8Array(32 * 32 * 4);
  for (let place = 0; place < 1024; place++) data.set(place % 32 < 16 ? left : right, place * 4);
  return new Image(32, 32, { data, colorModel: "RGBA" });
}

const subject = [200, 100, 50, 255];
const nothing = [0, 0, 0, 0];
const blurred = {
  blur: (image) => image.blur({ width: 5, height: 5 }),
  gaussianBlur: (image) => image.gaussianBlur({ sigma: 1 }),
};
for (const [name, filter] of Object.entries(blurred)) {
  const edge = filter(picture(subject, nothing));
  const row = [4, 15, 16, 27].map((column) => edge.getPixel(column, 16));
  console.log(`${name}: across the edge`, JSON.stringify(row));
  assert.equal(edge.colorModel, "RGBA");
  assert.ok(row.every((pixel) => pixel[3] === 255));
  assert.deepEqual(row[3], [0, 0, 0, 255]);
  const half = [200, 100, 50, 128];
  assert.deepEqual(filter(picture(half, half)).getPixel(16, 16), [100, 50, 25, 255]);
}
const median = picture(subject, nothing).medianFilter({ cellSize: 3, borderType: "reflect101" });
assert.deepEqual(median.getPixel(31, 16), nothing);
assert.deepEqual(picture(subject, nothing).resize({ width: 64, height: 64 }).getPixel(60, 16), nothing);
const deep = picture(subject, subject).convertBitDepth(16);
const file = pngjs.PNG.sync.read(Buffer.from(encodePng(deep)), { skipRescale: true });
console.log("255 in 16 bits:", deep.getPixel(0, 0)[3], "in the PNG:", file.data[3]);
assert.equal(deep.getPixel(0, 0)[3], 65280);
assert.equal(file.data[3], 65280);
NODE
node seen.mjs
