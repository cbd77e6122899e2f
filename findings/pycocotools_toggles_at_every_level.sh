#!/usr/bin/env bash
# pycocotools' mask.encode does not test for 0: it starts a new run wherever a pixel differs from the one above it, and runs are
# background and foreground in turn. A mask of 0 and 255 is right; one with a third level, as a soft edge or a resized mask has,
# comes back with the object inside out: of 0, 128, 255 down a column the 255 is decoded as background, and area counts
# it so. No error, though the array must be uint8. Seen with pycocotools 2.0.11; compare with a threshold before encoding.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.2.6 pycocotools==2.0.11
env/bin/python - <<'PYTHON'
import numpy as np
import pycocotools
from pycocotools import mask as rle

hard = np.zeros((12, 4), np.uint8, order="F")
hard[4:] = 255
assert (rle.decode(rle.encode(hard)) == (hard > 0)).all()

soft = hard.copy(order="F")
soft[4:6] = 128
encoded = rle.encode(soft)
decoded = rle.decode(encoded)
print("column", soft[:, 0].tolist())
print("decoded", decoded[:, 0].tolist(), "area", int(rle.area(encoded)), "instead of", int((soft > 0).sum()))
assert (decoded[4:6] == 1).all() and (decoded[6:] == 0).all()
assert int(rle.area(encoded)) == 8
PYTHON
