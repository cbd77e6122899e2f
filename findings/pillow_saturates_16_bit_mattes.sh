#!/usr/bin/env bash
# A 16-bit grey matte opened with Pillow and converted to "L" or "RGB" is clipped at 255, not scaled: everything above
# 0.4 % alpha becomes white. The picture looks like a hard mask, and a matte of 0 and 65535 alone passes unseen. A 16-bit
# RGBA picture on the other hand is opened as 8 bit with the low byte dropped, without a word.
# Seen with Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io

import cv2
import numpy as np
import PIL
from PIL import Image

print("Pillow", PIL.__version__)
ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
grey = Image.open(io.BytesIO(cv2.imencode(".png", ramp)[1].tobytes()))
assert grey.mode == "I;16"
for mode in ("L", "RGB"):
    levels = np.unique(np.asarray(grey.convert(mode)))
    assert levels.tolist() == [0, 255], levels
    print(f"a ramp of 256 levels in 16 bit, converted to {mode}: levels {levels.tolist()}")
four = np.dstack([np.full_like(ramp, 40000)] * 3 + [ramp])
colour = Image.open(io.BytesIO(cv2.imencode(".png", four)[1].tobytes()))
assert colour.mode == "RGBA" and np.asarray(colour).dtype == np.uint8
assert (np.asarray(colour)[..., 3] == ramp >> 8).all()
print("16-bit RGBA: opened as", colour.mode, "of 8 bit, the low byte dropped")
PYTHON
