#!/usr/bin/env bash
# FFmpeg fills each row of a DPX up to a multiple of four bytes and says in the header that it does not (end-of-line padding 0).
# OpenImageIO, with which Nuke's and other houses' tools read DPX, believes the header: of every width whose rows need filling each row
# begins a few bytes too early, the picture leans to the side, colours swap from row to row, and the first row alone is right. It
# meets grey of 8 bits (a matte) at widths of 61, 62 and 63, RGB of 8 bits likewise, and 16 bits, grey or RGB, at odd ones. Usual
# widths (1920, 2048) and RGBA need no filling, so that crops, proxies and square pictures of odd size fail alone. FFmpeg reads its own
# files and OpenImageIO's, which have no filling, rightly. No message. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), OpenImageIO 3.2.2.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openimageio==3.2.2.0 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import OpenImageIO as oiio
from OpenImageIO import ImageBuf, ImageSpec

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
HEIGHT = 48
print("OpenImageIO", oiio.VERSION_STRING)


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


def read_by_ffmpeg(name, pixel_format, like):
    raw = ffmpeg("-i", name, "-f", "rawvideo", "-pix_fmt", pixel_format, "-")
    return np.frombuffer(raw, like.dtype).reshape(like.shape)


for pixel_format, channels, bits in (("gray", 1, 8), ("rgb24", 3, 8), ("rgba", 4, 8), ("gray16le", 1, 16), ("rgb48le", 3, 16)):
    kind = f"uint{bits}"
    for width in (60, 61, 62, 63, 64):
        picture = np.random.default_rng(0).integers(0, 1 << bits, (HEIGHT, width, channels)).astype(kind)
        raw = ("-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{width}x{HEIGHT}", "-i", "-")
        ffmpeg(*raw, "-frames:v", "1", "-update", "1", "ffmpeg.dpx", data=picture.tobytes())
        header = Path("ffmpeg.dpx").read_bytes()[:2048]
        order = "<" if header[:4] == b"XPDS" else ">"
        assert struct.unpack(order + "I", header[812:816]) == (0,), "padding of rows"
        assert (read_by_ffmpeg("ffmpeg.dpx", pixel_format, picture) == picture).all()
        rows = (ImageBuf("ffmpeg.dpx").get_pixels(kind) == picture).reshape(HEIGHT, -1).all(1)
        is_filled = width * channels * bits // 8 % 4 != 0
        if is_filled or width == 64:
            print(f"{pixel_format}, {width} wide: OpenImageIO reads {rows.sum()} of {HEIGHT} rows as they are")
        assert (rows.tolist() == [True] + [False] * (HEIGHT - 1)) if is_filled else rows.all()
        own = ImageBuf(ImageSpec(width, HEIGHT, channels, kind))
        own.set_pixels(own.roi, picture)
        assert own.write("own.dpx")
        assert (read_by_ffmpeg("own.dpx", pixel_format, picture) == picture).all()
PYTHON
