#!/usr/bin/env bash
# OpenImageIO, which holds colour multiplied by alpha, divides when it writes PNG and TGA and doesn't for SGI, BMP, DPX and ICO, which
# can't say so either: (200, 100, 50) at alpha 128, read from a PNG, is (100, 50, 25) there, and everything else that reads such files takes it as
# straight, so that hair is dark. The other way round it takes straight SGI, ICO and BMP files for multiplied ones: a PNG made of them holds
# (255, 199, 100). JPEG 2000 goes wrong on the other side: there it divides by alpha to the power of 2.2, and the same pixel is
# (255, 227, 113), at alpha 40 pure white, a glow around everything soft. Opaque pixels and alpha are right. No message. Seen with
# OpenImageIO 3.2.2.0 (Python), Pillow 12.3.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openimageio==3.2.2.0 pillow==12.3.0 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
import OpenImageIO as oiio
from PIL import Image

ALPHAS = (255, 128, 40)
picture = np.zeros((48, 48, 4), np.uint8)
picture[...] = (200, 100, 50, 0)
picture[..., 3] = np.repeat(ALPHAS, 16)
Image.fromarray(picture).save("cut.png")
source = oiio.ImageBuf("cut.png")


def by_openimageio(name):
    """What OpenImageIO makes of a file, multiplied, 0 to 255."""
    read = oiio.ImageBuf(name)
    return [tuple(round(255 * level) for level in read.getpixel(column, 24)) for column in (8, 24, 40)]


def by_pillow(name):
    read = Image.open(name).convert("RGBA")
    return [read.getpixel((column, 24)) for column in (8, 24, 40)]


def by_ffmpeg(name):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    pixels = subprocess.run(command, check=True, capture_output=True).stdout
    return [tuple(pixels[(24 * 48 + column) * 4 :][:4]) for column in (8, 24, 40)]


def near(seen, right, far=3):
    return all(abs(a - b) <= far for pixel, other in zip(seen, right) for a, b in zip(pixel, other))


STRAIGHT = [(200, 100, 50, alpha) for alpha in ALPHAS]
MULTIPLIED = [(200, 100, 50, 255), (100, 50, 25, 128), (31, 16, 8, 40)]
GLOWING = [(200, 100, 50, 255), (255, 227, 113, 128), (255, 255, 255, 40)]
print("OpenImageIO", oiio.VERSION_STRING)
for suffix, readers, expected in (
    ("png", (by_ffmpeg, by_pillow), STRAIGHT),
    ("tga", (by_ffmpeg, by_pillow), STRAIGHT),
    ("sgi", (by_ffmpeg, by_pillow), MULTIPLIED),
    ("ico", (by_ffmpeg, by_pillow), MULTIPLIED),
    ("bmp", (by_ffmpeg,), MULTIPLIED),
    ("dpx", (by_ffmpeg,), MULTIPLIED),
    ("j2c", (by_ffmpeg, by_pillow), GLOWING),
):
    name = f"copy.{suffix}"
    assert source.write(name), source.geterror()
    back = by_openimageio(name)
    for reader in readers:
        seen = reader(name)
        print(f"{name} {reader.__name__}: {seen}; by OpenImageIO itself {back}")
        assert near(seen, expected), expected
    assert suffix == "j2c" or near(back, MULTIPLIED)
Image.fromarray(picture).save("given.sgi")
Image.fromarray(picture).save("given.ico", sizes=[(48, 48)], bitmap_format="bmp")
command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", "cut.png", "-pix_fmt", "bgra", "given.bmp"]
subprocess.run(command, check=True)
for name in ("given.sgi", "given.ico", "given.bmp"):
    assert by_ffmpeg(name) == STRAIGHT
    assert oiio.ImageBuf(name).write("again.png")
    seen = by_pillow("again.png")
    print(f"{name}, straight, as PNG by OpenImageIO: {seen}")
    assert near(seen, [(200, 100, 50, 255), (255, 199, 100, 128), (255, 255, 255, 40)])
PYTHON
