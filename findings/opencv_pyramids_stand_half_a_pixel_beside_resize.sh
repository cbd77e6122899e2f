#!/usr/bin/env bash
# A level of OpenCV's pyrDown is no reduced picture in the sense of its resize: it keeps rows and columns 0, 2, 4, so that pixel 0 stays on
# pixel 0, where resize (and scikit-image's pyramid_reduce, a network, FFmpeg) puts the centre of the new pixel between two old ones.
# A mask found on level 1 and scaled up by resize is half a pixel too far right and down, on level 2 one and a half, on level 4 seven and
# a half, and of a mask reduced by resize and a picture reduced by pyrDown neither fits the other. The documentation speaks of
# "rejecting even rows and columns" and says nothing of a shift. pyrUp goes back exactly; so does a warp by the matrix (2, 0, 0),
# (0, 2, 0), whose positions count pixels. No message; sizes are equal. Seen with OpenCV 4.14.0, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 scikit-image==0.26.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
from skimage.transform import pyramid_reduce

print("OpenCV", cv2.__version__)
SIZE = 256
mask = np.zeros((SIZE, SIZE), np.float32)
mask[100:156, 100:156] = 1


def centre(picture):
    """Middle of mass along x, from the frame's left edge (pixel 0 reaches from 0 to 1)."""
    return float((picture.sum(axis=0) * (np.arange(picture.shape[1]) + 0.5)).sum() / picture.sum())


assert centre(mask) == 128
reduced = mask
for level in (1, 2, 3, 4):
    reduced = cv2.pyrDown(reduced)
    back = centre(cv2.resize(reduced, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))
    plain = cv2.resize(mask, reduced.shape[::-1], interpolation=cv2.INTER_AREA)
    plain_back = centre(cv2.resize(plain, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR))
    print(f"level {level}: scaled up again {back:.2f} by pyrDown, {plain_back:.2f} by resize; 128 is right")
    assert abs(back - 128 - (2**level - 1) / 2) < 0.1 and abs(plain_back - 128) < 0.01
scikit = pyramid_reduce(mask)
print("scikit-image:", round(2 * centre(scikit), 2))
assert scikit.shape == (128, 128) and abs(2 * centre(scikit) - 128) < 0.01
up = reduced
for _ in range(4):
    up = cv2.pyrUp(up)
warped = cv2.warpAffine(cv2.pyrDown(mask), np.float32([[2, 0, 0], [0, 2, 0]]), (SIZE, SIZE))
print(f"pyrUp: {centre(up):.2f}, warp: {centre(warped):.2f}")
assert up.shape == mask.shape and abs(centre(up) - 128) < 0.01 and abs(centre(warped) - 128) < 0.01
PYTHON
