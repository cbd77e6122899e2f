#!/usr/bin/env bash
# Photon, an image library in WebAssembly with four million downloads a month, makes a cut-out opaque when its contrast is changed:
# adjust_contrast (by 0 as well), tint, oil and filters such as "dramatic" set alpha to 255 everywhere, so that a
# subject on nothing stands in a black box and hair at alpha 128 is solid. Brightness, grayscale, gamma, hue and sharpen keep alpha.
# gaussian_blur in turn blurs colour with the black under alpha 0 and leaves alpha as it is: a dark rim inside the subject,
# (115, 57, 28) for (200, 100, 50), under full alpha. No message. Seen with @silvia-odwyer/photon-node 0.3.4; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @silvia-odwyer/photon-node@0.3.4
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import photon from "@silvia-odwyer/photon-node";

const SUBJECT = [200, 100, 50, 255];
const HAIR = [200, 100, 50, 128];
const NOTHING = [0, 0, 0, 0];

/** Pixels of a row after a filter: subject, subject beside the edge, hair, nothing. */
function filtered(filter) {
  const pixels = new Uint8Array(32 * 32 * 4);
  for (let place = 0; place < 1024; place++) {
    const column = place % 32;
    pixels.set(column < 16 ? SUBJECT : column < 28 ? NOTHING : HAIR, place * 4);
  }
  const image = new photon.PhotonImage(pixels, 32, 32);
  filter(image);
  const seen = image.get_raw_pixels();
  return [4, 15, 30, 22].map((column) => Array.from(seen.slice((512 + column) * 4, (512 + column) * 4 + 4)));
}

const opaque = {
  adjust_contrast: (image) => photon.adjust_contrast(image, 0),
  tint: (image) => photon.tint(image, 10, 0, 0),
  oil: (image) => photon.oil(image, 2, 10),
  dramatic: (image) => photon.filter(image, "dramatic"),
};
for (const [name, filter] of Object.entries(opaque)) {
  const seen = filtered(filter);
  console.log(name, "subject, its edge, hair, nothing:", JSON.stringify(seen));
  assert.deepEqual(seen.map((pixel) => pixel[3]), [255, 255, 255, 255]);
}
const kept = {
  adjust_brightness: (image) => photon.adjust_brightness(image, 20),
  grayscale: (image) => photon.grayscale(image),
  gamma: (image) => photon.gamma_correction(image, 1.2, 1.2, 1.2),
  hue: (image) => photon.hue_rotate_hsl(image, 0.1),
  sharpen: (image) => photon.sharpen(image),
};
for (const [name, filter] of Object.entries(kept)) {
  assert.deepEqual(filtered(filter).map((pixel) => pixel[3]), [255, 255, 128, 0], name);
}
const blurred = filtered((image) => photon.gaussian_blur(image, 2));
console.log("gaussian_blur:", JSON.stringify(blurred));
assert.deepEqual(blurred[1], [115, 57, 28, 255]);
assert.deepEqual(blurred.map((pixel) => pixel[3]), [255, 255, 128, 0]);
NODE
node seen.mjs
