#!/usr/bin/env bash
# OpenCV's opening and closing with an element of even size (2 x 2, 4 x 4, an ellipse of 10 x 10) move the mask one pixel down
# and to the right at each call: erosion and dilation use the same off-centre anchor, where the second should mirror
# it. A mask cleaned five times, once a frame or once a tool, sits five pixels off; an opening so sets pixels that were 0,
# which an opening never may. Iterations in one call move it as far. SciPy mirrors the element and the mask stays; with odd
# sizes OpenCV's does too. Seen with OpenCV 4.14.0, SciPy 1.17.1.
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
import scipy.ndimage

print("OpenCV", cv2.__version__, "SciPy", scipy.__version__)
mask = np.zeros((60, 60), np.uint8)
mask[20:40, 20:40] = 1


def place(values):
    rows, columns = np.nonzero(values)
    return [int(end) for end in (rows.min(), rows.max(), columns.min(), columns.max())]


for side, moved in ((2, 1), (4, 1), (3, 0), (5, 0)):
    element = np.ones((side, side), np.uint8)
    for name, operation in (("opening", cv2.MORPH_OPEN), ("closing", cv2.MORPH_CLOSE)):
        once, often = cv2.morphologyEx(mask, operation, element), mask
        for _ in range(5):
            often = cv2.morphologyEx(often, operation, element)
        print(f"{name} {side} x {side}: {place(mask)} becomes {place(once)}, after five {place(often)}")
        assert place(once) == [end + moved for end in place(mask)]
        assert place(often) == [end + 5 * moved for end in place(mask)]
    for scipys in (scipy.ndimage.binary_opening, scipy.ndimage.binary_closing):
        assert (scipys(mask, element) == mask).all()
three = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((4, 4), np.uint8), iterations=3)
assert place(three) == [end + 3 for end in place(mask)]
element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (10, 10))
opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, element)
print("opening, ellipse of 10 x 10, sets", int((opened > mask).sum()), "pixels that were 0")
assert (opened > mask).any() and not (scipy.ndimage.binary_opening(mask, element) > mask).any()
PYTHON
