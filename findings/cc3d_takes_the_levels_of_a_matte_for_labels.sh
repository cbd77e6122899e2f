#!/usr/bin/env bash
# cc3d's tools that clean a mask take each grey level of a soft matte for a label of its own: a disc with a soft rim is not one
# component but thousands. dust, which removes specks, removes the whole rim and leaves a hard mask; largest_k with k=1 keeps the
# opaque core alone. SciPy and OpenCV, which it replaces for its speed, take everything that is not 0 for the object and
# find one; scikit-image's label and remove_small_objects count as cc3d does. No error, and a mask of 0 and 255 shows nothing.
# binary_image=True counts rightly. Seen with connected-components-3d 4.1.1, SciPy 1.17.1, scikit-image 0.26.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check connected-components-3d==4.1.1 scikit-image==0.26.0 scipy==1.17.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cc3d
import numpy as np
from scipy import ndimage
from skimage import measure

rows, columns = np.mgrid[0:200, 0:200]
matte = np.clip((70 - np.hypot(columns - 100, rows - 100)) * 12 + 128, 0, 255).astype(np.uint8)
matte[5, 5] = 255
rim = (matte > 0) & (matte < 255)
counts = {
    "SciPy": ndimage.label(matte, np.ones((3, 3)))[1],
    "cc3d": int(cc3d.connected_components(matte, connectivity=8).max()),
    "scikit-image": int(measure.label(matte).max()),
    "cc3d, binary_image=True": int(cc3d.connected_components(matte, connectivity=8, binary_image=True).max()),
}
print("a soft disc and a speck are so many components:", counts)
assert counts["SciPy"] == counts["cc3d, binary_image=True"] == 2
assert counts["cc3d"] == counts["scikit-image"] > 1000
cleaned = cc3d.dust(matte, threshold=50, connectivity=8, in_place=False)
print(f"dust below 50 pixels leaves {np.count_nonzero(cleaned[rim])} of {np.count_nonzero(rim)} soft pixels")
assert cleaned[5, 5] == 0 and not cleaned[rim].any() and (cleaned[~rim & (matte > 0)] == 255).sum() > 10_000
largest = cc3d.largest_k(matte, k=1, connectivity=8) > 0
assert (largest == (matte == 255) & (rows > 10)).all()
right = cc3d.dust(matte, threshold=50, connectivity=8, in_place=False, binary_image=True)
print("with binary_image=True", np.count_nonzero(right[rim]))
assert (right[rim] == matte[rim]).all() and right[5, 5] == 0
PYTHON
