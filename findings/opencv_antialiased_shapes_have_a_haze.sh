#!/usr/bin/env bash
# OpenCV's LINE_AA makes a filled shape larger instead of smoother: the shape is filled as without it, with all pixels that its outline
# touches, and a soft line is drawn around that. A square from 5 to 15 has the same 121 pixels, its lowest row at 232 only, and one
# more ring of 53 to 58 outside, where the numbers say 100 (121 for who counts pixels); a disc of radius 5 covers 96 instead of 79. A trimap
# or garbage matte drawn so is half a pixel larger on every side, a test for "not 0" finds a pixel more each way, and one for 255
# a row less. Straight edges along the pixels need no smoothing. The documentation promises an "antialiased line". A float or
# 16-bit picture gets hard edges with the same flag (documented: 8 bits alone). No message. Drawing eight times as large and reducing
# by INTER_AREA is right to a pixel or two. Seen with OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np

print("OpenCV", cv2.__version__)
SIZE, TIMES = 24, 8


def square(picture, scale, line):
    first, last = 5 * scale, 15 * scale - (scale > 1)
    corners = np.array([[first, first], [last, first], [last, last], [first, last]])
    cv2.fillPoly(picture, [corners], 255, lineType=line)


def disc(picture, scale, line):
    # Enlarged, the middle of pixel 10 lies half a pixel further on.
    middle = 10 * scale + (scale // 2 if scale > 1 else 0)
    cv2.circle(picture, (middle, middle), 5 * scale, 255, -1, line)


for name, draw, exact, hard_area, soft_area in (("square", square, 100, 121, 129), ("disc", disc, np.pi * 25, 81, 96)):
    hard, soft = np.zeros((2, SIZE, SIZE), np.uint8)
    draw(hard, 1, cv2.LINE_8)
    draw(soft, 1, cv2.LINE_AA)
    large = np.zeros((SIZE * TIMES, SIZE * TIMES), np.uint8)
    draw(large, TIMES, cv2.LINE_8)
    reduced = cv2.resize(large, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    areas = [float(picture.sum() / 255) for picture in (hard, soft, reduced)]
    print(f"{name} of {exact:.1f}: hard {areas[0]:.1f}, LINE_AA {areas[1]:.1f}, drawn large and reduced {areas[2]:.1f}")
    print("  a row through the middle:", soft[10, 2:19].tolist())
    assert abs(areas[0] - hard_area) < 1 and abs(areas[1] - soft_area) < 1 and abs(areas[2] - exact) < 2
    assert (soft[hard > 0] > 200).all() and (soft > 0).sum() > (hard > 0).sum() + 20
ring = np.zeros((SIZE, SIZE), np.uint8)
square(ring, 1, cv2.LINE_AA)
assert set(ring[10, 5:16].tolist()) == {255} and 225 < ring[15, 10] < 240 and 40 < ring[10, 4] < 70 and 40 < ring[10, 16] < 70 and ring[10, 4] != ring[10, 16]
for kind in (np.float32, np.uint16):
    deep = np.zeros((SIZE, SIZE), kind)
    disc(deep, 1, cv2.LINE_AA)
    assert set(np.unique(deep).tolist()) == {0, 255}
PYTHON
