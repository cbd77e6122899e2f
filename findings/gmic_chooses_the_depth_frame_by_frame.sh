#!/usr/bin/env bash
# G'MIC, the filter engine of GIMP and Krita, chooses the depth of a PNG or TIFF by the picture's brightest level, not by the depth that was
# read: a 16-bit matte whose highest level is 255 or less is written as 8 bits with the same numbers. Level 200 of 65535, 0.3 % of
# opacity, so becomes 200 of 255, 78 %; level 256 stays 16 bits and nearly transparent. In a sequence that fades in, or where thin smoke
# passes, single frames flash up, and a copy without any filter does it too. No message. "-output name.tif,uint16" keeps the
# depth; for PNG there is no such word. Seen with gmic (Python) 3.6.3.post1, OpenCV 4.14.0 to write and read the files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gmic==3.6.3.post1 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import cv2
import gmic
import numpy as np

print("gmic", importlib.metadata.version("gmic"))


def copied(level, suffix, form=""):
    """Depth in bits and opacity of a flat 16-bit matte that G'MIC reads and writes."""
    assert cv2.imwrite(f"given.{suffix}", np.full((8, 8), level, np.uint16))
    gmic.run(f"-verbose -1 given.{suffix} -output seen.{suffix}{form}")
    seen = cv2.imread(f"seen.{suffix}", cv2.IMREAD_UNCHANGED)
    assert (seen == level).all(), seen
    return 8 * seen.itemsize, float(seen[0, 0] / np.iinfo(seen.dtype).max)


for suffix in ("png", "tif"):
    for level, bits in ((100, 8), (200, 8), (255, 8), (256, 16), (40_000, 16)):
        depth, opacity = copied(level, suffix)
        print(f"{suffix}: level {level} of 65535, {level / 65535:.2%}, comes back with {depth} bits, {opacity:.2%}")
        assert depth == bits
    assert copied(255, suffix)[1] == 1 and copied(256, suffix)[1] < 0.004
assert copied(200, "tif", ",uint16")[0] == 16
PYTHON
