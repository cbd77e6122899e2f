#!/usr/bin/env bash
# FFmpeg's noise, the filter for film grain, accepts RGB and RGBA of 32-bit float, as OpenEXR is decoded to, and adds its grain to the two
# halves of each number as if they were whole numbers of 16 bits. A flat 0.5 with a grain of strength 5 of 255 holds levels from 0.000002
# to two million, in its alpha too, and at a strength of 1 there are pixels of 8 and of 0.125. Cut to 8 bits it is black and white
# speckle, which passes for strong grain. No message, status 0. With "format=gbrap16" before it the grain is as strong as asked; what
# is above 1 is lost there. gblur, unsharp, cas, median and erosion work on float as they should. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIDE = 64


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


def levels(filters, layout, planes):
    """A flat float picture of 0.5 behind a filter."""
    given = ("-f", "rawvideo", "-pix_fmt", layout, "-s", f"{SIDE}x{SIDE}", "-i", "-")
    flat = np.full((planes, SIDE, SIDE), 0.5, np.float32).tobytes()
    seen = ffmpeg(*given, "-vf", filters, "-f", "rawvideo", "-pix_fmt", layout, "-", data=flat)
    return np.frombuffer(seen, np.float32).reshape(planes, SIDE, SIDE)


print(ffmpeg("-version").decode().splitlines()[0])
for layout, planes in (("gbrapf32le", 4), ("gbrpf32le", 3)):
    for filters in ("noise=alls=5", "noise=alls=1"):
        for plane in levels(filters, layout, planes):
            print(f"{layout}, {filters}: a plane of 0.5 has {plane.min():.7f} to {plane.max():.4f}")
            assert plane.max() > (1000 if "5" in filters else 1.9) and plane.min() < (0.001 if "5" in filters else 0.26)
for filters in ("format=gbrap16le,noise=alls=5", "gblur", "unsharp", "cas", "median", "erosion"):
    seen = levels(filters, "gbrapf32le", 4)
    print(f"{filters}: {seen.min():.3f} to {seen.max():.3f}")
    assert np.abs(seen - 0.5).max() < 15 / 255
PYTHON
