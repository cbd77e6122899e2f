#!/usr/bin/env bash
# @webtoon/psd, the PSD reader of web editors, draws a layer without its mask: layer.composite(), with applyOpacity and applyClippingMask
# too, gives all pixels of a cut-out made with a layer mask, which is how cut-outs are made in Photoshop and how a matte is added
# to a foreground. What the mask hides is opaque again, half grey too. The layer's opacity is applied, which makes it look complete;
# the mask lies beside it in userMask(). No message. psd-tools' composite of the same layer applies it. Seen with
# @webtoon/psd 0.4.0, psd-tools 1.26.0, file by ag-psd 31.0.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check "psd-tools[composite]==1.26.0" pillow==12.3.0
npm install --silent --no-audit --no-fund ag-psd@31.0.2 @webtoon/psd@0.4.0
cat > seen.mjs <<'NODE'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import webtoon from "@webtoon/psd";
import { writePsdBuffer } from "ag-psd";

const size = 8;
const levels = [0, 100, 200, 255];
const filled = (pixel) => ({
  width: size,
  height: size,
  data: new Uint8ClampedArray(4 * size * size).map((_, place) => pixel(Math.floor(place / 4) % size)[place % 4]),
});
const imageData = filled(() => [200, 100, 50, 255]);
const mask = filled((x) => [levels[x >> 1], levels[x >> 1], levels[x >> 1], 255]);
const layer = { name: "cut-out", top: 0, left: 0, opacity: 0.5, imageData };
layer.mask = { top: 0, left: 0, right: size, bottom: size, defaultColor: 0, imageData: mask };
const file = writePsdBuffer({ width: size, height: size, imageData, children: [layer] });
writeFileSync("cutout.psd", file);
const Psd = webtoon.default ?? webtoon;
const [opened] = Psd.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.length)).layers;
for (const applyOpacity of [false, true]) {
  const pixels = await opened.composite(applyOpacity, true);
  const alpha = [0, 2, 4, 6].map((x) => pixels[4 * x + 3]);
  console.log(`mask of ${levels}, applyOpacity ${applyOpacity}: alpha ${alpha}`);
  assert.ok(alpha.every((value) => (applyOpacity ? Math.abs(value - 128) <= 1 : value === 255)));
}
const own = await opened.userMask();
console.log("userMask:", own === undefined ? "missing" : `${own.length} bytes`);
assert.ok(own.length > 0);
NODE
node seen.mjs
env/bin/python - <<'PYTHON'
from psd_tools import PSDImage

picture = PSDImage.open("cutout.psd")[0].composite()
alpha = [picture.getpixel((x, 0))[3] for x in (0, 2, 4, 6)]
print("psd-tools:", picture.mode, "alpha", alpha)
assert alpha[0] == 0 and alpha == sorted(set(alpha))
PYTHON
