#!/usr/bin/env bash
# ffmpegio, which reads and writes clips and pictures as NumPy arrays, keeps what it learned about a file under the file's name and doesn't look again. A
# matte that is written, looked at, and written anew as a cut-out with the same name is read as grey, its alpha gone; grey of 8 bits is
# read as 16 bits once a deep one stood there, and a clip of one rate is handed out with the rate of the clip before. In a loop over
# frames through one scratch file the first decides for all; a server that names its uploads alike reads the one as the other. No message.
# Use a new name for each. Seen with ffmpegio 0.12.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), ffprobe of @ffprobe-installer 2.1.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ffmpegio==0.12.0 imageio-ffmpeg==0.8.1 pillow==12.0.0 numpy==2.2.6
npm install --silent --no-audit --no-fund @ffprobe-installer/ffprobe@2.1.2
mkdir bin
ln -s "$(env/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" bin/ffmpeg
ln -s "$(node -p 'require("@ffprobe-installer/ffprobe").path')" bin/ffprobe
PATH="$folder/bin:$PATH" env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import shutil
import subprocess

import ffmpegio
import numpy as np
from PIL import Image

print("ffmpegio", importlib.metadata.version("ffmpegio"))
ffmpegio.set_path("bin")
HEIGHT, WIDTH = 16, 24
matte = np.full((HEIGHT, WIDTH), 100, np.uint8)
cut_out = np.full((HEIGHT, WIDTH, 4), (200, 100, 50, 128), np.uint8)
KINDS = {"a matte": matte, "a cut-out": cut_out, "a deep matte": matte.astype(np.uint16) * 257}


def read_after(first, second):
    """The second picture, read under a name of its own and under that of the first, which was read before."""
    name = f"{first}-{second}.png".replace(" ", "_")
    for kind in (first, second):
        Image.fromarray(KINDS[kind]).save(name)
        if kind == first:
            assert np.array_equal(ffmpegio.image.read(name), KINDS[first])
    shutil.copy(name, f"fresh_{name}")
    return ffmpegio.image.read(f"fresh_{name}"), ffmpegio.image.read(name)


for first in KINDS:
    for second in KINDS:
        fresh, again = read_after(first, second)
        print(f"  {first}, then {second}: {again.dtype} {again.shape}, {np.ravel(again[0, 0]).tolist()}; of a new name {fresh.dtype} {fresh.shape}")
        assert np.array_equal(fresh, KINDS[second])
        assert again.shape == KINDS[first].shape and again.dtype == KINDS[first].dtype
rates = []
for rate in (50, 25):
    subprocess.run(["bin/ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", f"color=gray:s=32x32:r={rate}:d=1", "-c:v", "ffv1", "clip.mkv"], check=True)
    shutil.copy("clip.mkv", f"clip_{rate}.mkv")
    fresh, again = ffmpegio.video.read(f"clip_{rate}.mkv"), ffmpegio.video.read("clip.mkv")
    rates.append((int(fresh[0]), int(again[0]), len(again[1])))
print("  clips of 50 and of 25 a second: rate of a new name, rate, frames", rates)
assert rates == [(50, 50, 50), (25, 50, 25)]
PYTHON
