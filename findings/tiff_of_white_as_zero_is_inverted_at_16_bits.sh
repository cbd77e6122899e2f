#!/usr/bin/env bash
# A grey TIFF in which 0 means white (PhotometricInterpretation 0, usual in scans, print and old mattes) is turned over by Pillow
# and OpenCV at 8 bits and left as it is at 16: the same matte saved deeper comes back as its own negative, the subject cut away.
# FFmpeg and libvips turn both, tifffile neither, so that of five readers four agree at 8 bits and two at 16. No message; the
# levels are all plausible. Seen with Pillow 12.3.0, OpenCV 4.14.0, pyvips 3.2.0 (libvips 8.18.7), tifffile 2025.5.10, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 pyvips==3.2.0 pyvips-binary==8.18.7 tifffile==2025.5.10 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import PIL
import pyvips
import tifffile
from PIL import Image

print("Pillow", PIL.__version__, "OpenCV", cv2.__version__, "tifffile", tifffile.__version__)


def shown(name, bits):
    """Where each reader sees white: the mean of the right half is above that of the left."""
    layout, kind = ("gray", "u1") if bits == 8 else ("gray16le", "<u2")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", layout, "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    with Image.open(name) as image:
        pillow = np.asarray(image)
    pictures = {
        "Pillow": pillow,
        "OpenCV": cv2.imread(name, cv2.IMREAD_UNCHANGED),
        "FFmpeg": np.frombuffer(data, kind).reshape(64, 64),
        "libvips": pyvips.Image.new_from_file(name).numpy().reshape(64, 64),
        "tifffile": tifffile.imread(name),
    }
    return {reader: bool(picture[:, 32:].mean() > picture[:, :32].mean()) for reader, picture in pictures.items()}


for bits, depth in ((8, np.uint8), (16, np.uint16)):
    stored = np.zeros((64, 64), depth)
    stored[:, :32] = np.iinfo(depth).max  # black on the left, white on the right
    tifffile.imwrite(f"matte{bits}.tif", stored, photometric="miniswhite")
    found = shown(f"matte{bits}.tif", bits)
    print(f"{bits} bits, white on the right:", found)
    turned = bits == 8
    assert found == {"Pillow": turned, "OpenCV": turned, "FFmpeg": True, "libvips": True, "tifffile": False}, found
PYTHON
