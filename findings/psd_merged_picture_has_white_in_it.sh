#!/usr/bin/env bash
# The merged picture of a PSD file, all that most readers look at, is blended with white where alpha is partial: Photoshop stores it
# so, and ag-psd, which writes PSD in web editors, does too. Pillow, FFmpeg and @webtoon/psd hand it out as straight colour: (200, 100,
# 50) at alpha 128 is (227, 177, 152), and hair and motion blur get a white rim over anything dark. psd-tools takes the white out, ag-psd
# as well, and the layer inside the same file has the right colour. No message; opaque pixels hide it. Seen with ag-psd 31.0.2,
# @webtoon/psd 0.4.0, Pillow 12.3.0, psd-tools 1.26.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check psd-tools==1.26.0 pillow==12.3.0 imageio-ffmpeg==0.8.1
npm install --silent --no-audit --no-fund ag-psd@31.0.2 @webtoon/psd@0.4.0
cat > write.mjs <<'NODE'
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import webtoon from "@webtoon/psd";
import { writePsdBuffer } from "ag-psd";

const size = 8;
const data = new Uint8ClampedArray(4 * size * size).map((_, place) => [200, 100, 50, 128][place % 4]);
const imageData = { width: size, height: size, data };
const layer = { name: "cut-out", top: 0, left: 0, imageData };
const file = writePsdBuffer({ width: size, height: size, imageData, children: [layer] });
writeFileSync("picture.psd", file);
const Psd = webtoon.default ?? webtoon;
const opened = Psd.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
const merged = Array.from((await opened.composite()).slice(0, 4));
const own = Array.from((await opened.layers[0].composite()).slice(0, 4));
console.log(`@webtoon/psd: merged ${merged}, layer ${own}`);
assert.deepEqual(merged, [227, 177, 152, 128]);
assert.deepEqual(own, [200, 100, 50, 128]);
NODE
node write.mjs
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
from PIL import Image
from psd_tools import PSDImage

command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "picture.psd", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
merged = {
    "Pillow": Image.open("picture.psd").getpixel((0, 0)),
    "FFmpeg": tuple(subprocess.run(command, check=True, capture_output=True).stdout[:4]),
    "psd-tools": PSDImage.open("picture.psd").topil().getpixel((0, 0)),
}
layer = PSDImage.open("picture.psd")[0].topil().getpixel((0, 0))
for name, pixel in merged.items():
    print(f"{name}: merged {pixel}")
print("psd-tools: layer", layer)
assert merged["Pillow"] == merged["FFmpeg"] == (227, 177, 152, 128)
assert layer == (200, 100, 50, 128)
assert max(abs(value - right) for value, right in zip(merged["psd-tools"], layer)) <= 2
PYTHON
