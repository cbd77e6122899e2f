#!/usr/bin/env bash
# SciPy's distance_transform_edt of a mask that fills the frame measures to a pixel that is not there, at row -1, column 0: a
# feather or a trimap made from it is soft in one corner of a subject that has no edge. distance_transform_cdt says -1
# everywhere and OpenCV 3.4e38 (1.8e19 with the precise mask), which is infinite as float16. No warning and no NaN; a close-up
# gives such a mask every day. With one pixel of background around all agree. Seen with SciPy 1.17.1, OpenCV 4.14.0.
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
from scipy.ndimage import distance_transform_cdt, distance_transform_edt

print("SciPy", scipy.__version__, "OpenCV", cv2.__version__)
full = np.ones((48, 64), np.uint8)
exact = distance_transform_edt(full)
rows, columns = np.mgrid[:48, :64]
assert np.allclose(exact, np.hypot(rows + 1, columns))
feather = np.clip(exact / 10, 0, 1)
print("distance_transform_edt, first row:", exact[0, :3].round(2).tolist(), "last pixel", round(float(exact[-1, -1]), 2))
print("a feather of 10 pixels, first and last pixel:", float(feather[0, 0]), float(feather[-1, -1]))
assert feather[0, 0] == 0.1 and feather[-1, -1] == 1
print("distance_transform_cdt:", np.unique(distance_transform_cdt(full)).tolist())
assert (distance_transform_cdt(full) == -1).all()
for mask_size, least in ((cv2.DIST_MASK_3, 3e38), (cv2.DIST_MASK_5, 3e38), (cv2.DIST_MASK_PRECISE, 1e19)):
    found = cv2.distanceTransform(full, cv2.DIST_L2, mask_size)
    print("OpenCV, mask", mask_size, "gives at least", float(found.min()), "everywhere")
    assert found.min() > least
padded = np.pad(full, 1)
assert np.allclose(distance_transform_edt(padded), cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), atol=1e-3)
PYTHON
