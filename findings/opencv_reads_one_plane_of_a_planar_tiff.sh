#!/usr/bin/env bash
# OpenCV reads a 16-bit TIFF that stores its channels one after the other (PlanarConfiguration 2, "per channel" in editors, and what
# tifffile makes of arrays of (3, H, W)) as the first plane in every channel: colour becomes grey, and alpha becomes the
# picture's red. Size, type and number of channels are right, there is no message, and on grey subjects only the alpha is
# wrong. Of grey with alpha it returns grey alone, of 16 bits as 8, with IMREAD_UNCHANGED. Planar 8-bit colour it reads rightly.
# FFmpeg and tifffile read all of them. Seen with OpenCV 4.14.0, tifffile 2025.5.10, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 tifffile==2025.5.10 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import tifffile

print("OpenCV", cv2.__version__, "tifffile", tifffile.__version__)
LEVELS = [10_000, 20_000, 30_000, 40_000]


def opencv(name):
    """The array's shape and depth, and one pixel's levels in the order of the file."""
    picture = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    levels = np.atleast_1d(picture[5, 5]).tolist()
    return picture.shape, picture.dtype.name, levels[2::-1] + levels[3:] if len(levels) > 2 else levels


def ffmpeg(name, layout, channels):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", layout, "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, "<u2").reshape(64, 64, channels)[5, 5].tolist()


for channels, extra, layout in ((3, None, "rgb48le"), (4, ["unassalpha"], "rgba64le")):
    planes = np.array(LEVELS[:channels], np.uint16)[:, None, None] * np.ones((1, 64, 64), np.uint16)
    tifffile.imwrite("planar.tif", planes, photometric="rgb", planarconfig="separate", extrasamples=extra)
    found = opencv("planar.tif")
    print(f"{channels} planes of 16 bits: {LEVELS[:channels]} are {found[2]} in OpenCV")
    assert found == ((64, 64, channels), "uint16", LEVELS[:1] * channels), found
    assert ffmpeg("planar.tif", layout, channels) == LEVELS[:channels]
    tifffile.imwrite("plain.tif", np.moveaxis(planes, 0, -1), photometric="rgb", planarconfig="contig", extrasamples=extra)
    assert opencv("plain.tif")[2] == LEVELS[:channels]
    small = (planes // 256).astype(np.uint8)[:3]
    tifffile.imwrite("small.tif", small, photometric="rgb", planarconfig="separate")
    assert opencv("small.tif")[2] == small[:, 5, 5].tolist()
default = np.zeros((3, 64, 64), np.uint16)
tifffile.imwrite("default.tif", default, photometric="rgb")
assert tifffile.TiffFile("default.tif").pages[0].planarconfig == 2
print("tifffile stores (3, 64, 64) planar")
grey = np.zeros((64, 64, 2), np.uint16)
grey[:] = (40_000, 20_000)
tifffile.imwrite("grey.tif", grey, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
found = opencv("grey.tif")
print("grey 40000 with alpha 20000, 16 bits:", found)
assert found == ((64, 64), "uint8", [40_000 >> 8]), found
assert ffmpeg("grey.tif", "ya16le", 2) == [40_000, 20_000]
PYTHON
