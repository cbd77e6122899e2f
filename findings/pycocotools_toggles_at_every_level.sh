#!/usr/bin/env bash
# pycocotools' mask.encode does not test for 0: it starts a new run wherever a pixel differs from the one above it, and runs are
# background and foreground in turn. A mask of 0 and 255 is right; with a third level, as a soft edge or a resized mask has, the
# object comes back hollow: of 0, 128, 255, 128, 0 down a column only the rim of 128 is decoded as object, and area counts it
# so. With a soft edge on one side alone every second column is inverted. No error. Seen with pycocotools 2.0.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pycocotools==2.0.11
env/bin/python - <<'PYTHON'
import numpy as np
from pycocotools import mask as rle

hard = np.zeros((12, 4), np.uint8, order="F")
hard[2:10] = 255
assert (rle.decode(rle.encode(hard)) == (hard > 0)).all()

soft = hard.copy(order="F")
soft[2:4] = soft[8:10] = 128
encoded = rle.encode(soft)
decoded, area = rle.decode(encoded), int(rle.area(encoded))
print("column ", soft[:, 0].tolist())
print("decoded", decoded[:, 0].tolist(), "area", area, "instead of", int((soft > 0).sum()))
assert (decoded == (soft == 128)).all() and area == 16

soft[8:10] = 255
columns = rle.decode(rle.encode(soft)).T.tolist()
print("soft above only", columns[0], columns[1])
assert columns[0] != columns[1] and [1 - value for value in columns[0]] == columns[1]
PYTHON
