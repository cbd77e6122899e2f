#!/usr/bin/env bash
# Pillow saves a matte (mode L) as DDS with a header that says where the grey level is, and says it wrongly: the mask is 0xFF000000 in
# pixels of 8 bits, where 0xFF is right, and for grey with alpha (LA) alpha is in 0xFF000000 of 16 bits, where it is 0xFF00. Pillow itself does
# not look at the masks, so that its own round trip is exact; OpenImageIO reads the matte as black from end to end, and the grey picture
# as wholly transparent, without an error. FFmpeg reads neither, with an error. With the masks mended in the header both read
# every level, and RGB and RGBA are right. In DXT1, which has one bit of alpha, Pillow takes all that is not 0 for opaque: a haze of 1 in 255
# around the subject is solid, for all readers. Seen with Pillow 12.3.0, OpenImageIO 3.2.2.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 OpenImageIO==3.2.2.0 imageio-ffmpeg==0.8.1 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import OpenImageIO
import PIL
from PIL import Image

print("Pillow", PIL.__version__, "OpenImageIO", OpenImageIO.VERSION_STRING, "FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
LEVELS = (255, 128, 1, 0)
matte = np.repeat(np.repeat(np.uint8(LEVELS), 4)[None], 16, 0)


def by_openimageio(name):
    """The levels of the last channel (the grey of a matte, or alpha) that OpenImageIO reads in four places."""
    image = OpenImageIO.ImageBuf(name)
    pixels = image.get_pixels(OpenImageIO.UINT8)
    assert not image.has_error and pixels.shape[:2] == (16, 16)
    return tuple(int(pixels[8, column, -1]) for column in (2, 6, 10, 14))


def by_ffmpeg(name, kind):
    """What FFmpeg reads in the same places, or None where it refuses the file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", kind, "-"]
    run = subprocess.run(command, capture_output=True)
    if run.returncode or not run.stdout:
        return None
    pixels = np.frombuffer(run.stdout, np.uint8).reshape(16, 16, -1)
    return tuple(int(pixels[8, column, -1]) for column in (2, 6, 10, 14))


def saved(name, image, **options):
    image.save(name, **options)
    with Image.open(name) as again:
        pillow = tuple(again.getpixel((column, 8)) for column in (2, 6, 10, 14))
        pillow = tuple(value if isinstance(value, int) else value[-1] for value in pillow)
    seen = pillow, by_openimageio(name), by_ffmpeg(name, "gray" if image.mode == "L" else "rgba")
    print(f"{name}: Pillow {seen[0]}, OpenImageIO {seen[1]}, FFmpeg {seen[2]}")
    return seen


def mended(name, masks):
    """The same file with other masks in its header."""
    content = bytearray(Path(name).read_bytes())
    content[92:108] = struct.pack("<4I", *masks)
    Path("mended_" + name).write_bytes(content)
    return by_openimageio("mended_" + name), by_ffmpeg("mended_" + name, "gray" if masks[3] == 0 else "rgba")


grey = Image.fromarray(matte)
grey_alpha = Image.merge("LA", (Image.new("L", (16, 16), 124), grey))
colour = Image.merge("RGBA", (*Image.new("RGB", (16, 16), (200, 100, 50)).split(), grey))
assert saved("matte.dds", grey) == (LEVELS, (0, 0, 0, 0), None)
assert saved("grey_alpha.dds", grey_alpha) == (LEVELS, (0, 0, 0, 0), None)
assert saved("colour.dds", colour) == (LEVELS, LEVELS, LEVELS)
assert struct.unpack_from("<5I", Path("matte.dds").read_bytes(), 88) == (8, 0xFF000000, 0xFF000000, 0xFF000000, 0)
assert struct.unpack_from("<5I", Path("grey_alpha.dds").read_bytes(), 88) == (16, 0xFF, 0xFF, 0xFF, 0xFF000000)
for name, masks in (("matte.dds", (0xFF, 0, 0, 0)), ("grey_alpha.dds", (0xFF, 0, 0, 0xFF00))):
    seen = mended(name, masks)
    print(f"{name} with its masks mended: OpenImageIO {seen[0]}, FFmpeg {seen[1]}")
    assert seen == (LEVELS, LEVELS), name
assert saved("dxt1.dds", colour, pixel_format="DXT1") == ((255, 255, 255, 0),) * 3
assert saved("dxt5.dds", colour, pixel_format="DXT5") == (LEVELS, LEVELS, LEVELS)
PYTHON
