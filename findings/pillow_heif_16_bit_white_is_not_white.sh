#!/usr/bin/env bash
# pillow-heif takes 16-bit pictures, keeps 10 bits of them and gives them back shifted, not scaled: white is 65472 instead of
# 65535, and so is opaque alpha, also with quality=-1, its "lossless". A matte stored so is nowhere opaque, 99.9 %, and a test
# for 65535 finds no foreground at all; each comp shines through a little. Nothing says so: the mode that comes back is "I;16" or
# "RGBA;16". With options.SAVE_HDR_TO_12_BIT white is 65520. 8-bit mattes keep 255. Seen with pillow-heif 1.8.1, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow-heif==1.8.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
print("pillow-heif", pillow_heif.__version__)


def read_back(mode, picture):
    """The picture after it was stored without loss, 16 bits in and 16 bits out."""
    height, width = picture.shape[:2]
    stored = pillow_heif.from_bytes(mode=mode, size=(width, height), data=picture.tobytes())
    stored.save("picture.heic", quality=-1, chroma=444, matrix_coefficients=0)
    opened = pillow_heif.open_heif("picture.heic", convert_hdr_to_8bit=False)
    assert opened.mode == mode, opened.mode
    return np.asarray(opened)


white = np.full((64, 64), 65535, np.uint16)
rgba = np.full((64, 64, 4), 65535, np.uint16)
for bits, level in ((10, 65472), (12, 65520)):
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    grey, colour = read_back("I;16", white), read_back("RGBA;16", rgba)
    print(f"{bits} bits: white is {grey.max()}, opaque alpha {colour[..., 3].max()} of 65535")
    assert set(grey.ravel().tolist()) == {level} and set(colour[..., 3].ravel().tolist()) == {level}
    assert level == (65535 >> (16 - bits)) << (16 - bits)
pillow_heif.options.SAVE_HDR_TO_12_BIT = False
Image.fromarray(white).save("pillow.heic", quality=-1)
with Image.open("pillow.heic") as image:
    print("through Pillow:", image.mode, image.getextrema())
    assert image.mode == "I;16" and image.getextrema() == (65472, 65472)
Image.new("L", (64, 64), 255).save("eight.heic", quality=-1)
with Image.open("eight.heic") as image:
    assert image.getextrema() == (255, 255)
print("8 bits: white stays 255")
PYTHON
