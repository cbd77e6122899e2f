#!/usr/bin/env bash
# SciPy's ndimage computes in float and stores in the type that came in, and for a mask of bool that means cutting: all that is below 1 is
# False, 0.999999 as well as 0.5. A smoothed mask (gaussian_filter) keeps 16 pixels of a square of 400, where the half of the values that
# is above 0.5 would be 388; zoom by 2 with its default splines gives half of the object, with every other row missing, and even a
# rotation by 0 drops pixels, since a spline meets 1 to within rounding only. The same mask as 0 and 255 in 8 bits comes out
# right, and nearest (order 0) too. No message; the documentation says that the result has the type of the input. scikit-image's
# rescale keeps bool masks whole. Convert to float first and compare with 0.5. Seen with SciPy 1.17.1, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scipy==1.17.1 scikit-image==0.26.0 numpy==2.2.6
env/bin/python -W error - <<'PYTHON'
import numpy as np
import scipy
from scipy import ndimage
from skimage.transform import rescale

print("SciPy", scipy.__version__)
mask = np.zeros((40, 40), bool)
mask[10:30, 10:30] = True
steps = {
    "gaussian_filter, sigma 2": lambda picture: ndimage.gaussian_filter(picture, 2),
    "uniform_filter, 5 x 5": lambda picture: ndimage.uniform_filter(picture, 5),
    "zoom by 2": lambda picture: ndimage.zoom(picture, 2),
    "zoom by 2, linear": lambda picture: ndimage.zoom(picture, 2, order=1),
    "rotate by 30 degrees": lambda picture: ndimage.rotate(picture, 30, reshape=False),
    "rotate by 0 degrees": lambda picture: ndimage.rotate(picture, 0),
    "shift by half a pixel": lambda picture: ndimage.shift(picture, 0.5),
    "zoom by 2, nearest": lambda picture: ndimage.zoom(picture, 2, order=0),
}
for name, step in steps.items():
    stored, computed = step(mask), step(mask.astype(float))
    seen, right, as_bytes = int(stored.sum()), int((computed > 0.5).sum()), int((step(mask * np.uint8(255)) > 127).sum())
    print(f"{name}: {seen} pixels of bool, {right} by way of float, {as_bytes} as uint8")
    assert stored.dtype == bool and abs(as_bytes - right) <= 0.05 * right
    # Linear and nearest meet 1 exactly; the splines' loss depends on rounding.
    assert (seen == right) == name.endswith("nearest") and seen <= right
    assert seen < 0.7 * right or "0 degrees" in name or name.endswith(("linear", "nearest"))
larger = rescale(mask, 2)
print("scikit-image's rescale:", larger.dtype, int(larger.sum()))
assert larger.dtype == bool and abs(int(larger.sum()) - 1600) <= 40
PYTHON
