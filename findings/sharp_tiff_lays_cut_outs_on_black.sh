#!/usr/bin/env bash
# sharp writes a cut-out as TIFF without its alpha: what was transparent is black, (200, 100, 50) at alpha 128 is an opaque (100, 50, 25), and a
# picture of 16 bits has 8. Its TIFF writer packs as JPEG unless told otherwise, which the documentation says, and not that JPEG inside TIFF has
# no alpha and no depth here; tiff(), toFormat("tiff") and toFile("name.tif") do it alike, info.channels is 3 and nothing warns. PNG by
# the same call keeps alpha. compression: "lzw",
# "deflate" or "none" keeps alpha and 16 bits. Seen with sharp 0.35.5 (libvips 8.18.7); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund sharp@0.35.5
cat > check.mjs <<'NODE'
import assert from "node:assert/strict";
import sharp from "sharp";

const side = 64, columns = [8, 24, 40, 56], alphas = [255, 128, 40, 0];
const pixel = (index, scale) => [200, 100, 50, alphas[(index % side) >> 4]].map((level) => level * scale);
const count = side * side;
const fill = (array, scale) => (Array.from({ length: count }, (_, index) => array.set(pixel(index, scale), index * 4)), array);
const raw = { raw: { width: side, height: side, channels: 4 } };
const cut = fill(new Uint8Array(count * 4), 1), deep = fill(new Uint16Array(count * 4), 257);

async function read(file) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const start = (column) => (32 * side + column) * info.channels;
  return columns.map((column) => [...data.subarray(start(column), start(column) + info.channels)]);
}
const near = (seen, right) => assert.ok(seen.flat().length === right.flat().length && seen.flat().every((level, index) => Math.abs(level - right.flat()[index]) <= 3));

console.log(`sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`);
const black = [[200, 100, 50], [100, 50, 25], [31, 16, 8], [0, 0, 0]];
const kept = alphas.map((alpha) => [200, 100, 50, alpha]);
await sharp(cut, raw).toFile("cut.tif");
for (const [name, file, right] of [
  ["tiff()", await sharp(cut, raw).tiff().toBuffer(), black],
  ['toFormat("tiff")', await sharp(cut, raw).toFormat("tiff").toBuffer(), black],
  ["toFile(cut.tif)", "cut.tif", black],
  ["tiff, quality 100", await sharp(cut, raw).tiff({ quality: 100 }).toBuffer(), black],
  ...(await Promise.all(["lzw", "deflate", "none"].map(async (compression) => [`tiff, ${compression}`, await sharp(cut, raw).tiff({ compression }).toBuffer(), kept]))),
  ["png()", await sharp(cut, raw).png().toBuffer(), kept],
]) {
  const seen = await read(file), { depth, hasAlpha } = await sharp(file).metadata();
  console.log(`${name}: ${depth}, ${hasAlpha ? "alpha" : "no alpha"}, ${seen.map((levels) => `(${levels})`).join(" ")}`);
  near(seen, right);
  assert.equal(hasAlpha, right === kept);
}
for (const [compression, right] of [[undefined, "uchar"], ["lzw", "ushort"]]) {
  const file = await sharp(deep, raw).toColourspace("rgb16").tiff(compression ? { compression } : {}).toBuffer();
  const { depth, channels } = await sharp(file).metadata();
  console.log(`16 bits, ${compression ?? "not told"}: ${depth}, ${channels} channels`);
  assert.deepEqual([depth, channels], [right, compression ? 4 : 3]);
}
NODE
node check.mjs
