#!/usr/bin/env bash
# imageio reads a picture with a palette or a key colour without its alpha: a cut-out that is a GIF, or a PNG that an optimiser has made smaller, comes as
# three channels, a full rectangle in which the colour hidden under the matte is seen. A palette PNG with half transparent entries loses them too.
# The mode of a palette picture is taken from the palette's colours, and the list of alphas lies beside it; RGB and grey with a key
# colour keep their mode. The same cut-out as RGBA has four channels, so that a program that tests shape[2] == 4 takes one file
# for transparent and its smaller copy for opaque. In a moving cut-out the first frame of a GIF has three channels and the others four: imageio.v3.imread
# cannot stack them and raises ValueError, imageio.v2.mimread gives them as they are. No message else. mode="RGBA" is right, and Pillow's
# convert("RGBA"). Seen with imageio 2.38.1, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio==2.38.1 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import imageio
import imageio.v2
import imageio.v3
import numpy as np
import PIL
from PIL import Image

print("imageio", imageio.__version__, "Pillow", PIL.__version__)

# Left half opaque, right half transparent; the colour goes on under it.
pixels = np.zeros((8, 8, 4), np.uint8)
pixels[..., :3] = (200, 100, 50)
pixels[:, :4, 3] = 255
cut_out = Image.fromarray(pixels)
cut_out.save("RGBA.png")
cut_out.save("palette.gif")
cut_out.quantize(16).save("palette.png")
pixels[:, 2:4, 3] = 128
Image.fromarray(pixels).quantize(16).save("soft palette.png")
keyed = np.full((8, 8, 3), (200, 100, 50), np.uint8)
keyed[:, 4:] = (0, 255, 0)
Image.fromarray(keyed).save("key colour.png", transparency=(0, 255, 0))
Image.fromarray(keyed[..., 0]).save("grey key.png", transparency=0)

HARD, SOFT = [255] * 4 + [0] * 4, [255, 255, 128, 128, 0, 0, 0, 0]
for name, alpha, shape in (
    ("RGBA.png", HARD, (8, 8, 4)),
    ("palette.gif", HARD, (8, 8, 3)),
    ("palette.png", HARD, (8, 8, 3)),
    ("soft palette.png", SOFT, (8, 8, 3)),
    ("key colour.png", HARD, (8, 8, 3)),
    ("grey key.png", HARD, (8, 8)),
):
    with Image.open(name) as picture:
        assert np.asarray(picture.convert("RGBA"))[4, :, 3].tolist() == alpha
    found = imageio.v3.imread(name, index=0)
    print(f"  {name}: {found.shape}, place 6 is {found[4, 6].tolist()}, where alpha is {alpha[6]}")
    assert found.shape == imageio.v2.imread(name).shape == shape
    assert "palette" not in name or found[4, 6].tolist() == [200, 100, 50]
    if name != "RGBA.png":
        assert imageio.v3.imread(name, index=0, mode="RGBA")[4, :, 3].tolist() == alpha

frames = np.zeros((3, 8, 8, 4), np.uint8)
frames[..., :3] = (200, 100, 50)
for place in range(3):
    frames[place, :, 2 * place : 2 * place + 2, 3] = 255
for name in ("moving.gif", "moving.png"):
    imageio.v3.imwrite(name, frames, duration=100, loop=0)
    shapes = [frame.shape for frame in imageio.v2.mimread(name)]
    try:
        stacked = imageio.v3.imread(name).shape
    except ValueError as error:
        stacked = f"ValueError: {error}"
    print(f"  {name}: frames {shapes}; v3.imread {stacked}")
    assert shapes == [(8, 8, 3 if name.endswith("gif") else 4), (8, 8, 4), (8, 8, 4)]
    assert isinstance(stacked, str) == name.endswith("gif")
PYTHON
