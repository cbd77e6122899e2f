#!/usr/bin/env bash
# imageio reads OpenEXR as 8-bit RGB, and what that means depends on what else is installed. Beside PyAV a linear 0.5 is 128,
# everything over 1 is 255, alpha is gone and the picture has a time axis, (1, H, W, 3). Beside OpenCV alone the same call gives
# (H, W, 3) and black: OpenCV rounds the floats to whole numbers, so that 0.18 and 0.5 are 0 and only lights above 1 are left, as
# 1, 2, 3. Neither warns; a matte in EXR read so is 0 or 1 of 255. Seen with imageio 2.38.1, PyAV 18.1.0, OpenCV 4.14.0, OpenEXR
# 3.5.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio==2.38.1 OpenEXR==3.5.3 opencv-python-headless==4.14.0.94 numpy==2.2.6 pillow==12.3.0
cat > read.py <<'PYTHON'
import sys

import imageio.v3 as iio
import numpy as np
import OpenEXR

levels = np.tile(np.float16([0.18, 0.5, 1, 3]).repeat(16), (32, 1))
planes = {"R": levels, "G": levels, "B": levels, "A": np.full_like(levels, 0.25)}
with OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, planes) as file:
    file.write("picture.exr")
picture = iio.imread("picture.exr")
print("beside", sys.argv[1], picture.shape, picture.dtype, picture.reshape(-1, 64, 3)[5, ::16, 0].tolist())
shape, seen = {"OpenCV": ((32, 64, 3), [0, 0, 1, 3]), "PyAV": ((1, 32, 64, 3), [46, 128, 255, 255])}[sys.argv[1]]
assert picture.shape == shape and picture.dtype == np.uint8
assert abs(picture.reshape(-1, 64, 3)[5, ::16].astype(int) - np.array(seen)[:, None]).max() <= 1
PYTHON
OPENCV_IO_ENABLE_OPENEXR=1 env/bin/python read.py OpenCV
env/bin/python -m pip install --quiet --disable-pip-version-check av==18.1.0
OPENCV_IO_ENABLE_OPENEXR=1 env/bin/python read.py PyAV
