#!/usr/bin/env bash
# aggdraw, the antialiased drawing module for Pillow pictures, blends into an RGBA picture as if its memory held colour multiplied by alpha,
# which a Pillow RGBA picture does not. A brush of (200, 100, 50) at half opacity on an empty picture leaves (99, 49, 24) at
# alpha 127, and the antialiased rim of an opaque shape goes down to black: (40, 20, 10) at alpha 51. A title, a garbage matte's outline
# or an arrow drawn on a layer of its own so has a dark rim over everything bright. Over an opaque picture it is right, and so is its
# alpha, and a shape drawn in a picture of mode "L": such a mask with putalpha on a flat colour is what to use. No message.
# Seen with aggdraw 1.4.1, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check aggdraw==1.4.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import aggdraw
import numpy as np
from PIL import Image

print("aggdraw", aggdraw.__version__)
COLOUR = (200, 100, 50)


def drawn(mode, background, brush, shape="rectangle"):
    picture = Image.new(mode, (32, 32), background)
    canvas = aggdraw.Draw(picture)
    getattr(canvas, shape)((4, 4, 27, 27), brush)
    canvas.flush()
    return picture


half = aggdraw.Brush(COLOUR, 128)
alone = drawn("RGBA", (0, 0, 0, 0), half)
on_blue = drawn("RGBA", (0, 0, 255, 255), half)
on_half_blue = drawn("RGBA", (0, 0, 255, 128), half)
laid = Image.alpha_composite(Image.new("RGBA", (32, 32), (0, 0, 255, 255)), alone)
for name, picture in (("empty", alone), ("opaque blue", on_blue), ("half blue", on_half_blue), ("empty, then over blue", laid)):
    print(f"half (200, 100, 50) on {name}: {picture.getpixel((15, 15))}")
assert alone.getpixel((15, 15)) == (99, 49, 24, 127)
assert on_half_blue.getpixel((15, 15)) == (99, 49, 152, 191)  # (133, 67, 118, 192) is right
assert np.abs(np.subtract(on_blue.getpixel((15, 15)), (100, 50, 152, 255))).max() <= 1
assert np.abs(np.subtract(laid.getpixel((15, 15)), (50, 25, 140, 255))).max() <= 1

circle = np.asarray(drawn("RGBA", (0, 0, 0, 0), aggdraw.Brush(COLOUR, 255), "ellipse")).astype(int)
mask = np.asarray(drawn("L", 0, aggdraw.Brush(255, 255), "ellipse")).astype(int)
rim = circle[(circle[..., 3] > 0) & (circle[..., 3] < 255)]
print("rim of an opaque disc:", rim[:4].tolist(), "multiplied colour:", np.abs(rim[:, :3] - rim[:, 3:] * COLOUR / 255).max() <= 2)
assert np.abs(rim[:, :3] - rim[:, 3:] * np.array(COLOUR) / 255).max() <= 2
assert np.abs(mask - circle[..., 3]).max() <= 1
PYTHON
