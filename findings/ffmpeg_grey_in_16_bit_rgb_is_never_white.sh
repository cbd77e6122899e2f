#!/usr/bin/env bash
# FFmpeg makes 8-bit grey of 255 into 65280 in 16-bit RGB: white is 0.9961, where its own 16-bit grey has 65535 and an alpha plane
# too. An 8-bit matte that is converted to a 16-bit RGB PNG or TIFF, or merged into 16-bit RGB, is nowhere quite opaque, and
# subject and background do not add up to 1. RGB of 8 bits ends at 65283. `-pix_fmt gray16le`, or shifting by oneself
# (255 * 257 = 65535), is exact.
# FFmpeg 9.0.2, Pillow 12.3.0, OpenCV 4.14.0.94.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 imageio-ffmpeg==0.8.1 numpy==2.2.6 opencv-python-headless==4.14.0.94
env/bin/python - <<'PYTHON'
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.partition(" Copyright")[0])


def white(source, layout):
    read = [FFMPEG, "-v", "error", "-i", source, "-f", "rawvideo", "-pix_fmt", layout, "-"]
    return int(np.frombuffer(subprocess.run(read, capture_output=True, check=True).stdout, "<u2")[0])


Image.new("L", (32, 32), 255).save("grey.png")
Image.new("RGB", (32, 32), (255, 255, 255)).save("rgb.png")
for source, layout, wanted in (
    ("grey.png", "gray16le", 65535),
    ("grey.png", "rgb48le", 65280),
    ("grey.png", "gbrp16le", 65280),
    ("rgb.png", "gbrp16le", 65283),
):
    got = white(source, layout)
    print(f"white of {source} as {layout}: {got}")
    assert got == wanted, got

for suffix in ("png", "tiff"):
    layout = "rgb48be" if suffix == "png" else "rgb48le"
    made = [FFMPEG, "-v", "error", "-y", "-i", "grey.png", "-pix_fmt", layout, f"deep.{suffix}"]
    subprocess.run(made, check=True)
    got = cv2.imread(f"deep.{suffix}", cv2.IMREAD_UNCHANGED)[0, 0].tolist()
    print(f"OpenCV reads the {suffix} that FFmpeg wrote as", got)
    assert got == [65280] * 3, got
PYTHON
