#!/usr/bin/env bash
# scikit-image reads the levels of a mask from its number type, and some types make the mask vanish. numpy.where(found, 255, 0) is int64:
# gaussian, resize and rotate divide it by 9e18, so that the feathered mask is at most 2.8e-17 and a threshold of 0.5 finds nothing. A
# uint8 mask of 0 and 1 becomes 0.004; the same numbers as float stay 255. label, in turn, cuts floats to whole numbers: a matte of 0 to
# 1 has an object only where it is exactly 1, one that ends at 0.99 has none, where SciPy's label finds the object. None of it is
# said. Seen with scikit-image 0.26.0, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check scikit-image==0.26.0 scipy==1.17.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import skimage
from scipy import ndimage
from skimage import filters, measure, transform

print("scikit-image", skimage.__version__)
found = np.zeros((60, 80), bool)
found[20:40, 30:60] = True
masks = {
    "bool": (found, 1),
    "int64, numpy.where(found, 255, 0)": (np.where(found, 255, 0), 0),
    "uint8 of 0 and 255": (found * np.uint8(255), 1),
    "uint8 of 0 and 1": (found.astype(np.uint8), 1 / 255),
    "float of 0 and 255": (found * 255.0, 255),
}
for name, (mask, expected) in masks.items():
    highest = [float(np.max(x)) for x in (filters.gaussian(mask, 2), transform.resize(mask, (30, 40)), transform.rotate(mask, 5))]
    print(f"{name} ({mask.dtype}): highest after gaussian, resize, rotate {highest}")
    assert np.allclose(highest, expected, atol=1e-6)
ramp = np.clip(np.linspace(-0.2, 1.2, 80), 0, 1)[None].repeat(60, 0)
for name, matte in (("0 to 1", ramp), ("0 to 0.99", np.minimum(ramp, 0.99))):
    pixels = int((measure.label(matte) > 0).sum()), int((ndimage.label(matte)[0] > 0).sum()), int((matte > 0.5).sum())
    print(f"matte of {name}: in an object {pixels[0]} pixels (SciPy {pixels[1]}), more than half opaque {pixels[2]}")
    assert pixels[0] == (matte == 1).sum() < pixels[2] < pixels[1]
PYTHON
