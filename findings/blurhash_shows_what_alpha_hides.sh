#!/usr/bin/env bash
# BlurHash, the little string from which web pages and chats draw a picture before it has arrived, has no place for alpha, and its encoders take RGBA as if
# there were none: the npm package wants exactly the pixels of a canvas, RGBA, and reads three bytes of four. A cut-out and the picture it was cut
# from have the same string, and what is drawn is the green screen or the room that the matte had hidden, opaque; where the colour under
# alpha 0 was cleared, a dark box with a smear. The string goes into databases and messages, so that the hidden colour leaves with it.
# blurhash-python encodes an RGBA file likewise. ThumbHash, the same idea with alpha, draws the subject alone. No message. Lay the cut-out on the page's
# colour before encoding. Seen with blurhash 2.0.5, thumbhash 0.1.1, blurhash-python 1.2.2, Pillow 12.0.0; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund blurhash@2.0.5 thumbhash@0.1.1
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { decode, encode } from "blurhash";
import { rgbaToThumbHash, thumbHashToRGBA } from "thumbhash";

const size = 32;
const skin = [200, 100, 50];

/** A disc of skin on a background, whose alpha is given outside. */
function picture(background, alpha) {
  const data = new Uint8ClampedArray(4 * size * size);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) data.set(Math.hypot(x - 16, y - 16) < 10 ? [...skin, 255] : [...background, alpha], 4 * (y * size + x));
  return data;
}
const green = [0, 200, 0];
const [full, cut, cleared] = [picture(green, 255), picture(green, 0), picture([0, 0, 0], 0)];
const hashes = [full, cut, cleared].map((pixels) => encode(pixels, size, size, 4, 4));
const corners = hashes.map((hash) => [...decode(hash, 9, 9).subarray(0, 4)]);
console.log("  blurhash of a picture, its cut-out, and that with black under alpha 0:", hashes.join(" "));
console.log("  their corners as drawn:", corners.map((corner) => corner.join(",")).join("  "));
assert.equal(hashes[0], hashes[1]);
assert.notEqual(hashes[0], hashes[2]);
assert.ok(corners[1][1] > 150 && corners[1][0] < 60 && corners.every((corner) => corner[3] === 255));

const drawn = [full, cut].map((pixels) => thumbHashToRGBA(rgbaToThumbHash(size, size, pixels)));
const alphas = drawn.map(({ rgba, w, h }) => [rgba[3], rgba[4 * ((h >> 1) * w + (w >> 1)) + 3]]);
console.log("  thumbhash, alpha in the corner and in the middle:", JSON.stringify(alphas));
assert.ok(alphas[0][0] === 255 && alphas[0][1] === 255 && alphas[1][0] < 40 && alphas[1][1] > 215);
NODE
node seen.mjs
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check blurhash-python==1.2.2 pillow==12.0.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import blurhash
import numpy as np
from PIL import Image

rows, columns = np.mgrid[:32, :32]
inside = np.hypot(rows - 16, columns - 16) < 10
colour = np.where(inside[..., None], (200, 100, 50), (0, 200, 0)).astype(np.uint8)
Image.fromarray(colour).save("full.png")
Image.fromarray(np.dstack([colour, inside * np.uint8(255)])).save("cut.png")
hashes = []
for name in ("full.png", "cut.png"):
    with open(name, "rb") as file:
        hashes.append(blurhash.encode(file, 4, 4))
print("  blurhash-python:", *hashes)
assert hashes[0] == hashes[1]
PYTHON
