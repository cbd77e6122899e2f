#!/usr/bin/env bash
# oxipng, a lossless optimiser of PNG files, sorts the palette and renumbers the pixels to match, by default. The colours stay; but in a
# label map the number is the object (DAVIS, Pascal VOC, YouTube-VOS, and every tool that stores instances in a palette),
# and after it background is object 2 and object 2 background, or classes 3 and 7 are 1 and 0. A grey mask of 0 and 1, as
# training data has, becomes a palette picture of indices 1 and 0: read by numpy.asarray(Image.open(...)) it is inverted.
# A check of "lossless" that compares colours passes. Grey of three levels or more keeps its numbers. Seen with pyoxipng 9.1.1,
# Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyoxipng==9.1.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import io

import numpy as np
import oxipng
from PIL import Image

print("pyoxipng", importlib.metadata.version("pyoxipng"))
# The palette of Pascal VOC and DAVIS: background black, then dark red, dark green, and so on.
PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, 128, 0, 128, 0, 128, 128, 128, 128, 128]


def optimised(numbers, mode):
    """A label map's picture after oxipng, and the same before."""
    label_map = Image.fromarray(numbers).convert(mode) if mode == "L" else Image.fromarray(numbers, mode)
    if mode == "P":
        label_map.putpalette(PALETTE)
    before = io.BytesIO()
    label_map.save(before, "PNG")
    return label_map, Image.open(io.BytesIO(oxipng.optimize_from_memory(before.getvalue())))


def columns(first, second, third):
    """A picture of three columns, 10, 40 and 14 pixels wide."""
    return np.repeat(np.array([first] * 10 + [second] * 40 + [third] * 14, np.uint8)[None], 64, 0)


def places(picture):
    return [int(np.asarray(picture)[0, column]) for column in (0, 40, 60)]


for numbers, expected in ((columns(0, 2, 1), [2, 0, 1]), (columns(0, 1, 2), [2, 1, 0]), (columns(3, 7, 7), [1, 0, 0])):
    before, after = optimised(numbers, "P")
    same_colour = (np.asarray(before.convert("RGB")) == np.asarray(after.convert("RGB"))).all()
    print("objects", places(before), "are", places(after), "afterwards; colours equal:", bool(same_colour))
    assert after.mode == "P" and same_colour and places(after) == expected, places(after)
before, after = optimised(columns(0, 1, 1), "L")
print("grey mask", places(before), "is", places(after), "in mode", after.mode)
assert after.mode == "P" and places(after) == [1, 0, 0] and places(after.convert("L")) == [0, 1, 1]
before, after = optimised(columns(0, 2, 1), "L")
assert after.mode == "L" and places(after) == [0, 2, 1]
PYTHON
