#!/usr/bin/env bash
# @napi-rs/image, an image library for Node on Rust's image crate, resizes a cut-out in two ways that are wrong in opposite directions.
# fastResize multiplies and divides by alpha twice: where an opaque (200, 100, 50) ends, the soft pixels that come up are (230, 115,
# 59) at alpha 222 and pure white at alpha 33, a light rim around hair, whatever lies under alpha 0. resize multiplies not
# at all: with black under alpha 0 the same pixels are (174, 87, 44) and (26, 13, 6), a dark rim. filter3x3 makes the outermost pixels of
# the frame transparent, with the kernel that changes nothing too. A flat picture of alpha 128 shows none of the rims, nor does an
# opaque one. No message. Seen with @napi-rs/image 1.15.0, pngjs 7.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @napi-rs/image@1.15.0 pngjs@7.0.0
cat > check.mjs <<'NODE'
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Transformer } from "@napi-rs/image";
import { PNG } from "pngjs";

const SIZE = 32;
console.log("@napi-rs/image", JSON.parse(readFileSync("node_modules/@napi-rs/image/package.json")).version);

/** The pixels of a row that come out, each once, of a picture whose pixel depends on its column. */
async function row(pixel, change, number = SIZE / 2) {
  const pixels = Buffer.alloc(SIZE * SIZE * 4);
  for (let place = 0; place < SIZE * SIZE; place++) pixels.set(pixel(place % SIZE), place * 4);
  const png = PNG.sync.read(await change(Transformer.fromRgbaPixels(pixels, SIZE, SIZE)).png());
  const found = png.data.subarray(number * png.width * 4, (number + 1) * png.width * 4);
  return Array.from({ length: png.width }, (_, column) => [...found.subarray(column * 4, column * 4 + 4)]);
}

const COLOUR = [200, 100, 50];
const cutOut = (column) => (column < SIZE / 2 ? [...COLOUR, 255] : [0, 0, 0, 0]);
const straight = (column) => [...COLOUR, column < SIZE / 2 ? 255 : 0];
const near = (found, right) => assert(found.every((level, place) => Math.abs(level - right[place]) <= 3), `${found} for ${right}`);
const at = (pixels, alpha) => pixels.find((pixel) => Math.abs(pixel[3] - alpha) <= 3);

for (const [name, pixel] of [["black under alpha 0", cutOut], ["colour under alpha 0", straight]]) {
  const pixels = await row(pixel, (image) => image.fastResize({ width: 48 }));
  console.log(`fastResize, ${name}:`, at(pixels, 222), at(pixels, 33));
  near(at(pixels, 222), [230, 115, 59, 222]);
  near(at(pixels, 33), [255, 255, 255, 33]);
}
const dark = await row(cutOut, (image) => image.resize(48, 48));
console.log("resize, black under alpha 0:", at(dark, 222), at(dark, 33));
near(at(dark, 222), [174, 87, 44, 222]);
near(at(dark, 33), [26, 13, 6, 33]);
for (const change of [(image) => image.fastResize({ width: 48 }), (image) => image.resize(48, 48)])
  for (const pixel of await row(() => [...COLOUR, 128], change)) near(pixel, [...COLOUR, 128]);
const identity = (image) => image.filter3x3([0, 0, 0, 0, 1, 0, 0, 0, 0]);
const filtered = await row(() => [...COLOUR, 255], identity);
console.log("filter3x3 that changes nothing, opaque picture:", filtered[0], filtered[1]);
assert.deepEqual([filtered[0], filtered[SIZE - 1], filtered[1]], [[0, 0, 0, 0], [0, 0, 0, 0], [...COLOUR, 255]]);
assert.deepEqual((await row(() => [...COLOUR, 255], identity, 0))[5], [0, 0, 0, 0]);
NODE
node check.mjs
