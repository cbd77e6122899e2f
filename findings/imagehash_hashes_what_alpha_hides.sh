#!/usr/bin/env bash
# ImageHash, with which data sets are searched for pictures that are the same to the eye, makes grey of a picture without looking at its
# alpha: a photograph, the subject cut out of it and a wholly transparent copy have one and the same hash, distance 0, by all
# of its five usual ways, so that deduplication keeps one of the three. The other way round a cut-out whose colour goes on under alpha 0 and
# the same cut-out with black there, which look alike on any page, are 30 of 64 bits apart, as far as two strangers. The README names no
# alpha. No message. Lay pictures on one colour first, and hash the matte beside them where it counts. Seen with ImageHash 4.3.2,
# Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ImageHash==4.3.2 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import imagehash
import numpy as np
from PIL import Image

print("ImageHash", imagehash.__version__)
row, column = np.mgrid[:128, :128]
photograph = Image.fromarray(np.dstack([column * 2, row * 2, 255 - column * 2]).astype(np.uint8))
matte = Image.fromarray(np.where((column - 64) ** 2 + (row - 64) ** 2 < 40**2, 255, 0).astype(np.uint8))
cut, empty = photograph.copy(), photograph.copy()
cut.putalpha(matte)
empty.putalpha(0)
pixels = np.array(cut)
pixels[pixels[..., 3] == 0] = 0
black_below = Image.fromarray(pixels)


def on_white(picture):
    """What a page shows of a picture."""
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    return page.convert("RGB")


assert on_white(cut).tobytes() == on_white(black_below).tobytes() != on_white(photograph).tobytes()
for name in ("average_hash", "phash", "dhash", "whash", "colorhash"):
    of = getattr(imagehash, name)
    found = [int(of(photograph) - of(other)) for other in (cut, empty)] + [int(of(cut) - of(black_below))]
    laid = [int(of(on_white(photograph)) - of(on_white(other))) for other in (cut, empty)] + [int(of(on_white(cut)) - of(on_white(black_below)))]
    print(f"{name}: to its cut-out {found[0]}, to nothing {found[1]}, cut-out to the same with black below {found[2]}; on white {laid}")
    assert found[:2] == [0, 0] and found[2] > (5 if name == "colorhash" else 25)
    assert laid[0] >= 5 and laid[1] >= 5 and laid[2] == 0
PYTHON
