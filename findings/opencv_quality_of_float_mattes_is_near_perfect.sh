#!/usr/bin/env bash
# OpenCV's quality module (opencv_contrib: cv2.quality) counts every picture in levels of 0 to 255, whatever its type. Mattes as floats
# of 0..1, as every network hands them out, differ by nothing it can see: a matte against its own inverse has an SSIM of 0.87 where its
# bytes have -0.05, a PSNR of 48 dB instead of 0.2, and a gradient deviation (GMSD) of 0.001, as good as none. 16-bit mattes
# err the other way, PSNR -48 dB. QualityPSNR takes maxPixelValue, the other two have nothing to set. And GMSD is documented as "0
# (worst) to 1 (best)": it is 0 for a perfect matte and grows with the error, so that who keeps the highest keeps the worst. Multiply
# floats by 255 first. Seen with opencv-contrib-python-headless 5.0.0.93.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-contrib-python-headless==5.0.0.93 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
rows, columns = np.mgrid[:128, :192]
matte = np.clip((40 - np.hypot(rows - 64, columns - 96)) / 8 + 0.5, 0, 1).astype(np.float32)
softened = cv2.GaussianBlur(matte, (0, 0), 4)


def scores(answer, scale, kind):
    """SSIM, PSNR and GMSD of an answer, both planes multiplied by scale and converted."""
    truth, other = ((plane * scale).round() if kind is not np.float32 else plane * scale for plane in (matte, answer))
    planes = truth.astype(kind), other.astype(kind)
    quality = cv2.quality
    return [score(*planes)[0][0] for score in (quality.QualitySSIM_compute, quality.QualityPSNR_compute, quality.QualityGMSD_compute)]


seen = {}
for name, answer in (("itself", matte), ("blurred", softened), ("its inverse", 1 - matte)):
    for depth, scale, kind in (("bytes", 255, np.uint8), ("float 0..255", 255, np.float32), ("float 0..1", 1, np.float32), ("16 bits", 65535, np.uint16)):
        seen[name, depth] = scores(answer, scale, kind)
        print(f"  a matte against {name}, {depth}: SSIM {{:.3f}}, PSNR {{:.1f}} dB, GMSD {{:.4f}}".format(*seen[name, depth]))
assert all(abs(seen["its inverse", "float 0..255"][i] - seen["its inverse", "bytes"][i]) < 0.001 for i in range(3))
assert seen["its inverse", "bytes"][0] < 0 < 0.85 < seen["its inverse", "float 0..1"][0]
assert seen["its inverse", "bytes"][1] < 1 and seen["its inverse", "float 0..1"][1] > 48 and seen["its inverse", "16 bits"][1] < -47
assert seen["its inverse", "float 0..1"][2] < 0.002 < 0.2 < seen["its inverse", "bytes"][2]
assert seen["blurred", "bytes"][0] < 0.95 and seen["blurred", "float 0..1"][0] > 0.99
assert cv2.quality.QualityPSNR_compute(matte, 1 - matte, None, 1.0)[0][0] < 1
said = cv2.quality.QualityGMSD_compute.__doc__
assert "0 (worst) to 1 (best)" in said and seen["itself", "bytes"][2] == 0 < seen["blurred", "bytes"][2] < seen["its inverse", "bytes"][2]
PYTHON
