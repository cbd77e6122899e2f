#!/usr/bin/env bash
# blendmodes, the layer blending of layeredimage, gimpformats and other Python readers of layered files, gives an empty picture when the
# layer that it adds lies outside to the left or above: a cut-out that walks out of the frame to the left takes the background along, all of it
# transparent, at the first offset of its whole width, and is right one pixel earlier. To the right and below the background
# stays, which is what a test tries. BlendType.ADDITIVE and BlendType.GLOW exist, have functions, and are missing from the table that is
# looked in: they are drawn as NORMAL, so that light and fire, stored as layers to be added, darken what is below them, (100, 50, 25)
# instead of (220, 120, 70). No message in either case. Seen with blendmodes 2025, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check blendmodes==2025 pillow==12.3.0 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from blendmodes.blend import additive, blendLayers
from blendmodes.blendtype import BlendType
from PIL import Image

print("blendmodes", importlib.metadata.version("blendmodes"))
plate = Image.new("RGBA", (16, 16), (120, 70, 45, 255))
cut_out = Image.new("RGBA", (6, 6), (100, 50, 25, 255))


def seen(offsets):
    """How many pixels of the picture are opaque, and of those how many show the cut-out, with Pillow's answer beside."""
    blended = np.asarray(blendLayers(plate, cut_out, BlendType.NORMAL, offsets=offsets))
    canvas = plate.copy()
    canvas.paste(cut_out, offsets)
    counts = [(int((image[..., 3] == 255).sum()), int((image[..., 0] == 100).sum())) for image in (blended, np.asarray(canvas))]
    print(f"offset {offsets}: opaque pixels and those of the cut-out {counts[0]}, by Pillow {counts[1]}")
    return counts


for offsets in ((0, 0), (-3, 0), (-5, 0), (0, -5), (15, 0), (16, 0), (40, 3), (0, 16)):
    blended, pasted = seen(offsets)
    assert blended == pasted and pasted[0] == 256
for offsets in ((-6, 0), (-20, 3), (0, -6), (3, -20)):
    blended, pasted = seen(offsets)
    assert blended == (0, 0) and pasted == (256, 0)

light = Image.new("RGBA", (16, 16), (100, 50, 25, 255))
pixel = {kind: blendLayers(plate, light, getattr(BlendType, kind)).getpixel((3, 3)) for kind in ("NORMAL", "SCREEN", "MULTIPLY", "ADDITIVE", "GLOW")}
print(pixel)
assert pixel["ADDITIVE"] == pixel["GLOW"] == pixel["NORMAL"] == (100, 50, 25, 255)
assert pixel["SCREEN"] == (173, 106, 66, 255) and pixel["MULTIPLY"] == (47, 14, 4, 255)
by_hand = np.rint(255 * additive(np.array([120, 70, 45]) / 255, np.array([100, 50, 25]) / 255)).astype(int).tolist()
print("its own function for ADDITIVE:", by_hand)
assert by_hand == [220, 120, 70]
PYTHON
