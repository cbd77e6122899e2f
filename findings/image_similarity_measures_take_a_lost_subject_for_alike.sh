#!/usr/bin/env bash
# Four of the eight scores of image-similarity-measures can't be trusted with frames of 8 bits. psnr, rmse and ssim take white for 4095, of 12-bit
# satellite pictures, in its command too, which has no option for it: a matte whose subject is lost altogether has 30 dB and an ssim of 0.61, and is
# really at 6 dB; noise against it 29 dB. sam, the angle between colours, multiplies bytes by bytes, so that a picture is 89.7 degrees from itself, and
# where one pixel is black in either picture the mean is NaN, which becomes 0, the perfect score: so a cut-out, whose background is black, is perfect
# whatever is in it. fsim keeps only the edges at which it gets brighter, downwards or to the right: the same fade on the left side of a square counts
# 0.73 and on the right side 0.86, and a lost subject is NaN. No message but NumPy's. Give max_p=255, float frames to sam, and leave fsim.
# Seen with image-similarity-measures 0.3.6, OpenCV 4.11.0.86, scikit-image 0.20.0, phasepack 1.5.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check image-similarity-measures==0.3.6 phasepack==1.5 opencv-python==4.11.0.86 scikit-image==0.20.0 scipy==1.14.1 numpy==1.26.4
cat > seen.py <<'PYTHON'
import importlib.metadata
import math

import cv2
import numpy as np
from image_similarity_measures.evaluate import evaluation
from image_similarity_measures.quality_metrics import fsim, psnr, sam, ssim

print("image-similarity-measures", importlib.metadata.version("image-similarity-measures"))
matte = np.zeros((64, 64, 3), np.uint8)
matte[16:48, 16:48] = 255
lost = np.zeros_like(matte)
cv2.imwrite("matte.png", matte)
cv2.imwrite("lost.png", lost)

seen = evaluation("matte.png", "lost.png", ["psnr", "ssim", "sam", "fsim"])
right = psnr(matte, lost, max_p=255), ssim(matte, lost, max_p=255)
print(f"  subject lost: {seen}; psnr and ssim with max_p=255: {right}")
assert abs(seen["psnr"] - 30.13) < 0.01 and abs(right[0] - 6.02) < 0.01
assert seen["ssim"] > 0.6 and seen["sam"] == 0 and math.isnan(seen["fsim"])
noise = np.random.default_rng(0).integers(1, 256, matte.shape).astype(np.uint8)
print("  noise for the matte: psnr", psnr(matte, noise))
assert 28 < psnr(matte, noise) < 30

colour = np.full((64, 64, 3), (200, 100, 50), np.uint8)
other = np.full((64, 64, 3), (50, 100, 200), np.uint8)
black = other.copy()
black[0, 0] = 0
for name, first, second, bytes_angle, float_angle in (
    ("a colour and itself", colour, colour, 89.7, 0),
    ("a colour and another one", colour, other, 89.9, 55.15),
    ("the same with one black pixel", colour, black, 0, 0),
):
    angle, of_floats = sam(first, second), sam(first.astype(np.float64), second.astype(np.float64))
    print(f"  {name}: {angle:.2f} degrees, as floats {of_floats:.2f}")
    assert abs(angle - bytes_angle) < 0.1 and abs(of_floats - float_angle) < 0.1

right_fades = matte.copy()
right_fades[16:48, 36:48] = np.linspace(255, 0, 12).astype(np.uint8)[:, None]
left_fades = np.ascontiguousarray(right_fades[:, ::-1])
assert np.array_equal(matte, matte[:, ::-1])
scores = fsim(matte, left_fades), fsim(matte, right_fades)
print("  fsim, the left side fades, the right side fades:", scores)
assert scores[1] - scores[0] > 0.1
PYTHON
env/bin/python -W ignore seen.py
