#!/usr/bin/env bash
# OpenCV's seamlessClone, colorChange, illuminationChange and textureFlattening write into the mask that they are given, though it is an
# input: after the call it is inverted and a few pixels narrower. In a loop over frames with one mask every second frame so is
# changed around the subject instead of in it; who composites by the same array afterwards cuts the subject out. For seamlessClone only the
# part of the mask that was placed is turned over, so that the far corners look right. An array whose write flag is off is
# changed as well. No message; a mask of three channels is converted first and stays as it was. Hand over mask.copy().
# Seen with OpenCV 4.14.0 and 5.0.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numpy==2.2.6
cat > seen.py <<'PYTHON'
import sys

sys.path.insert(0, sys.argv[1])
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
picture, other = (cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 256, (100, 120, 3), np.uint8), (0, 0), 3) for seed in (0, 1))
fresh = np.zeros((100, 120), np.uint8)
fresh[30:61, 40:81] = 255
steps = {
    "seamlessClone": lambda mask: cv2.seamlessClone(other, picture, mask, (60, 45), cv2.NORMAL_CLONE),
    "colorChange": lambda mask: cv2.colorChange(picture, mask, red_mul=1.5, green_mul=0.5, blue_mul=1),
    "illuminationChange": lambda mask: cv2.illuminationChange(picture, mask, alpha=0.2, beta=0.4),
    "textureFlattening": lambda mask: cv2.textureFlattening(picture, mask),
}
for name, step in steps.items():
    mask = fresh.copy()
    first = step(mask)
    after = mask.copy()
    second = step(mask)
    difference = int(np.abs(first.astype(int) - second).max())
    print(f"{name}: the mask's {np.count_nonzero(fresh)} pixels are {np.count_nonzero(after)}; the second call differs by up to {difference}")
    # The middle of the object has left the mask, and its edge has joined it.
    assert after[45, 60] == 0 and after[30, 60] == 255
    assert (after[5, 5] == 255) == (name != "seamlessClone")
    assert difference > 5
    assert (step(fresh.copy()) == first).all()
    three = cv2.merge([fresh] * 3)
    assert (step(three) == first).all() and (three == cv2.merge([fresh] * 3)).all()
    locked = fresh.copy()
    locked.flags.writeable = False
    step(locked)
    assert (locked == after).all()
PYTHON
for version in 4.14.0.94 5.0.0.93; do
  env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$version" "opencv-python-headless==$version"
  env/bin/python seen.py "$version"
done
