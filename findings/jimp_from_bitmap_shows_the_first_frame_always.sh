#!/usr/bin/env bash
# Jimp.fromBitmap, the documented way to make a picture of pixels, takes the whole memory under a Uint8Array, Uint8ClampedArray or Buffer and not the part that the view
# is of. Frames cut out of a stream or of WASM memory with subarray() are all the first one, at the right size, and their data goes on behind
# the last row. A Buffer is copied rightly and then, since it is a Uint8Array as well, taken whole in a second step: pictures of less than 4 KB,
# 32 x 31 pixels, which Node puts into memory that Buffers share, are moved or those of another Buffer. new Jimp({ data }) is right, and so is
# Uint8Array.from(view). PNGs are written from the same wrong place. No message. Seen with jimp 1.6.1 and Node 20.20.2; needs npm.
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
const SIZE = 40;
const LENGTH = 4 * SIZE * SIZE;
const stream = new Uint8Array(5 * LENGTH);
for (let frame = 0; frame < 5; frame += 1) stream.fill(50 * frame + 10, frame * LENGTH, (frame + 1) * LENGTH);

const bitmap = (data, size = SIZE) => ({ data, width: size, height: size });
const seen = { subarray: [], clamped: [], buffer: [], copied: [], constructed: [], png: [] };
for (let frame = 0; frame < 5; frame += 1) {
  const view = stream.subarray(frame * LENGTH, (frame + 1) * LENGTH);
  const buffer = Buffer.from(stream.buffer, frame * LENGTH, LENGTH);
  const image = Jimp.fromBitmap(bitmap(view));
  seen.subarray.push(image.bitmap.data[0]);
  assert.equal(image.bitmap.data.length, stream.length);
  seen.clamped.push(Jimp.fromBitmap(bitmap(new Uint8ClampedArray(stream.buffer, frame * LENGTH, LENGTH))).bitmap.data[0]);
  seen.buffer.push(Jimp.fromBitmap(bitmap(buffer)).bitmap.data[0]);
  seen.copied.push(Jimp.fromBitmap(bitmap(Uint8Array.from(view))).bitmap.data[0]);
  seen.constructed.push(new Jimp(bitmap(buffer)).bitmap.data[0]);
  seen.png.push((await Jimp.read(await image.getBuffer("image/png"))).bitmap.data[0]);
}
for (const [name, levels] of Object.entries(seen)) {
  console.log(`  ${name}: frames of 10, 60, 110, 160 and 210 are ${levels.join(", ")}`);
  assert.deepEqual(levels, ["copied", "constructed"].includes(name) ? [10, 60, 110, 160, 210] : [10, 10, 10, 10, 10]);
}

// Small pictures of Buffers that were made one after the other.
const small = Array.from({ length: 4 }, (_, index) => Buffer.from(Array(4 * 16 * 16).fill(50 * index + 10)));
const read = small.map((data) => Jimp.fromBitmap(bitmap(data, 16)).bitmap.data.subarray(0, 1024));
const wrong = read.filter((pixels, index) => !pixels.equals(small[index])).length;
const large = Buffer.from(Array(LENGTH).fill(77));
console.log(`  of four Buffers of 16 x 16 pixels ${wrong} are shown wrongly; one of 40 x 40 is right: ${Jimp.fromBitmap(bitmap(large)).bitmap.data.equals(large)}`);
assert.ok(wrong >= 3 && Jimp.fromBitmap(bitmap(large)).bitmap.data.equals(large));
NODE
node seen.mjs
