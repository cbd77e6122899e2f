#!/usr/bin/env bash
# vidstab, the stabiliser of Python, keeps the motion of every clip that one VidStab object has seen and numbers it from the beginning of the first:
# the second clip, of a camera on a tripod, is shaken as the first one was, by stabilize() and by gen_transforms() and apply_transforms()
# alike. Whoever loops over a folder with one object has only the first clip right; take a new one for each. It also cuts the
# frame rate down to a whole number: 29.97 becomes 29, 23.976 becomes 23, so that an hour of film lasts two and a half minutes longer
# and the matte no longer meets its sound or plate. Give output_fps, which is not cut. Frames with alpha that
# stabilize_frame() takes and gives back have lost theirs: it is 255 inside the frame that was moved and 0 outside, whatever it was, so
# that a cut-out is an opaque rectangle. No message. Seen with vidstab 1.7.4 and opencv-python 4.12.0.88.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check vidstab==1.7.4 opencv-python==4.12.0.88 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import cv2
import numpy as np
from vidstab import VidStab

print("vidstab", importlib.metadata.version("vidstab"), "OpenCV", cv2.__version__)
FRAMES, WINDOW = 60, 15
scene = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (320, 400, 3), np.uint8), (0, 0), 2)
scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)
SHAKE = [(round(20 * np.sin(0.9 * index)), round(15 * np.cos(1.3 * index))) for index in range(FRAMES)]


def picture(right, down):
    return np.ascontiguousarray(scene[40 + down : 280 + down, 40 + right : 360 + right])


def write(name, places, rate=30000 / 1001):
    writer = cv2.VideoWriter(name, cv2.VideoWriter_fourcc(*"MJPG"), rate, (320, 240))
    for place in places:
        writer.write(picture(*place))
    writer.release()


def seen(name):
    """The rate and how much a pixel changes from a frame to the next, on average."""
    capture = cv2.VideoCapture(name)
    frames = []
    while (answer := capture.read())[0]:
        frames.append(answer[1].astype(float))
    assert len(frames) == FRAMES
    return capture.get(cv2.CAP_PROP_FPS), float(np.mean([np.abs(one - other).mean() for one, other in zip(frames, frames[1:], strict=False)]))


def in_one_go(stabiliser, name):
    stabiliser.stabilize(name, "out.avi", smoothing_window=WINDOW, show_progress=False)


def in_two_steps(stabiliser, name):
    stabiliser.gen_transforms(name, smoothing_window=WINDOW, show_progress=False)
    stabiliser.apply_transforms(name, "out.avi", show_progress=False)


write("hand.avi", SHAKE)
write("tripod.avi", [(0, 0)] * FRAMES)
print(f"  changes from frame to frame: hand-held {seen('hand.avi')[1]:.1f}, tripod {seen('tripod.avi')[1]:.1f}")
for run in (in_one_go, in_two_steps):
    changes = {}
    for order in (["hand.avi"], ["tripod.avi"], ["hand.avi", "tripod.avi"]):
        stabiliser = VidStab()
        for name in order:
            run(stabiliser, name)
        changes[len(order), order[-1]] = seen("out.avi")[1]
        print(f"  {run.__name__}, {' and then '.join(order)}: the last changes by {changes[len(order), order[-1]]:.1f}")
    assert changes[1, "tripod.avi"] < 0.5 and changes[2, "tripod.avi"] > 10
    assert changes[1, "hand.avi"] < 0.8 * seen("hand.avi")[1]

for rate in (25, 24000 / 1001, 30000 / 1001, 60000 / 1001):
    write("clip.avi", [(0, 0)] * FRAMES, rate)
    rates = []
    for asked in (None, rate):
        VidStab().stabilize("clip.avi", "out.avi", smoothing_window=WINDOW, show_progress=False, output_fps=asked)
        rates.append(seen("out.avi")[0])
    print(f"  a clip of {rate:.3f} frames a second is written at {rates[0]:.3f}, with output_fps at {rates[1]:.3f}")
    assert abs(rates[0] - int(rate)) < 0.001 and abs(rates[1] - rate) < 0.001

alpha = np.zeros((240, 320), np.uint8)
cv2.circle(alpha, (160, 120), 60, 128, -1)
middle = np.s_[40:200, 40:280]
for name, places in (("tripod", [(0, 0)] * FRAMES), ("hand-held", SHAKE)):
    stabiliser = VidStab()
    answers = [stabiliser.stabilize_frame(np.dstack([picture(*place), alpha]), smoothing_window=WINDOW) for place in places]
    last = answers[-1]
    inside, rim = last[middle][..., 3], last[..., 3]
    print(f"  {name}, cut-outs of alpha 0 and 128: alpha is {np.unique(inside).tolist()} in the middle, {rim.min()} to {rim.max()} in all")
    assert last.shape == (240, 320, 4) and inside.min() == 255 and rim.min() == (255 if name == "tripod" else 0)
    if name == "tripod":
        assert np.array_equal(last[..., :3], picture(0, 0))
PYTHON
