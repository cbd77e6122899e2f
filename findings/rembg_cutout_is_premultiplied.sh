#!/usr/bin/env bash
# rembg's default cut-out is multiplied by its own mask and stored in a format for straight alpha: (200, 100, 50) under a mask
# of 128 comes out as (100, 50, 25, 128). Every program that reads the PNG as straight multiplies again, and hair and motion blur
# get a dark rim. The function behind its option putalpha gives the straight colour. Seen with rembg 2.0.86; no network
# is run here, the mask is made.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check rembg==2.0.86 onnxruntime==1.23.2 pillow==12.3.0
env/bin/python - <<'PYTHON'
import importlib.metadata
import os

os.environ["NUMBA_DISABLE_JIT"] = "1"  # its import compiles for a minute otherwise

from PIL import Image
from rembg.bg import naive_cutout, putalpha_cutout

print("rembg", importlib.metadata.version("rembg"))
picture = Image.new("RGB", (8, 8), (200, 100, 50))
mask = Image.new("L", (8, 8), 128)
default, straight = naive_cutout(picture, mask), putalpha_cutout(picture, mask)
assert default.getpixel((4, 4)) == (100, 50, 25, 128), default.getpixel((4, 4))
assert straight.getpixel((4, 4)) == (200, 100, 50, 128), straight.getpixel((4, 4))
print("default cut-out:", default.getpixel((4, 4)), "with putalpha:", straight.getpixel((4, 4)))
PYTHON
