#!/usr/bin/env bash
# large_image, which reads huge pictures tile by tile for viewers of tissue and of the earth, hands a region of an RGBA picture out as a PIL picture with its
# alpha, but as soon as output makes it smaller the same call gives RGB: what was transparent shows the colour hidden under it, not the resized alpha
# that it had, which the same call gives as numbers (TILE_FORMAT_NUMPY), premultiplied while it is reduced, rightly. A grey matte
# becomes RGB of three equal channels, and RGBA in a thumbnail of PNG. A matte of 16 bits in a PNG is read as one of 8, 4660 as 18. The tiles of
# a viewer are JPEG unless told otherwise, documented, with the same colours. No message. Ask for numbers.
# Seen with large-image and large-image-source-pil 1.35.6, Pillow 12.3.0, NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check large-image==1.35.6 large-image-source-pil==1.35.6 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import io

import large_image
import numpy as np
from large_image.constants import TILE_FORMAT_NUMPY, TILE_FORMAT_PIL
from PIL import Image

print("large_image", large_image.__version__)
# Red, transparent, is hidden around an opaque square of another colour.
picture = np.full((64, 64, 4), (255, 0, 0, 0), np.uint8)
picture[16:48, 16:48] = (20, 100, 50, 255)
Image.fromarray(picture).save("cut_out.png")
Image.fromarray(picture[..., 3]).save("matte.png")
Image.fromarray(np.full((64, 64), 4660, np.uint16)).save("deep.png")

source = large_image.open("cut_out.png")
for settings in ({}, {"output": {"maxWidth": 32}}):
    found = {kind: source.getRegion(format=kind, **settings)[0] for kind in (TILE_FORMAT_PIL, TILE_FORMAT_NUMPY)}
    pil, numbers = found[TILE_FORMAT_PIL], found[TILE_FORMAT_NUMPY]
    corner, middle = (pil.getpixel((pil.width // step, pil.height // step)) for step in (16, 2))
    print(f"  {pil.width} x {pil.height}: PIL {pil.mode}, {corner} outside and {middle} inside; numbers {numbers[4, 4].tolist()} and {numbers[16, 16].tolist()}")
    assert numbers.shape[2] == 4 and numbers[4, 4, 3] == 0
    if settings:
        assert pil.size == (32, 32) and pil.mode == "RGB" and np.abs(np.subtract(corner, (255, 0, 0))).max() <= 2
        assert np.abs(numbers[16, 16].astype(int) - (20, 100, 50, 255)).max() <= 2
    else:
        assert pil.size == (64, 64) and pil.mode == "RGBA" and corner == (255, 0, 0, 0)
tile = Image.open(io.BytesIO(source.getTile(0, 0, 0)))
print("  tile:", tile.format, tile.mode, tile.getpixel((4, 4)))
assert tile.format == "JPEG" and tile.mode == "RGB" and tile.getpixel((4, 4))[0] > 250

matte = large_image.open("matte.png")
small = matte.getRegion(format=TILE_FORMAT_PIL, output={"maxWidth": 32})[0]
thumbnail = Image.open(io.BytesIO(matte.getThumbnail(width=32, encoding="PNG")[0]))
print("  matte:", matte.getRegion(format=TILE_FORMAT_PIL)[0].mode, "reduced:", small.mode, "thumbnail:", thumbnail.mode)
assert matte.getRegion(format=TILE_FORMAT_PIL)[0].mode == "L" and small.mode == "RGB" and thumbnail.mode == "RGBA"
deep = large_image.open("deep.png").getRegion(format=TILE_FORMAT_NUMPY)[0]
print("  16 bits:", deep.dtype, np.unique(deep).tolist())
assert deep.dtype == np.uint8 and np.unique(deep).tolist() == [18]
PYTHON
