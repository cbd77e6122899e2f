#!/usr/bin/env bash
# OpenCV's warpAffine, warpPerspective and remap move a picture only in steps of 1/32 of a pixel, in float32 too: maps and matrices
# are rounded to five bits of fraction before anything is interpolated. A shift of 0.01 pixel gives the picture back bit for bit, and
# so do a hundred of them after each other, where SciPy's shift has moved it by a whole pixel; 0.02 becomes 0.031, and a hundred of
# those are 3.1 pixels instead of 2. A matte carried along by slow flow or a stabiliser's small corrections stands still, or runs
# ahead. Nothing says so. Accumulate the motion and warp once. Seen with OpenCV 4.14.0, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 scipy==1.17.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
import scipy
from scipy import ndimage

print("OpenCV", cv2.__version__, "SciPy", scipy.__version__)
matte = np.zeros((64, 128), np.float32)
matte[:, :64] = 1
rows, columns = np.mgrid[0:64, 0:128].astype(np.float32)


def affine(picture, shift):
    matrix = np.array([[1, 0, shift], [0, 1, 0]], np.float64)
    return cv2.warpAffine(picture, matrix, (128, 64), borderMode=cv2.BORDER_REPLICATE)


def perspective(picture, shift):
    matrix = np.array([[1, 0, shift], [0, 1, 0], [0, 0, 1]], np.float64)
    return cv2.warpPerspective(picture, matrix, (128, 64), borderMode=cv2.BORDER_REPLICATE)


def mapped(picture, shift):
    return cv2.remap(picture, columns - np.float32(shift), rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def scipys(picture, shift):
    return ndimage.shift(picture, (0, shift), order=1, mode="nearest")


def moved(warp, shift, times):
    """How far the matte's edge has gone to the right, in pixels."""
    picture = matte
    for _ in range(times):
        picture = warp(picture, shift)
    return float((picture - matte).sum()) / len(matte)


for warp in (affine, perspective, mapped):
    assert (warp(matte, 0.01) == matte).all()
    found = [round(moved(warp, shift, 100), 3) for shift in (0.01, 0.02)]
    print(f"{warp.__name__}: a hundred times 0.01 pixel is {found[0]}, a hundred times 0.02 is {found[1]}")
    assert found == [0, 3.125], found
found = [moved(scipys, shift, 100) for shift in (0.01, 0.02)]
print("SciPy:", [round(shift, 3) for shift in found])
assert np.allclose(found, [1, 2], atol=0.01)
PYTHON
