#!/usr/bin/env bash
# The first picture of a sequence decides what FFmpeg keeps of all others, silently and with exit status 0. A black leading frame
# that a program saved as grey PNG (optimizers do) makes the whole clip grey, in FFV1, H.264 and PNG alike; a first picture
# without alpha drops the alpha of those after it; a first one of 8 bits cuts 16-bit ones to 8; others are scaled to its size.
# The documentation of the image2 demuxer says that the pictures' size, pixel format and type must be the same for all, and
# checks none of it. Naming the pixel format (`-pix_fmt rgba64be`) keeps colour, alpha and bits.
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


def second(name, *options, layout="rgba"):
    """Return what comes out of a sequence's second picture, after a lossless round trip."""
    made = [FFMPEG, "-v", "warning", "-y", "-i", f"{name}%d.png", *options, "-c:v", "ffv1", f"{name}.mkv"]
    done = subprocess.run(made, capture_output=True, text=True)
    print(f"{name}: exit status {done.returncode}, it says {done.stderr!r}")
    assert (done.returncode, done.stderr) == (0, "")
    read = [FFMPEG, "-v", "error", "-i", f"{name}.mkv", "-f", "rawvideo", "-pix_fmt", layout, "-"]
    raw = subprocess.run(read, capture_output=True, check=True).stdout
    size = np.uint16 if layout == "rgba64le" else np.uint8
    return np.frombuffer(raw, size).reshape(2, 32, 32, 4)[1, 0, 0].tolist()


Image.new("L", (32, 32), 0).save("grey0.png")
Image.new("RGB", (32, 32), (255, 0, 0)).save("grey1.png")
seen = second("grey")
print("red after a grey picture:", seen)
assert seen == [76, 76, 76, 255], seen

Image.new("RGB", (32, 32), (9, 9, 9)).save("opaque0.png")
Image.new("RGBA", (32, 32), (255, 0, 0, 0)).save("opaque1.png")
seen = second("opaque")
print("transparent red after an opaque picture:", seen)
assert seen == [255, 0, 0, 255], seen

Image.new("RGB", (32, 32), (9, 9, 9)).save("bits0.png")
cv2.imwrite("bits1.png", np.full((32, 32, 3), 12345, np.uint16))
seen = second("bits", layout="rgba64le")[0]
print("level 12345 of 65535 after a picture of 8 bits:", seen)
assert abs(seen - 12345) > 16, seen

Image.new("RGB", (32, 32), (9, 9, 9)).save("size0.png")
Image.new("RGB", (64, 20), (1, 2, 3)).save("size1.png")
print("64x20 after 32x32 is scaled to that:", second("size"))

seen = second("grey", "-pix_fmt", "bgra")
print("red with the pixel format named:", seen)
assert seen == [255, 0, 0, 255], seen
PYTHON
