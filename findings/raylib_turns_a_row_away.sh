#!/usr/bin/env bash
# raylib's picture functions, which work in memory without a window, change a cut-out in ways that their names do not tell. ImageRotate by
# 90 degrees, for which any angle is allowed, leaves a line at one side transparent, and by 180 a row and a column: of 16 x 16 opaque
# pixels 31 are gone, and a frame turned upright has a gap (ImageRotateCW makes none). By other angles it mixes with the transparent black
# around, so that the rim is darkened, (141, 70, 35) at alpha 180 for (200, 100, 50). ImageDrawRectangle and the other shapes replace
# pixels, alpha included: half transparent orange on an opaque picture makes a hole of alpha 128, where ImageDrawImage blends. And
# ImageAlphaMask forgets the alpha from before: what was cut away is opaque again where the second mask is. Seen with raylib 6.2.0.0 of
# Python.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check raylib==6.2.0.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import numpy as np
from raylib import ffi, rl

print("raylib", importlib.metadata.version("raylib"))
rl.SetTraceLogLevel(rl.LOG_NONE)
GREY, RGBA = 1, 7
ORANGE = (200, 100, 50)


def image(pixels):
    """A raylib image of (H, W, 4) or (H, W) bytes."""
    made = ffi.new("Image *")
    memory = rl.MemAlloc(pixels.nbytes)
    ffi.memmove(memory, pixels.tobytes(), pixels.nbytes)
    made.data, made.width, made.height, made.mipmaps = memory, pixels.shape[1], pixels.shape[0], 1
    made.format = RGBA if pixels.ndim == 3 else GREY
    return made


def pixels_of(made):
    data = ffi.buffer(made.data, made.width * made.height * 4)
    return np.frombuffer(data, np.uint8).reshape(made.height, made.width, 4).copy()


def flat(*colour):
    return np.full((16, 16, 4), colour, np.uint8)


for degrees, lost in ((90, 16), (180, 31)):
    turned = image(flat(255, 255, 255, 255))
    rl.ImageRotate(turned, degrees)
    gone = int((pixels_of(turned)[..., 3] == 0).sum())
    print(f"turned by {degrees} degrees: {gone} of 256 opaque pixels are transparent")
    assert (turned.width, turned.height, gone) == (16, 16, lost)
turned = image(flat(255, 255, 255, 255))
rl.ImageRotateCW(turned)
assert (pixels_of(turned) == 255).all()
cut_out = flat(0, 0, 0, 0)
cut_out[:, :8] = (*ORANGE, 255)
turned = image(cut_out)
rl.ImageRotate(turned, 45)
seen = pixels_of(turned).reshape(-1, 4)
rim = seen[(seen[:, 3] > 170) & (seen[:, 3] < 190)][0].tolist()
print("turned by 45 degrees, at the rim:", rim)
assert abs(rim[0] - 200 * rim[3] / 255) <= 2
for name, expected in (("ImageDrawRectangle", [*ORANGE, 128]), ("ImageDrawImage", [101, 50, 151, 255])):
    below = image(flat(0, 0, 255, 255))
    if name == "ImageDrawImage":
        rl.ImageDrawImage(below, image(flat(*ORANGE, 128))[0], 0, 0, (255, 255, 255, 255))
    else:
        rl.ImageDrawRectangle(below, 0, 0, 16, 16, (*ORANGE, 128))
    seen = pixels_of(below)[8, 8].tolist()
    print(f"orange at alpha 128 on opaque blue by {name}: {seen}")
    assert seen == expected
masked = image(cut_out)
rl.ImageAlphaMask(masked, image(np.full((16, 16), 255, np.uint8))[0])
print("alpha of what was cut away, after a second mask:", pixels_of(masked)[8, 12, 3])
assert pixels_of(masked)[8, 12, 3] == 255
PYTHON
