#!/usr/bin/env bash
# label-studio-converter's contour2rle, which turns OpenCV contours into the brush strokes of Label Studio, makes its picture with width and
# height exchanged: (width, height) is the shape it gives NumPy. In a square picture the strokes are right, which a test shows; in one of
# 50 x 30 the rows are cut at 30 and strung together, so that of a rectangle of 250 pixels 65 are where they belong, 50 are missing,
# and the rest is stripes. Nothing fails: the number of values fits. It writes alpha 100 of 255, unlike mask2rle beside it, so that a mask
# that is read back and cut at half is empty. mask2rle of a drawn mask is right. Seen with label-studio-converter 0.0.59,
# OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check label-studio-converter==0.0.59 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import cv2
import numpy as np
from label_studio_converter import brush

print("label-studio-converter", version("label-studio-converter"))
for width, height in ((40, 40), (50, 30)):
    mask = np.zeros((height, width), np.uint8)
    mask[5:15, 10:35] = 255
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    result = {"type": "brushlabels", "original_width": width, "original_height": height, "brushlabels": ["subject"]}
    seen = {}
    for name, encoded in (("contour2rle", brush.contour2rle(contours, 0, width, height)), ("mask2rle", brush.mask2rle(mask))):
        # The package's own way back, as its exports take it.
        (seen[name],) = brush.decode_from_annotation("tag", [{**result, "rle": encoded}]).values()
    alpha = seen["contour2rle"]
    drawn, kept = int((alpha > 0).sum()), int(((alpha > 0) & (mask > 0)).sum())
    print(f"{width} x {height}: of {int((mask > 0).sum())} pixels {drawn} drawn, {kept} in their place, levels {np.unique(alpha).tolist()}")
    assert (drawn, kept) == ((250, 250) if width == height else (200, 65))
    assert np.unique(alpha).tolist() == [0, 100]
    assert (seen["mask2rle"] == mask).all()
PYTHON
