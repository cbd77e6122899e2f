#!/usr/bin/env bash
# gimpformats, the reader of GIMP's XCF for Python, multiplies the colour of a layer by its mask as well as its alpha, and hands the picture out
# as straight RGBA: white hair of half opacity comes out as grey of level 128, and laid over white it is 191, where GIMP shows
# white. The same matte as the alpha of the layer keeps its colour, so "Apply Layer Mask" in GIMP before saving is the way round, or
# layer.image and layer.mask.image, which are as they were saved. A mask that is switched off (apply mask: no) is applied all the same, although
# the layer tells of it (applyMask is False). Where opacity is stored only as a number of 0 to 255, as GIMP 2.8 and before do, it is a factor
# of up to 255, and the bytes wrap around: what is opaque comes out with alpha 1, as good as invisible. No message.
# Seen with gimpformats 2025, blendmodes 2025, Pillow 12.0.0 on x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check gimpformats==2025 blendmodes==2025 pillow==12.0.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import struct

import numpy as np
from gimpformats.gimpXcfDocument import GimpDocument
from PIL import Image

print("gimpformats", importlib.metadata.version("gimpformats"), "blendmodes", importlib.metadata.version("blendmodes"))
SIZE = 64  # one tile
END, OPACITY, MODE, VISIBLE, MASK_ON, OFFSETS, COMPRESSION, FLOAT_OPACITY = 0, 6, 7, 8, 11, 15, 17, 33


def numbers(*values):
    return struct.pack(f">{len(values)}I", *values)


def text(value):
    data = value.encode() + b"\0"
    return numbers(len(data)) + data


def setting(kind, payload=b""):
    return numbers(kind, len(payload)) + payload


def write(name, colour, alpha=None, mask=None, mask_on=1, old=False):
    """An XCF of the first version, as devel-docs/xcf.txt of GIMP describes it: one layer of one tile.

    GIMP from 2.10 on stores opacity twice, the versions before only as a number of 0 to 255 (`old`).
    """
    pixels = np.full((SIZE, SIZE, 3), colour, np.uint8)
    if alpha is not None:
        pixels = np.dstack([pixels, alpha])
    data = bytearray(b"gimp xcf file\0" + numbers(SIZE, SIZE, 0) + setting(COMPRESSION, b"\1") + setting(END))
    data += numbers(len(data) + 12, 0, 0)
    data += numbers(SIZE, SIZE, 0 if alpha is None else 1) + text("subject")
    for kind, payload in ((OPACITY, numbers(255)), (VISIBLE, numbers(1)), (MASK_ON, numbers(mask_on)), (OFFSETS, numbers(0, 0)), (MODE, numbers(0))):
        data += setting(kind, payload)
        if kind == OPACITY and not old:
            data += setting(FLOAT_OPACITY, struct.pack(">f", 1))
    data += setting(END)
    pointers = len(data)
    data += numbers(0, 0)

    def hierarchy(tile):
        depth = 1 if tile.ndim == 2 else tile.shape[2]
        start = len(data)
        data.extend(numbers(SIZE, SIZE, depth, start + 20, 0))
        data.extend(numbers(SIZE, SIZE, start + 36, 0))
        for channel in tile.reshape(SIZE * SIZE, depth).T:  # run lengths: one run of bytes as they are
            data.extend(struct.pack(">BH", 128, SIZE * SIZE) + channel.tobytes())
        return start

    struct.pack_into(">I", data, pointers, hierarchy(pixels))
    if mask is not None:
        struct.pack_into(">I", data, pointers + 4, len(data))
        data += numbers(SIZE, SIZE) + text("subject mask") + setting(OPACITY, numbers(255)) + setting(VISIBLE, numbers(0)) + setting(END)
        data += numbers(len(data) + 4)
        hierarchy(mask)
    with open(name, "wb") as file:
        file.write(data)


matte = np.zeros((SIZE, SIZE), np.uint8)
matte[:, 16:32] = 128
matte[:, 32:] = 255
PLACES = {0: 8, 128: 24, 255: 48}  # the column at which the matte has a level


def read(name):
    document = GimpDocument(name)
    layer = document.raw_layers[0]
    picture = document.image.convert("RGBA")
    over_white = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return layer, np.asarray(picture), np.asarray(over_white)


for name, colour in (("white", (255, 255, 255)), ("skin", (220, 160, 120))):
    found = {}
    for kind, settings in {
        "alpha": {"alpha": matte},
        "mask": {"mask": matte},
        "mask, off": {"mask": matte, "mask_on": 0},
        "no mask": {},
        "no mask, GIMP 2.8": {"old": True},
    }.items():
        write("layer.xcf", colour, **settings)
        layer, picture, over_white = read("layer.xcf")
        found[kind] = {level: picture[32, column].tolist() for level, column in PLACES.items()}
        print(f"  {name}, {kind}: hair is {found[kind][128]}, the subject {found[kind][255]}; over white hair is {over_white[32, 24, :3].tolist()}")
        assert np.array_equal(np.asarray(layer.image)[..., :3], np.full((SIZE, SIZE, 3), colour))
        if "mask" in settings:
            assert np.array_equal(np.asarray(layer.mask.image.convert("L")), matte) and layer.applyMask == bool(settings.get("mask_on", 1))
    assert found["alpha"][128] == [*colour, 128] and found["alpha"][255] == found["mask"][255] == [*colour, 255]
    assert found["no mask"][128] == [*colour, 255]
    dark = [level * 128 / 255 for level in colour]
    assert found["mask"][128][3] == 128 and np.abs(np.subtract(found["mask"][128][:3], dark)).max() <= 1
    assert found["mask, off"] == found["mask"]
    assert found["no mask, GIMP 2.8"][128] == [*colour, 1]
PYTHON
