#!/usr/bin/env bash
# color-matcher gives a picture the colours of another, as floats; what it has to make bytes of them, Normalizer(...).uint8_norm(), and its
# save_img_file and load_img_file stretch each picture to its own darkest and brightest number. A picture that is matched to itself comes
# back 90 levels off, although the match was exact. In a clip each frame is stretched by another amount: one white pixel in a corner moves
# the others by up to 120 levels, so that a graded plate flickers. A ghost of 40 levels in a matte is saved as full white, and a file of 40 or
# 162 at most is loaded as if it reached 1. No message. Round and clip to 0..255 yourself: Normalizer(answer, min=0, max=255) takes the 0 for not
# given, and the picture is still 59 levels off. Seen with color-matcher 0.6.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check color-matcher==0.6.0 imageio==2.37.2 pillow==12.0.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
from color_matcher import ColorMatcher
from color_matcher.io_handler import load_img_file, save_img_file
from color_matcher.normalizer import Normalizer
from PIL import Image

print("color-matcher", importlib.metadata.version("color-matcher"))
rows, columns = np.mgrid[:96, :128]
plate = np.dstack([60 + rows, 80 + columns // 2, 140 - rows // 2]).astype(np.uint8)
plate += np.random.default_rng(0).integers(0, 8, plate.shape).astype(np.uint8)
glint = plate.copy()
glint[0, 0] = 255
elsewhere = np.s_[4:]


def off(one, other):
    return float(np.abs(one[elsewhere].astype(float) - other[elsewhere]).max())


for method in ("mkl", "mvgd", "reinhard"):
    match = [ColorMatcher().transfer(src=frame.copy(), ref=plate.copy(), method=method) for frame in (plate, glint)]
    normalised = [Normalizer(answer).uint8_norm() for answer in match]
    given = [Normalizer(answer, min=0, max=255).uint8_norm() for answer in match]
    by_hand = [np.clip(answer, 0, 255).round().astype(np.uint8) for answer in match]
    print(
        f"  {method}, a frame matched to itself: off by {off(match[0], plate):.1f}, normalised by {off(normalised[0], plate):.0f};",
        f"a glint moves the rest by {off(*match):.1f}, normalised by {off(*normalised):.0f}",
    )
    assert off(match[0], plate) < 2 and off(by_hand[0], plate) <= 2 and off(*match) < 2
    print(f"    with min=0 and max=255 off by {off(given[0], plate):.0f}")
    assert 40 < off(given[0], plate) < 70
    assert off(normalised[0], plate) > 80 and off(*normalised) > 100

for name, picture in (("the plate", plate), ("a ghost of 40 levels", np.where(plate[..., 0] > 100, np.uint8(40), np.uint8(0)))):
    save_img_file(picture, "saved.png")
    Image.fromarray(picture).save("plain.png")
    saved, plain = np.asarray(Image.open("saved.png")), np.asarray(Image.open("plain.png"))
    loaded = load_img_file("plain.png")
    print(f"  {name}: {picture.min()} to {picture.max()}, saved as {saved.min()} to {saved.max()}, loaded from a plain file as {loaded.min()} to {loaded.max()}")
    assert np.array_equal(plain, picture) and (saved.min(), saved.max()) == (0, 255) and (loaded.min(), loaded.max()) == (0, 1)
PYTHON
