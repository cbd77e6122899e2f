#!/usr/bin/env bash
# cv2.stylization and cv2.edgePreservingFilter(flags=cv2.NORMCONV_FILTER) answer with black where a row or a column of the picture is, from
# one side of the frame to the other, shorter than the filter's reach: about 1.5 sigma_s pixels, each change of colour making it longer.
# At the default sigma_s of 60 a flat frame of up to 91 pixels is all black, and so is one with a flat subject on a flat background: a
# logo, a drawn figure, a crop before a wall that was denoised. Noise of a few levels lengthens the rows enough, so that a tool which is
# tested on photographs shows nothing. No error. RECURS_FILTER is right everywhere; or take a sigma_s below width / 1.6, or enlarge.
# Frames of floats in 0..1 come back as bytes, 0 or 1 of 255 (pencilSketch: all white). Seen with opencv-python-headless 5.0.0.93.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
FILTERS = {
    "stylization": lambda frame, sigma_s=60: cv2.stylization(frame, sigma_s=sigma_s),
    "NORMCONV_FILTER": lambda frame, sigma_s=60: cv2.edgePreservingFilter(frame, flags=cv2.NORMCONV_FILTER, sigma_s=sigma_s),
    "RECURS_FILTER": lambda frame, sigma_s=60: cv2.edgePreservingFilter(frame, flags=cv2.RECURS_FILTER, sigma_s=sigma_s),
}


def flat(width, height):
    return np.full((height, width, 3), (10, 128, 250), np.uint8)


for name, apply in FILTERS.items():
    for sigma_s in (20, 60, 100):
        widest = max((width for width in range(10, 260) if not apply(flat(width, 300), sigma_s).any()), default=0)
        print(f"  {name}, sigma_s {sigma_s}: flat frames are all black up to a width of {widest}")
        assert widest == 0 if name == "RECURS_FILTER" else abs(widest - 1.51 * sigma_s) < 3
    assert np.array_equal(apply(flat(640, 480)), flat(640, 480))

rows, columns = np.mgrid[:88, :88]
crop = flat(88, 88)
crop[np.hypot(rows - 44, columns - 44) < 25] = (180, 190, 230)
grain = np.random.default_rng(0).normal(0, 4, crop.shape)
noisy = np.clip(crop + grain, 0, 255).astype(np.uint8)
for name, apply in FILTERS.items():
    black, black_of_noisy = (float((~apply(frame).any(2)).mean()) for frame in (crop, noisy))
    print(f"  {name}, 88 x 88 with a flat subject: {black:.0%} black, with noise of 4 levels {black_of_noisy:.0%}")
    assert black == (0 if name == "RECURS_FILTER" else 1) and black_of_noisy < 0.1
floats = cv2.resize(crop, (640, 640)).astype(np.float32) / 255
for name, apply in (*FILTERS.items(), ("pencilSketch", lambda frame: cv2.pencilSketch(frame)[0])):
    answer = apply(floats)
    print(f"  {name}, floats of 0..1: {answer.dtype}, {answer.min()} to {answer.max()}")
    assert answer.dtype == np.uint8 and (answer.min() > 250 if name == "pencilSketch" else answer.max() <= 1)
PYTHON
