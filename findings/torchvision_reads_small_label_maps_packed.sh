#!/usr/bin/env bash
# torchvision's decode_image and read_image hand out a label map with a small palette undecoded: a palette PNG stores 8, 4 or 2 pixels in
# a byte where it has 2, 4 or 16 colours, which Pillow and optimizers (oxipng, pngcrush) do by themselves, and with the default mode
# UNCHANGED torchvision gives these bytes as pixels, the shape being right: the classes 0, 1, 2, 3 of the first four columns are one pixel
# of 27 (00 01 10 11), and the rest of the row is meaningless. With 17 colours and more, as DAVIS and VOC have them, the classes are
# right, so that a test on their files passes. mode=RGB gives the palette's colours rightly; Pillow gives the classes of all. No message.
# Seen with torchvision 0.29.1, PyTorch 2.14.1, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check torchvision==0.29.1 torch==2.14.1 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import io

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.io import ImageReadMode, decode_image

print("torchvision", torchvision.__version__)
for colours, bits in ((2, 1), (4, 2), (16, 4), (17, 8), (256, 8)):
    classes = np.tile(np.arange(16, dtype=np.uint8) % min(colours, 4), (16, 1))
    labels = Image.fromarray(classes, "P")
    palette = [level for number in range(colours) for level in (number * 15 % 256, number * 40 % 256, number * 90 % 256)]
    labels.putpalette(palette)
    file = io.BytesIO()
    labels.save(file, "PNG", bits=bits)
    data = file.getvalue()
    assert data[24] == bits and np.array_equal(np.asarray(Image.open(file)), classes)
    packed = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    seen = decode_image(packed)[0].numpy()
    colour = decode_image(packed, ImageReadMode.RGB).permute(1, 2, 0).numpy()
    right = np.array_equal(seen, classes)
    first = int("".join(f"{number:0{bits}b}" for number in classes[0, : 8 // bits]), 2)
    print(f"{colours} colours, {bits} bits: shape {seen.shape}, classes right: {right}, first pixel {seen[0, 0]} for {classes[0, 0]}")
    assert seen.shape == classes.shape and right == (bits == 8) and seen[0, 0] == first
    assert np.array_equal(colour, np.array(palette, np.uint8).reshape(-1, 3)[classes])
PYTHON
