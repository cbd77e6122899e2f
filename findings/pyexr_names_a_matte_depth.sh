#!/usr/bin/env bash
# pyexr writes an array of one channel, a matte, as OpenEXR channel Z, which is a render's distance from the camera, and one of two,
# grey and alpha, as X and Y. OpenCV then reads the matte as black and takes the alpha for the grey, without an error; FFmpeg
# refuses both files. pyexr reads its own files in the same order, so that a round trip passes. From a file that has Y and A, as others
# write grey with alpha, its read gives alpha as the first channel and grey as the second, where RGBA comes with alpha last.
# channel_names=["Y"] cures the writing of a matte. Seen with pyexr 0.5.0, OpenEXR 3.5.3, OpenCV 4.14.0, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyexr==0.5.0 OpenEXR==3.5.3 opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.2.6
OPENCV_IO_ENABLE_OPENEXR=1 OPENCV_LOG_LEVEL=SILENT env/bin/python - <<'PYTHON'
import importlib.metadata
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import OpenEXR
import pyexr

print("pyexr", importlib.metadata.version("pyexr"))
matte = np.full((16, 16, 1), 0.75, np.float32)
grey_alpha = np.dstack([np.full((16, 16), 0.25, np.float32), matte])


def channels():
    return {name: float(channel.pixels[0, 0]) for name, channel in OpenEXR.File("seen.exr").channels().items()}


def seen_by_others():
    """The level that OpenCV reads, and whether FFmpeg reads the file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "quiet", "-i", "seen.exr", "-f", "null", "-"]
    level = cv2.imread("seen.exr", cv2.IMREAD_UNCHANGED)
    return float(level[0, 0]), subprocess.run(command).returncode == 0


for picture, names, level in ((matte, {"Z": 0.75}, 0), (grey_alpha, {"X": 0.25, "Y": 0.75}, 0.75)):
    pyexr.write("seen.exr", picture)
    print(f"{picture.shape[2]} channels are written as {channels()}; OpenCV reads, and FFmpeg:", seen_by_others())
    assert channels() == names and seen_by_others() == (level, False)
    assert (pyexr.read("seen.exr") == picture).all()
pyexr.write("seen.exr", matte, channel_names=["Y"])
assert channels() == {"Y": 0.75} and seen_by_others() == (0.75, True)

header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
planes = {"Y": grey_alpha[..., 0].copy(), "A": grey_alpha[..., 1].copy()}
OpenEXR.File(header, planes).write("seen.exr")
first = pyexr.read("seen.exr")[0, 0].tolist()
print("of Y 0.25 and A 0.75 it reads", first)
assert first == [0.75, 0.25]
PYTHON
