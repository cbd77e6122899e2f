#!/usr/bin/env bash
# Two operators of ImageMagick 7 divide by alpha once more than they multiplied: adaptiveResize gives a flat picture of (200, 100, 50)
# at alpha 128 back as (255, 199, 100), and bilateralBlur as (255, 255, 198), where nothing should change. Opaque pixels and alpha are
# right, so that only hair, glass and motion blur light up; resize and blur beside them keep the colour. And in magick-wasm the colour
# operators work on alpha as well, unlike the command line's: negate makes a cut-out's background opaque and its subject
# transparent, gammaCorrect(2) raises alpha 128 to 181, sigmoidalContrast to 197. Seen with @imagemagick/magick-wasm 0.0.43
# (ImageMagick 7.1.2-30 Q8), pictures made by pngjs 7.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @imagemagick/magick-wasm@0.0.43 pngjs@7.0.0
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { initializeImageMagick, Magick, MagickImage } from "@imagemagick/magick-wasm";
import pngjs from "pngjs";

await initializeImageMagick(readFileSync("node_modules/@imagemagick/magick-wasm/dist/x86/magick.wasm"));
console.log(Magick.imageMagickVersion);

/** The pixel in the middle of a flat picture after an operator. */
function after(pixel, operate) {
  const png = new pngjs.PNG({ width: 32, height: 32 });
  for (let place = 0; place < 1024; place++) png.data.set(pixel, place * 4);
  const image = MagickImage.create(pngjs.PNG.sync.write(png));
  operate(image);
  return image.getPixels((pixels) => Array.from(pixels.getPixel(12, 12)));
}

const half = [200, 100, 50, 128];
const opaque = [200, 100, 50, 255];
const operators = {
  resize: [(image) => image.resize(48, 48), half],
  blur: [(image) => image.blur(0, 2), half],
  adaptiveResize: [(image) => image.adaptiveResize(48, 48), [255, 199, 100, 128]],
  bilateralBlur: [(image) => image.bilateralBlur(5, 5), [255, 255, 198, 128]],
};
for (const [name, [operate, expected]] of Object.entries(operators)) {
  const found = after(half, operate);
  console.log(name, JSON.stringify(found));
  assert.ok(found.every((level, place) => Math.abs(level - expected[place]) <= 1), name);
  assert.ok(after(opaque, operate).every((level, place) => Math.abs(level - opaque[place]) <= 1), name);
}
const colour = {
  negate: [(image) => image.negate(), 127],
  gammaCorrect: [(image) => image.gammaCorrect(2), 181],
  sigmoidalContrast: [(image) => image.sigmoidalContrast(5, 50), 197],
};
for (const [name, [operate, alpha]] of Object.entries(colour)) {
  const found = after(half, operate);
  console.log(name, "alpha 128 becomes", found[3]);
  assert.equal(found[3], alpha);
}
assert.equal(after(opaque, colour.negate[0])[3], 0);
assert.equal(after([0, 0, 0, 0], colour.negate[0])[3], 255);
NODE
node seen.mjs
