#!/usr/bin/env bash
# Two options of rembg, the background remover, do more to a cut-out than they say. post_process_mask=True opens the mask with an ellipse
# of 3, blurs it and takes a threshold: of lines 1 and 2 pixels wide, hair, strings, the rim of a glass, nothing is left, and every soft
# edge is 0 or 255. bgcolor lays the cut-out over a colour by its alpha after it has been multiplied by it once already: orange (200, 100,
# 50) at 127 over blue is (50, 25, 140), where (100, 50, 153) is right, so that each soft edge has a dark line. And the alpha that a
# picture brings along is not looked at: under alpha 0 everywhere a subject found there is opaque in the mask. No message. Seen with rembg
# 2.0.86; a session with a fixed mask stands for the network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check "rembg[cpu]==2.0.86" pillow==12.3.0
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from PIL import Image
from rembg import remove

print("rembg", importlib.metadata.version("rembg"))


class Fixed:
    """A session that finds the same mask in every picture."""

    def __init__(self, mask):
        self.mask = Image.fromarray(mask)

    def predict(self, picture, *args, **kwargs):
        return [self.mask]


picture = Image.new("RGB", (64, 64), (200, 100, 50))
lines = np.zeros((64, 64), np.uint8)
places = {1: 10, 2: 20, 3: 30, 4: 40}
for width, left in places.items():
    lines[:, left : left + width] = 255
rows, columns = np.mgrid[:64, :64]
soft = (np.clip((26 - np.hypot(rows - 32, columns - 32)) / 12, 0, 1) * 255).astype(np.uint8)


def mask_of(mask, **options):
    return np.asarray(remove(picture, session=Fixed(mask), only_mask=True, **options))


kept = mask_of(lines, post_process_mask=True)[32]
widths = {width: int((kept[left - 2 : left + width + 2] > 0).sum()) for width, left in places.items()}
print("width of a line, before: after post_process_mask:", widths)
assert widths[1] == widths[2] == 0 and widths[3] > 0 and widths[4] > 0 and (mask_of(lines) == lines).all()
print("levels of a soft disc:", len(np.unique(soft)), "after post_process_mask:", np.unique(mask_of(soft, post_process_mask=True)))
assert np.unique(mask_of(soft, post_process_mask=True)).tolist() == [0, 255]
place = int(np.flatnonzero(soft[32] == 127)[0])
seen = np.asarray(remove(picture, session=Fixed(soft), bgcolor=(0, 0, 255, 255)))[32, place]
right = [round(colour * 127 / 255 + other * 128 / 255) for colour, other in zip((200, 100, 50), (0, 0, 255))]
print("orange at alpha 127 over blue:", seen.tolist(), "right:", right)
assert seen[:3].max() < right[2] and abs(seen[:3].astype(int) - (50, 25, 140)).max() <= 1
hidden = Image.new("RGBA", (64, 64), (200, 100, 50, 0))
seen = np.asarray(remove(hidden, session=Fixed(soft), only_mask=True))
print("mask in the middle of a picture of alpha 0:", seen[32, 32])
assert seen[32, 32] == 255
PYTHON
