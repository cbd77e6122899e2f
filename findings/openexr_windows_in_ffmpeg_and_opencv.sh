#!/usr/bin/env bash
# An OpenEXR picture stores what its data window holds, somewhere in its display window. OpenCV reads the data window alone: a matte
# whose renderer stored only the box around the subject comes back as that box (another size for every frame), and an overscan
# render larger than the plate. FFmpeg pads and crops to the display window's size, yet takes the data window's numbers as if
# the display window began at (0, 0): where it begins at (10, 10), as in a crop of a plate, the matte sits 10 pixels too far
# to the right and down, with exit status 0 and no message. Overscan around a display window at (0, 0) it cuts rightly.
# Seen with OpenCV 4.14.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), OpenEXR 3.5.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check OpenEXR==3.5.3 opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.2.6
OPENCV_IO_ENABLE_OPENEXR=1 env/bin/python - <<'PYTHON'
import subprocess

import cv2
import imageio_ffmpeg
import numpy as np
import OpenEXR

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("OpenEXR", OpenEXR.__version__, "OpenCV", cv2.__version__)


def corner(x, y):
    return np.array((x, y), np.int32)


def written(name, data, display):
    """Write ones in the data window; windows are left, top, width, height. Returns what the display window shows."""
    ones = np.ones((data[3], data[2]), np.float16)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    for key, (left, top, width, height) in (("dataWindow", data), ("displayWindow", display)):
        header[key] = (corner(left, top), corner(left + width - 1, top + height - 1))
    with OpenEXR.File(header, dict.fromkeys("RGBA", ones)) as file:
        file.write(name)
    shown = np.zeros((display[3], display[2]), bool)
    left, top = data[0] - display[0], data[1] - display[1]
    shown[max(top, 0) : top + data[3], max(left, 0) : left + data[2]] = True
    return shown


def box(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), len(columns), len(rows)


def read(name):
    """OpenCV's size, and the box of FFmpeg's alpha in its picture of 64 x 32."""
    command = [FFMPEG, "-v", "warning", "-i", name, "-f", "rawvideo", "-pix_fmt", "gbrapf32le", "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    alpha = np.frombuffer(done.stdout, np.float32).reshape(4, 32, 64)[3]
    return cv2.imread(name, cv2.IMREAD_UNCHANGED).shape[1::-1], box(alpha > 0.5)


for name, data, display in (
    ("subject", (20, 10, 16, 8), (0, 0, 64, 32)),
    ("overscan", (-8, -8, 80, 48), (0, 0, 64, 32)),
    ("crop", (20, 15, 16, 8), (10, 10, 64, 32)),
):
    shown = box(written(f"{name}.exr", data, display))
    opencv, ffmpeg = read(f"{name}.exr")
    print(f"{name}: alpha is at {shown} of 64 x 32; OpenCV reads {opencv[0]} x {opencv[1]}; FFmpeg {ffmpeg}")
    assert opencv == data[2:], "OpenCV knows the display window"
    moved = (ffmpeg[0] - shown[0], ffmpeg[1] - shown[1])
    assert moved == ((10, 10) if name == "crop" else (0, 0)) and ffmpeg[2:] == shown[2:], moved
PYTHON
