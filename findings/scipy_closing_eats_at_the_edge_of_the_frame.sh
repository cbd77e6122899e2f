#!/usr/bin/env bash
# SciPy's binary_closing, which may only ever add to a mask, takes away from one that reaches the frame's edge: outside the frame is
# background for its second step. A person cut off by the bottom of the picture loses as many rows there as the element has radius, 3
# of 40 by a 7 x 7 one, and a mask that fills the frame gets a border. OpenCV's and scikit-image's closing keep every pixel, and so
# does SciPy's own grey_closing of the same mask. No warning; a subject that stands free shows nothing. Seen with SciPy 1.17.1, OpenCV 4.14.0, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scipy==1.17.1 scikit-image==0.26.0 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
import scipy
from scipy import ndimage
from skimage import morphology

print("SciPy", scipy.__version__)
element = np.ones((7, 7), np.uint8)
person, free, full = (np.zeros((60, 80), np.uint8) for _ in range(3))
person[20:, 30:50] = free[20:50, 30:50] = full[:] = 1
closings = {
    "scipy binary_closing": lambda m: ndimage.binary_closing(m, element),
    "scipy grey_closing": lambda m: ndimage.grey_closing(m, footprint=element),
    "OpenCV": lambda m: cv2.morphologyEx(m, cv2.MORPH_CLOSE, element),
    "scikit-image": lambda m: morphology.closing(m, element),
}
lost = {}
for name, mask in (("person cut off below", person), ("standing free", free), ("frame filled", full)):
    for tool, closing in closings.items():
        lost[tool] = int((mask > closing(mask)).sum())
    print(name, f"({int(mask.sum())} pixels), lost:", lost)
    expected = {"person cut off below": 3 * 20, "standing free": 0, "frame filled": 60 * 80 - 54 * 74}[name]
    assert lost.pop("scipy binary_closing") == expected and not any(lost.values())
PYTHON
