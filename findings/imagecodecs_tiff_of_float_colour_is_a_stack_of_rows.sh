#!/usr/bin/env bash
# imagecodecs, the codecs behind tifffile and much scientific imaging, writes a picture in 32-bit float as a TIFF of as many pictures as it has
# rows. An RGBA cut-out of 16 rows and 32 columns becomes 16 pages, each a grey picture 4 wide and 32 high, one column for each channel; what is
# read back is the first page, (32, 4), the top row of the picture on its side. So it goes with half float, with RGB, with whole
# numbers of 32 bits, and at 8 and 16 bits with grey and alpha of two channels; RGB and RGBA of 8 and 16 bits are right. imwrite and imread
# do it too, and Pillow and OpenCV see the same narrow picture. Every other codec of the package that takes float (JPEG XL, JPEG XR, LERC)
# gives the picture back. No message. photometric="rgb" cures colour. Seen with imagecodecs 2026.3.6, Pillow 12.3.0, OpenCV 4.14.0.94.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imagecodecs==2026.3.6 pillow==12.3.0 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import imagecodecs
import numpy as np
from PIL import Image

HEIGHT, WIDTH = 16, 32
print("imagecodecs", imagecodecs.__version__)
levels = np.random.default_rng(1).random((HEIGHT, WIDTH, 4))
for channels, number_type, scale, right in (
    (4, np.float32, 1, False),
    (3, np.float32, 1, False),
    (4, np.float16, 1, False),
    (4, np.uint32, 2**32 - 1, False),
    (2, np.uint8, 255, False),
    (2, np.uint16, 65535, False),
    (4, np.uint8, 255, True),
    (3, np.uint8, 255, True),
    (4, np.uint16, 65535, True),
):
    picture = (levels[..., :channels] * scale).astype(number_type)
    encoded = imagecodecs.tiff_encode(picture)
    back, pages = imagecodecs.tiff_decode(encoded), imagecodecs.tiff_decode(encoded, index=None)
    print(f"{picture.shape} of {picture.dtype}: read back {back.shape}, all pages {pages.shape}")
    assert np.array_equal(pages, picture) and np.array_equal(back, picture if right else picture[0])
picture = levels.astype(np.float32)
assert np.array_equal(imagecodecs.tiff_decode(imagecodecs.tiff_encode(picture, photometric="rgb")), picture)
for codec in ("jpegxl", "lerc"):
    assert np.array_equal(getattr(imagecodecs, f"{codec}_decode")(getattr(imagecodecs, f"{codec}_encode")(picture)), picture)
imagecodecs.imwrite("cut_out.tif", picture)
by_pillow, by_opencv = Image.open("cut_out.tif"), cv2.imread("cut_out.tif", cv2.IMREAD_UNCHANGED)
by_imread = imagecodecs.imread("cut_out.tif")
print(f"imwrite: imread {by_imread.shape}, Pillow {by_pillow.mode} {by_pillow.size} of {by_pillow.n_frames} pages, OpenCV {by_opencv.shape}")
assert np.array_equal(by_imread, picture[0]) and np.array_equal(by_opencv, picture[0])
assert by_pillow.mode == "F" and by_pillow.size == (4, WIDTH) and by_pillow.n_frames == HEIGHT
PYTHON
