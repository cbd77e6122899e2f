#!/usr/bin/env bash
# "Lossless" WebP is lossless only where a pixel can be seen: the colour of pixels with alpha 0 is replaced, unless the
# encoder is told "exact". The lossy mode, in turn, keeps it. A straight foreground saved so has black under alpha 0, which shows
# as a dark line when an editor scales or blurs it. Pillow 12.3.0 (has exact=True), OpenCV 4.14.0 and FFmpeg
# 9.0.2's libwebp encoder (both have no such option) all do it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 numpy==2.2.6 imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


import io

import cv2
from PIL import Image

picture = np.zeros((64, 64, 4), np.uint8)
picture[..., :3] = (200, 100, 50)
picture[:, 32:, 3] = 255


def with_pillow(**options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", **options)
    return np.asarray(Image.open(file).convert("RGBA"))


def check(name, decoded, is_kept):
    colour, seen = decoded[5, 5, :3].astype(int), decoded[5, 50, :3].astype(int)
    assert abs(seen - (200, 100, 50)).max() <= 3, (name, seen)
    assert (abs(colour - (200, 100, 50)).max() <= 3) == is_kept, (name, colour)
    print(f"{name}: colour under alpha 0 is {tuple(colour.tolist())}")


check("Pillow, lossless", with_pillow(lossless=True), False)
check("Pillow, lossless and exact", with_pillow(lossless=True, exact=True), True)
check("Pillow, lossy at quality 90", with_pillow(quality=90), True)
cv2.imwrite("opencv.webp", picture[..., [2, 1, 0, 3]], [cv2.IMWRITE_WEBP_QUALITY, 101])
check("OpenCV, lossless", np.asarray(Image.open("opencv.webp").convert("RGBA")), False)
ffmpeg(
    "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "-",
    "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra", "ffmpeg.webp", data=picture.tobytes(),
)
check("FFmpeg, lossless", np.asarray(Image.open("ffmpeg.webp").convert("RGBA")), False)
PYTHON
