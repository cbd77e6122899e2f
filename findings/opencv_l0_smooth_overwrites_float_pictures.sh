#!/usr/bin/env bash
# cv2.ximgproc.l0Smooth (opencv_contrib), which flattens a picture or a depth map before its mask is cut, writes its answer into the picture
# that it is given too, when that is of floats: what was the frame is the smoothed frame from there on, and whoever computes "frame minus
# smoothed" for the detail, or a matte from the frame afterwards, has a detail of 0 and a blurred matte. The answer has memory of its own, so
# nothing shows that both are alike; dst is documented as the destination. A second call on "the same frame" smooths further. 8-bit
# pictures are left alone, as are floats by the other filters beside it. Hand it a copy. Seen with
# opencv-contrib-python-headless 5.0.0.93.
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
rows, columns = np.mgrid[:96, :160]
matte = np.clip((30 - np.hypot(rows - 48, columns - 80)) / 8 + 0.5, 0, 1)
hair = np.clip(matte + 0.15 * np.sin(columns / 2) * (matte > 0), 0, 1)
FILTERS = {
    "l0Smooth": cv2.ximgproc.l0Smooth,
    "jointBilateralFilter": lambda picture: cv2.ximgproc.jointBilateralFilter(picture, picture, 9, 20, 5),
    "guidedFilter": lambda picture: cv2.ximgproc.guidedFilter(picture, picture, 4, 0.01),
    "rollingGuidanceFilter": lambda picture: cv2.ximgproc.rollingGuidanceFilter(picture, -1, 25, 3, 4),
    "dtFilter": lambda picture: cv2.ximgproc.dtFilter(picture, picture, 10, 30),
}
for name, apply in FILTERS.items():
    for kind, scale in ((np.uint8, 255), (np.float32, 1)):
        for channels in (1, 3):
            before = (np.dstack([hair] * channels).squeeze() * scale).astype(kind)
            picture = before.copy()
            answer = apply(picture)
            changed = float(np.abs(picture.astype(float) - before).max()) / scale
            did = float(np.abs(answer.astype(float) - before).max()) / scale
            print(f"  {name}, {kind.__name__}, {channels} channels: the input changed by {changed:.2f}, the answer differs by {did:.2f} from what it was")
            if name == "l0Smooth":
                assert did > 0.1 and not np.shares_memory(answer, picture)
            if name == "l0Smooth" and kind is np.float32:
                assert changed > 0.1 and np.array_equal(answer, picture)
            else:
                assert changed == 0
frame = hair.astype(np.float32)
once = cv2.ximgproc.l0Smooth(frame.copy())
first, second = cv2.ximgproc.l0Smooth(frame), cv2.ximgproc.l0Smooth(frame)
print(f"  twice on one frame: the answers differ by {np.abs(first - second).max():.3f}; frame minus smoothed is {np.abs(frame - second).max():.3f}")
assert np.array_equal(first, once) and np.abs(first - second).max() > 0.01 and not np.abs(frame - second).any()
PYTHON
