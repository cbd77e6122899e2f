#!/usr/bin/env bash
# blend-modes, the layer modes of editors for NumPy pictures, takes levels of 0 to 255 and forgets in subtract to bring the lower picture
# to the scale of the upper one: 200 less 50 is 255, and so is everything else that is not black, over opaque pictures too. Every mode
# but normal keeps the lower layer's alpha: over a cut-out of alpha 128 an opaque layer counts by 2/3, and what is drawn
# where the lower layer is empty is gone, so that a glow or a shadow around a subject ends at its edge; normal is right. And the
# first call switches NumPy's warnings of divisions by 0 and NaN off for the whole process. No message. Seen with blend-modes 2.2.0,
# NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check blend-modes==2.2.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
from importlib.metadata import version

import blend_modes
import numpy as np

print("blend-modes", version("blend_modes"), "NumPy", np.__version__)


def mixed(mode, lower, upper):
    """One pixel of RGBA over another, levels of 0 to 255."""
    pictures = [np.full((4, 4, 4), pixel, float) for pixel in (lower, upper)]
    return [round(float(level)) for level in getattr(blend_modes, mode)(*pictures, 1.0)[1, 1]]


before = np.geterr()
seen = mixed("subtract", (200, 100, 30, 255), (50, 50, 50, 255))
after = np.geterr()
print("(200, 100, 30) less (50, 50, 50), both opaque:", seen)
assert seen == [255, 255, 255, 255]
assert mixed("subtract", (0, 0, 0, 255), (50, 50, 50, 255)) == [0, 0, 0, 255]
assert mixed("addition", (100, 100, 30, 255), (50, 50, 50, 255)) == [150, 150, 80, 255]
assert mixed("difference", (200, 100, 30, 255), (50, 50, 50, 255)) == [150, 50, 20, 255]
print("NumPy's warnings before and after:", before, after)
assert before["divide"] == before["invalid"] == "warn" and after["divide"] == after["invalid"] == "ignore"
glow = (200, 150, 50, 255)
for mode in ("normal", "screen", "addition", "lighten_only", "multiply", "overlay"):
    nothing, half = mixed(mode, (0, 0, 0, 0), glow), mixed(mode, (0, 0, 0, 128), glow)
    print(f"{mode}: over nothing {nothing}, over black at alpha 128 {half}")
    assert (nothing == [*glow]) == (mode == "normal") and nothing[3] == (255 if mode == "normal" else 0)
    assert half[3] == (255 if mode == "normal" else 128)
assert mixed("screen", (0, 0, 0, 128), glow)[0] == round(200 * (128 / 255) / (128 / 255 + (127 / 255) * (128 / 255)))
PYTHON
