#!/usr/bin/env bash
# FFmpeg's alphaextract and extractplanes=a take the alpha of grey pictures one pixel too far left: of "ya8" and "ya16", which is what
# a grey PNG or TIFF with alpha (also a black and white cut-out that was optimised) is decoded to, each pixel gets its right
# neighbour's alpha and the last one in a row that of the next row's first. Against the picture the matte is off by a pixel, with a
# line at its right edge, and alphamerge of the two shows it as a rim. RGBA, planar and YUV pictures are right, and so is
# "format=rgba,alphaextract". No message. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def extracted(name, filters):
    """The matte of a picture, uint8 (64, 256)."""
    command = [FFMPEG, "-v", "warning", "-i", name, "-vf", filters, "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr, done.stderr.decode()
    return np.frombuffer(done.stdout, np.uint8).reshape(64, 256)


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.splitlines()[0])
# A disc, and a first column that would be seen in the last one.
rows, columns = np.mgrid[0:64, 0:256]
alpha = np.clip((25 - np.hypot(columns - 100, rows - 32)) * 40, 0, 255).astype(np.uint8)
alpha[:, 0] = 90
grey = np.full((64, 256), 120, np.uint8)
Image.fromarray(np.dstack([grey, alpha]), "LA").save("grey.png")
Image.fromarray(np.dstack([grey, grey, grey, alpha]), "RGBA").save("colour.png")
subprocess.run([FFMPEG, "-v", "error", "-i", "grey.png", "-pix_fmt", "ya16be", "-update", "1", "-frames:v", "1", "grey16.png"], check=True)
moved = np.roll(alpha.ravel(), -1).reshape(64, 256)
for name in ("grey.png", "grey16.png"):
    for filters in ("alphaextract", "extractplanes=a"):
        # The very last pixel is left out; 16 bits become 8 with a rounding of one.
        seen = extracted(name, filters).astype(int)
        same = (abs(seen - moved) <= 1)[:-1]
        print(f"{name}, {filters}: columns 70 to 77 {seen[32, 70:78]}, right {alpha[32, 70:78]}, last column {set(seen[:-1, 255].tolist())}")
        assert same.all() and abs(seen - alpha)[:-1].max() >= 40
    assert abs(extracted(name, "format=rgba,alphaextract").astype(int) - alpha).max() <= 1
for filters in ("alphaextract", "extractplanes=a", "format=gbrap,alphaextract"):
    assert (extracted("colour.png", filters) == alpha).all(), filters
print("RGBA: right")
PYTHON
