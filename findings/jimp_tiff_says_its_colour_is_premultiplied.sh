#!/usr/bin/env bash
# Jimp writes TIFF with straight colour and a header that calls it premultiplied (ExtraSamples 1). Readers that believe the file divide
# by alpha: (200, 100, 50) at alpha 100 is (255, 255, 127) in Pillow and pyvips, and hair glows white. Jimp and FFmpeg, which
# do not look, show nothing wrong; opaque pixels are right everywhere. Jimp's resize in turn averages straight colour with the
# black under alpha 0, so a cut-out of (200, 100, 50) gets a rim of (67, 33, 17) where its alpha is 85. Seen with Jimp 1.6.1, Pillow
# 12.3.0, pyvips 3.2.0 (libvips 8.18.7), FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1); needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 pyvips==3.2.0 pyvips-binary==8.18.7 imageio-ffmpeg==0.8.1
npm install --silent --no-audit --no-fund jimp@1.6.1
cat > write.mjs <<'NODE'
import { writeFileSync } from "node:fs";
import { Jimp } from "jimp";

/** The four levels of one pixel. */
const pixel = (image, x, y) => [...image.bitmap.data.subarray((y * image.bitmap.width + x) * 4).subarray(0, 4)];
const flat = new Jimp({ width: 16, height: 16, color: 0 });
for (let place = 0; place < 256; place++) flat.bitmap.data.set([200, 100, 50, 100], place * 4);
writeFileSync("flat.tif", await flat.getBuffer("image/tiff"));
console.log("Jimp reads", pixel(await Jimp.read("flat.tif"), 5, 5));
const cut = new Jimp({ width: 32, height: 32, color: 0 }).composite(new Jimp({ width: 16, height: 32, color: 0xc86432ff }), 0, 0);
const rim = pixel(cut.resize({ w: 48, h: 48 }), 24, 20);
console.log("rim of a cut-out made half as large again:", rim);
if (rim.join() !== "67,33,17,85") throw new Error("the rim has changed");
NODE
node write.mjs
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import PIL
import pyvips
from PIL import Image

with Image.open("flat.tif") as image:
    pillow, meaning = image.getpixel((5, 5)), image.tag_v2[338]
vips = pyvips.Image.new_from_file("flat.tif").getpoint(5, 5)
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "flat.tif", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
ffmpeg = subprocess.run(command, capture_output=True, check=True).stdout[:4]
print("Pillow", PIL.__version__, pillow, "ExtraSamples", meaning, "pyvips", vips, "FFmpeg", list(ffmpeg))
assert pillow == (255, 255, 127, 100) and meaning == (1,) and list(ffmpeg) == [200, 100, 50, 100]
assert vips[3] == 100 and min(vips[:2]) >= 254
PYTHON
