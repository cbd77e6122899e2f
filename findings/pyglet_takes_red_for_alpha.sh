#!/usr/bin/env bash
# pyglet, the library of games and of many viewers, gives a picture without alpha its red channel as alpha: ImageData.get_data("RGBA"), asked of a picture that
# holds RGB, is (200, 100, 50, 200) for an opaque (200, 100, 50), and of one that holds BGR the blue one; a grey picture is as transparent
# as it is dark. What is sent on as a cut-out has so a matte of its own brightness. Its PNG decoder, which it falls back to where the
# system has no gdk-pixbuf and for 1 and 16 bits also where Pillow is there, does not scale what has another depth than 8: a mask of
# 1 bit has levels 0 and 1 of 255, black to the eye, one of 4 bits ends at 15, and a 16-bit matte is the row's bytes taken for pixels, 0 and 128
# by turns for a half and twice as many as the size says, so that the picture shows half of it at twice the width. No message; 8 bits are
# right. Seen with pyglet 2.1.19, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyglet==2.1.19 pillow==12.3.0 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import io
import struct
import zlib

import numpy as np
import pyglet
from PIL import Image

pyglet.options.headless = True
from pyglet.image import ImageData  # noqa: E402
from pyglet.image.codecs import ImageDecodeException  # noqa: E402
from pyglet.image.codecs.pil import PILImageDecoder  # noqa: E402
from pyglet.image.codecs.png import PNGImageDecoder  # noqa: E402

print("pyglet", pyglet.version)
for held, values, expected in (
    ("RGBA", (200, 100, 50, 64), (200, 100, 50, 64)),
    ("LA", (128, 64), (128, 128, 128, 64)),
    ("RGB", (200, 100, 50), (200, 100, 50, 200)),
    ("BGR", (50, 100, 200), (200, 100, 50, 50)),
    ("L", (128,), (128, 128, 128, 128)),
):
    picture = ImageData(4, 4, held, bytes(values * 16))
    pixels = picture.get_data("RGBA", 16)
    print(f"{held} {values} as RGBA: {tuple(pixels[:4])}")
    assert len(pixels) == 64 and set(zip(*[iter(pixels)] * 4, strict=True)) == {expected}


def png(depth, row):
    """A grey PNG of 8 x 4 pixels of a depth, all rows alike."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 8, 4, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress((b"\0" + row) * 4)) + chunk(b"IEND", b"")


def decoded(depth, row):
    """The first row by pyglet's decoder, how many bytes it holds, and the row by Pillow in 8 bits."""
    file = png(depth, row)
    image = PNGImageDecoder().decode("matte.png", io.BytesIO(file))
    assert (image.width, image.height, image.format) == (8, 4, "L")
    content = bytes(image.get_data(image.format, image.pitch))
    right = np.asarray(Image.open(io.BytesIO(file)))[0].astype(int)
    right = right * 255 if depth == 1 else right // 257 if depth == 16 else right
    print(f"{depth} bits: pyglet {list(content[:8])} of {len(content)} bytes, Pillow {right.tolist()}")
    return list(content[:8]), len(content), right.tolist()


white, half = [255] * 4, [128] * 4
assert decoded(8, bytes(white + half)) == (white + half, 32, white + half)
assert decoded(1, b"\xf0") == ([1] * 4 + [0] * 4, 32, white + [0] * 4)
assert decoded(4, b"\xff\xff\x88\x88") == ([15] * 4 + [8] * 4, 32, white + [136] * 4)
assert decoded(16, struct.pack(">8H", *[32896] * 4, *[65535] * 4)) == ([128] * 8, 64, half + white)
assert decoded(16, struct.pack(">8H", *[32768] * 8))[:2] == ([0, 128] * 4, 64)
for depth, row in ((1, b"\xf0"), (16, bytes(16))):
    try:
        PILImageDecoder().decode("matte.png", io.BytesIO(png(depth, row)))
    except ImageDecodeException as error:
        print(f"{depth} bits, its decoder by Pillow: {error}")
    else:
        raise AssertionError(f"Pillow's decoder takes {depth} bits")
PYTHON
