#!/usr/bin/env bash
# mahotas adds and subtracts 1 when it dilates and erodes a grey picture: the numbers of its structuring element (by default a cross of
# ones) are heights on top of those of the picture. An eroded mask of 0 and 255 is nowhere 255 any more but 254, eroded twice 253;
# closed it is 254 as well, so that "mask == 255" finds nothing. A flat matte of 100 is 101 after dilate and 99 after erode, and
# a mask of 0 and 1 has level 2 after dilate and is empty after erode. A bool mask is treated as one expects. OpenCV and
# scikit-image take a structuring element of ones for flat. Seen with mahotas 1.4.19.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mahotas==1.4.19 numpy==2.2.6 opencv-python-headless==4.14.0.94
env/bin/python - <<'PYTHON'
import cv2
import mahotas
import numpy as np

print("mahotas", mahotas.__version__)
cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
mask = np.zeros((24, 24), np.uint8)
mask[6:18, 6:18] = 255
matte = np.full((24, 24), 100, np.uint8)


def levels(picture):
    return np.unique(picture).tolist()


once, twice = mahotas.erode(mask), mahotas.erode(mahotas.erode(mask))
print("eroded", levels(once), "twice", levels(twice), "OpenCV", levels(cv2.erode(mask, cross)))
assert levels(once) == [0, 254] and levels(twice) == [0, 253] and levels(cv2.erode(mask, cross)) == [0, 255]
assert ((once > 0) == (cv2.erode(mask, cross) > 0)).all()
print("closed", levels(mahotas.close(mask)), "equal to 255:", int((mahotas.close(mask) == 255).sum()), "of", int((mask == 255).sum()))
assert levels(mahotas.close(mask)) == [0, 254]
print("flat matte of 100: dilated", levels(mahotas.dilate(matte)), "eroded", levels(mahotas.erode(matte)))
assert levels(mahotas.dilate(matte)) == [101] and levels(mahotas.erode(matte)) == [99]
ones = (mask > 0).astype(np.uint8)
print("mask of 0 and 1: dilated", levels(mahotas.dilate(ones)), "eroded", levels(mahotas.erode(ones)))
assert levels(mahotas.dilate(ones)) == [0, 2] and levels(mahotas.erode(ones)) == [0]
assert (mahotas.erode(mask > 0) == (cv2.erode(mask, cross) > 0)).all()
print("a bool mask is right")
PYTHON
