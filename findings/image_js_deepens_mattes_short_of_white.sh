#!/usr/bin/env bash
# image-js makes 16 bits of 8 by a shift: white, 255, is 65280 and not 65535, opaque alpha likewise, in PNGs that it writes too, where it is 0.996 to every other reader: a cut-out
# made deep so is opaque nowhere, and "== 65535" finds nothing. The way back is a shift as well and hides it, but cuts, so that 65279 of another
# tool, 254.0004, is 254 and 511, 1.99, is 1. Its resize moves by half an output pixel to the right with bilinear and bicubic, whatever the
# factor (2, 4, one half), and not with nearest, so that a mask and its picture part. No message. Multiply by 257.
# Seen with image-js 1.7.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund image-js@1.7.0 pngjs@7.0.0
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Image, encodePng } from "image-js";
import { PNG } from "pngjs";

console.log("image-js", JSON.parse(readFileSync("node_modules/image-js/package.json", "utf8")).version);
const grey = (data, bitDepth = 8) => new Image(data.length, 1, { data, colorModel: "GREY", bitDepth });
const levels = (image) => Array.from({ length: image.width }, (_, column) => image.getPixel(column, 0)[0]);

const deep = levels(grey(Uint8Array.of(0, 1, 128, 255)).convertBitDepth(16));
console.log("  0, 1, 128, 255 are", deep.join(", "), "- right: 0, 257, 32896, 65535");
assert.deepEqual(deep, [0, 256, 32768, 65280]);
const shallow = levels(grey(Uint16Array.of(255, 511, 65279, 65535), 16).convertBitDepth(8));
console.log("  255, 511, 65279, 65535 are", shallow.join(", "), "- right: 1, 2, 254, 255");
assert.deepEqual(shallow, [0, 1, 254, 255]);
const cutOut = new Image(2, 1, { data: Uint8Array.of(255, 255, 255, 255, 200, 100, 50, 255), colorModel: "RGBA" }).convertBitDepth(16);
const read = PNG.sync.read(Buffer.from(encodePng(cutOut)), { skipRescale: true }).data;
console.log("  in a PNG, by pngjs:", [...read].join(", "));
assert.deepEqual([read[0], read[3], read[7]], [65280, 65280, 65280]);

for (const interpolationType of ["nearest", "bilinear", "bicubic"]) {
  const off = [0.5, 2, 4].map((factor) => {
    const data = Uint8Array.from({ length: 1024 }, (_, index) => (index % 32 < 16 ? 0 : 255));
    const resized = new Image(32, 32, { data, colorModel: "GREY" }).resize({ width: 32 * factor, height: 32 * factor, interpolationType });
    const covered = Array.from({ length: resized.width }, (_, column) => resized.getPixel(column, 8)[0] / 255).reduce((sum, level) => sum + level);
    return resized.width - covered - 16 * factor;
  });
  console.log(`  ${interpolationType}, factors of 0.5, 2 and 4: an edge is off by ${off.map((pixels) => pixels.toFixed(2)).join(", ")}`);
  assert.ok(off.every((pixels) => Math.abs(pixels - (interpolationType === "nearest" ? 0 : 0.5)) < 0.05));
}
NODE
node seen.mjs
