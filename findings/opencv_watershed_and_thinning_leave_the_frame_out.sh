#!/usr/bin/env bash
# Two of OpenCV's operations on masks leave out the outermost ring of pixels. watershed writes -1, "boundary", into the first and last row
# and column whatever is there: a subject that is cut off by the frame loses a pixel all along it, a mask of "== 1" has a gap at the
# bottom of each portrait, and the parts do not add up to the frame. ximgproc.thinning does not touch that ring: of a bar 10 pixels wide
# that runs from top to bottom the first and last row stay 10 wide, where one is left between them, and of a mask along the left edge the
# whole first column stays beside its skeleton. No message; inside the frame both are right. Pad the picture by a pixel before. Seen with
# opencv-contrib-python-headless 4.14.0.94 and 5.0.0.93.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
for version in 4.14.0.94 5.0.0.93; do
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-contrib-python-headless==$version numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np

print("OpenCV", cv2.__version__)


def split(size):
    """A black and a white half, watershed from one marker in each; the share of each label in the two halves, and the ring's labels."""
    picture = np.zeros((size, size, 3), np.uint8)
    picture[:, size // 2 :] = 255
    markers = np.zeros((size, size), np.int32)
    markers[size // 2, size // 4], markers[size // 2, 3 * size // 4] = 1, 2
    cv2.watershed(picture, markers)
    ring = np.concatenate([markers[0], markers[-1], markers[:, 0], markers[:, -1]])
    return markers, np.unique(ring).tolist()


markers, ring = split(40)
inside = markers[1:-1, 1:-1]
print("watershed: labels of the outermost ring:", ring, "pixels inside that are -1:", int((inside == -1).sum()))
assert ring == [-1] and 30 <= (inside == -1).sum() <= 80
bar = np.zeros((40, 40), np.uint8)
bar[:, 10:20] = 255
thin = (cv2.ximgproc.thinning(bar) > 0).sum(axis=1)
print(f"thinning: a bar of 10 is {thin[0]} wide in the first row, {thin[20]} in the middle, {thin[-1]} in the last row")
assert thin[0] == thin[-1] == 10 and thin[20] == 1
padded = (cv2.ximgproc.thinning(cv2.copyMakeBorder(bar, 1, 1, 0, 0, cv2.BORDER_REPLICATE)) > 0).sum(axis=1)[1:-1]
print(f"padded by a row: {padded[0]} in the first row")
assert padded[0] <= 3
edge = np.zeros((40, 40), np.uint8)
edge[5:35, :8] = 255
column = int((cv2.ximgproc.thinning(edge)[:, 0] > 0).sum())
print(f"a mask of 30 rows along the left edge: {column} pixels of the first column stay")
assert column == 30
PYTHON
done
