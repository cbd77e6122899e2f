#!/usr/bin/env bash
# scikit-image's remove_small_holes takes for a hole whatever background is small, closed in or not: where an arm reaches the frame's
# edge, the corner below it is cut off from the rest of the background, and is filled. A person 60 rows high with an outstretched arm, in
# a frame of 100 x 100, grows from 2000 to 4000 pixels at a size that fills no real hole; background seen through at the frame's
# corner, or all of it where the subject is near, goes the same way. The documentation says "holes within connected components".
# SciPy's binary_fill_holes leaves all that touches the frame, at any size. No message; a subject that stands free of the frame shows
# nothing unless the background itself is small. Join the mask with SciPy's, limited to size, or pad it by one pixel of background first.
# Seen with scikit-image 0.26.0, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scikit-image==0.26.0 scipy==1.17.1 numpy==2.2.6
env/bin/python -W error - <<'PYTHON'
import numpy as np
import skimage
from scipy import ndimage
from skimage.morphology import remove_small_holes

print("scikit-image", skimage.__version__)
assert "holes within connected components" in " ".join(remove_small_holes.__doc__.split())
SIZE = 2500
body = np.zeros((100, 100), bool)
body[20:, 40:60] = True
arm = body.copy()
arm[40:50, 60:] = True
pierced = body.copy()
pierced[60:65, 45:50] = False
for name, mask, wanted in (("body alone", body, 1600), ("with a hole of 25", pierced, 1600), ("with an arm to the frame", arm, 2000)):
    seen, by_scipy = remove_small_holes(mask, max_size=SIZE), ndimage.binary_fill_holes(mask)
    padded = remove_small_holes(np.pad(mask, 1), max_size=SIZE)[1:-1, 1:-1]
    print(f"{name}: {int(mask.sum())} pixels become {int(seen.sum())}, SciPy {int(by_scipy.sum())}, padded first {int(padded.sum())}")
    assert by_scipy.sum() == padded.sum() == wanted
    assert seen.sum() == (4000 if name == "with an arm to the frame" else wanted)
near = np.zeros((20, 20), bool)
near[1:19, 1:19] = True
assert remove_small_holes(near, max_size=76).all() and (ndimage.binary_fill_holes(near) == near).all()
print("a subject that leaves a rim of one pixel, 76 of them: the whole frame is filled")
PYTHON
