#!/usr/bin/env bash
# A stack of mattes that imageio writes as TIFF has a page for each frame, unless there are three or four of them: then
# tifffile takes the frames for the planes of one RGB or RGBA picture, the fourth matte as its alpha. imageio.v3.imread gives
# the stack back in the same shape, so that a test passes; Pillow and OpenCV see one colour picture, and OpenCV multiplies it
# by the fourth matte. tifffile's warning is a DeprecationWarning, which Python does not show here. imageio.v2's mimwrite
# writes pages. Seen with imageio 2.38.1, tifffile 2026.3.3, Pillow 12.3.0, OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio==2.38.1 tifffile==2026.3.3 pillow==12.3.0 \
    opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import imageio
import imageio.v2
import imageio.v3
import numpy as np
import tifffile
from PIL import Image

print("imageio", imageio.__version__, "tifffile", tifffile.__version__)


def opened(name):
    """Mode and number of pages as Pillow sees them."""
    with Image.open(name) as image:
        return image.mode, getattr(image, "n_frames", 1)


for count, expected in ((2, ("L", 2)), (3, ("RGB", 1)), (4, ("RGBA", 1)), (5, ("L", 5))):
    mattes = np.stack([np.full((20, 30), 40 + 50 * frame, np.uint8) for frame in range(count)])
    imageio.v3.imwrite("stack.tif", mattes)
    print(count, "mattes:", *opened("stack.tif"), "page(s), read again by imageio", imageio.v3.imread("stack.tif").shape)
    assert opened("stack.tif") == expected, opened("stack.tif")
    assert (imageio.v3.imread("stack.tif") == mattes).all()
    if count == 4:
        pages = cv2.imreadmulti("stack.tif", flags=cv2.IMREAD_UNCHANGED)[1]
        print("OpenCV:", len(pages), "page, first pixel", pages[0][0, 0].tolist(), "of mattes", mattes[:, 0, 0].tolist())
        assert len(pages) == 1 and (pages[0][0, 0, :3] < mattes[2::-1, 0, 0]).all()
    imageio.v2.mimwrite("pages.tif", list(mattes))
    assert opened("pages.tif") == ("L", count)
PYTHON
