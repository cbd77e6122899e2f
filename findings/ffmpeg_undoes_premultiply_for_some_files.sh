#!/usr/bin/env bash
# FFmpeg's premultiply filter does nothing where it is wanted for a PNG or APNG: frames now carry how their alpha is meant, the encoder
# asks for straight alpha, and a division that nobody wrote is put in. (200, 100, 50) at alpha 128 is (199, 99, 49) in the
# file. For OpenEXR in turn the multiplication is put in, so that with and without the filter the file is the same. TIFF,
# TGA, WebP, JPEG XL, QuickTime RLE, ProRes and FFV1 get (100, 50, 25) and don't say so: read again by FFmpeg they pass for
# straight. The same command line thus writes straight or dark files by the suffix alone, without a message. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6 OpenEXR==3.4.4 pillow==12.3.0
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
import OpenEXR
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RAW = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "32x32", "-i", "-")


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


def written(name, *options, filters="premultiply=inplace=1"):
    """Write a flat straight picture through filters; return its middle pixel as FFmpeg reads it back."""
    ffmpeg(*RAW, "-vf", filters, "-frames:v", "1", *options, name, data=straight)
    raw = ffmpeg("-i", name, "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, 4)[500].astype(int)


print(ffmpeg("-version").decode().splitlines()[0])
straight = np.full((32, 32, 4), (200, 100, 50, 128), np.uint8).tobytes()
undone = {
    "png": written("a.png", "-update", "1"),
    "apng": written("a.apng", "-pix_fmt", "rgba"),
}
kept = {
    "tiff": written("a.tif", "-update", "1"),
    "tga": written("a.tga", "-update", "1"),
    "webp": written("a.webp", "-pix_fmt", "bgra", "-lossless", "1"),
    "jpeg xl": written("a.jxl", "-update", "1", "-distance", "0"),
    "qtrle": written("a.mov", "-c:v", "qtrle"),
    "prores": written("b.mov", "-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"),
    "ffv1": written("a.mkv", "-c:v", "ffv1", "-pix_fmt", "bgra"),
}
for name, pixel in (undone | kept).items():
    print(f"{name}: premultiply leaves {pixel}")
for name, pixel in undone.items():
    assert abs(pixel - (200, 100, 50, 128)).max() <= 1, name
for name, pixel in kept.items():
    assert abs(pixel - (100, 50, 25, 128)).max() <= 2, name
assert abs(np.asarray(Image.open("a.png"))[16, 16].astype(int) - (200, 100, 50, 128)).max() <= 1
assert abs(np.asarray(Image.open("a.tif"))[16, 16].astype(int) - (100, 50, 25, 128)).max() <= 1
for filters in ("null", "premultiply=inplace=1"):
    written("a.exr", "-update", "1", filters=filters)
    pixel = OpenEXR.File("a.exr").channels()["RGBA"].pixels[16, 16].astype(float) * 255
    print(f"exr after {filters}: {pixel.round(1)}")
    assert abs(pixel - (100, 50, 25, 128)).max() <= 1
PYTHON
