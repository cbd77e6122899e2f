#!/usr/bin/env bash
# Pillow turns white into black when it reads a colour JPEG 2000 of more than 8 bits: it rounds each sample to 8 bits and keeps the
# low byte of the sum, so that the highest half level, 65408 to 65535 of 16 bits, becomes 256 and then 0. Clipped windows and
# shirts turn black, and with alpha every opaque pixel becomes wholly transparent while its edge stays; 10 and 12 bits
# (cinema packages) wrap likewise. Grey of 16 bits is right. No error; a picture without full white passes. OpenCV and
# imagecodecs read the same files exactly. Seen with Pillow 12.3.0, OpenCV 4.14.0, imagecodecs 2026.3.6, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 imagecodecs==2026.3.6 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess
from pathlib import Path

import cv2
import imagecodecs
import imageio_ffmpeg
import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__, "OpenCV", cv2.__version__, "imagecodecs", imagecodecs.__version__)
ramp = np.tile(np.linspace(0, 65535, 256).round().astype(np.uint16), (64, 1))


def shown(name):
    """Pillow's 8-bit levels of the last channel along the ramp."""
    with Image.open(name) as image:
        levels = np.asarray(image)
    return levels[5].reshape(256, -1)[:, -1].astype(int)


for bits, channels in ((16, 3), (16, 4), (12, 3), (10, 3)):
    picture = np.dstack([ramp >> (16 - bits)] * channels)
    data = imagecodecs.jpeg2k_encode(picture, level=0, reversible=True, bitspersample=bits)
    Path("own.jp2").write_bytes(data)
    assert (imagecodecs.jpeg2k_decode(data) == picture).all()
    levels = shown("own.jp2")
    print(f"{bits} bits, {channels} channels: the last three levels are {levels[-3:].tolist()}")
    assert levels[-1] == 0 and levels[-2] == 255 and (np.diff(levels[:-1]) >= 0).all()
Path("grey.jp2").write_bytes(imagecodecs.jpeg2k_encode(ramp, level=0, reversible=True))
assert (shown("grey.jp2") == ramp[5]).all()
cv2.imwrite("opencv.jp2", np.dstack([ramp] * 4), [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000])
assert cv2.imread("opencv.jp2", cv2.IMREAD_UNCHANGED)[5, -1].tolist() == [65535] * 4
assert shown("opencv.jp2")[-1] == 0
opaque = np.full((64, 64, 4), (200, 100, 50, 255), np.uint8)
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-i", "-"]
subprocess.run([*command, "-frames:v", "1", "-pix_fmt", "rgba64le", "ffmpeg.jp2"], input=opaque.tobytes(), check=True)
with Image.open("ffmpeg.jp2") as image:
    print("opaque (200, 100, 50), written by FFmpeg:", image.getpixel((30, 30)))
    assert image.getpixel((30, 30)) == (200, 100, 50, 0)
PYTHON
