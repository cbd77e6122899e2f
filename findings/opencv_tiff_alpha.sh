#!/usr/bin/env bash
# OpenCV multiplies the colour by alpha when it reads an 8-bit TIFF with straight alpha: (200, 100, 50) at alpha 128 is read as
# (100, 50, 25), though the file says straight (ExtraSamples 2) and Pillow, tifffile and FFmpeg read it right. Its own
# writer leaves the tag out, so that the file does not say what its fourth sample is. The other way round FFmpeg reads
# a TIFF with premultiplied alpha (ExtraSamples 1) as if it were straight, where Pillow divides.
# OpenCV 4.14.0, Pillow 12.3.0, FFmpeg 9.0.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 pillow==12.3.0 tifffile==2025.5.10 numpy==2.2.6 imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


import cv2
import tifffile
from PIL import Image

print("OpenCV", cv2.__version__)
straight = np.zeros((16, 16, 4), np.uint8)
straight[:] = (200, 100, 50, 128)
Image.fromarray(straight).save("straight.tif")
assert [int(item) for item in tifffile.TiffFile("straight.tif").pages[0].extrasamples] == [2]
assert (tifffile.imread("straight.tif") == straight).all()
read = cv2.imread("straight.tif", cv2.IMREAD_UNCHANGED)[0, 0, [2, 1, 0, 3]]
assert tuple(read) == (100, 50, 25, 128), read
print("straight TIFF read by OpenCV:", tuple(map(int, read)))
cv2.imwrite("own.tif", straight[..., [2, 1, 0, 3]])
page = tifffile.TiffFile("own.tif").pages[0]
assert page.samplesperpixel == 4 and not page.extrasamples
print("TIFF written by OpenCV: 4 samples, ExtraSamples missing")
premultiplied = np.zeros((16, 16, 4), np.uint8)
premultiplied[:] = (100, 50, 25, 128)
tifffile.imwrite("premultiplied.tif", premultiplied, photometric="rgb", extrasamples=["assocalpha"])
raw, log = ffmpeg("-i", "premultiplied.tif", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
read = np.frombuffer(raw, np.uint8).reshape(16, 16, 4)[0, 0]
assert tuple(read) == (100, 50, 25, 128) and log == "", (read, log)
divided = np.asarray(Image.open("premultiplied.tif").convert("RGBA"))[0, 0]
assert abs(divided[:3].astype(int) - (200, 100, 50)).max() <= 2, divided
print("premultiplied TIFF read by FFmpeg:", tuple(map(int, read)), "by Pillow:", tuple(map(int, divided)))
PYTHON
