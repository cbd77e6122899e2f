#!/usr/bin/env bash
# A mask that goes through OpenCV's findContours into a COCO polygon loses its last row and its last column: OpenCV gives the
# centres of the border pixels, pycocotools reads the numbers as the outline itself. A square of 4 x 4 has 9 pixels afterwards,
# a hair one pixel wide has none and is no error. OpenCV's own fillPoly gives back every pixel from the same numbers. RLE keeps
# the mask. Seen with OpenCV 4.14.0, pycocotools 2.0.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 pycocotools==2.0.11 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
from pycocotools import mask as coco

print("OpenCV", cv2.__version__)


def there_and_back(mask):
    """The mask drawn again from its one outer contour, by OpenCV and by pycocotools, and through RLE."""
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    drawn = cv2.fillPoly(np.zeros_like(mask), [contour], 1)
    polygon = contour.reshape(-1).astype(float).tolist()
    runs = coco.encode(np.asfortranarray(mask))
    return drawn, coco.decode(coco.frPyObjects([polygon], *mask.shape))[..., 0], coco.decode(runs)


square, hair, disc = (np.zeros((40, 40), np.uint8) for _ in range(3))
square[5:9, 5:9] = 1
hair[12, 2:15] = 1
cv2.circle(disc, (20, 20), 12, 1, -1)
for name, mask, pixels in (("square of 4 x 4", square, 9), ("hair of 13 pixels", hair, 0), ("disc", disc, 408)):
    drawn, polygon, runs = there_and_back(mask)
    assert (drawn == mask).all() and (runs == mask).all()
    print(name, "has", int(mask.sum()), "pixels, as a COCO polygon", int(polygon.sum()))
    assert polygon.sum() == pixels, polygon.sum()
rows, columns = np.nonzero(there_and_back(square)[1])
assert (rows.min(), rows.max(), columns.min(), columns.max()) == (5, 7, 5, 7)
PYTHON
