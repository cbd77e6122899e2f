#!/usr/bin/env bash
# OpenCV's KNN background subtractor takes frames of 16 bits and of floats, as MOG2 beside it does, and reads their first bytes as if
# each number were one byte: the mask is of the left half of a 16-bit frame, drawn twice as wide, or of the left quarter of a
# float one, four times as wide. What enters on the right is never seen; with the least noise in floats nine tenths of an empty scene are
# foreground, since the low bytes of a float are random. No error. Give it bytes. Besides, it goes on learning at learningRate=0, which
# is documented as "not updated at all": with history=50 a subject that stands still is gone from the mask before the frame 400, while
# MOG2 keeps it. Seen with opencv-python-headless 5.0.0.93.
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
SUBTRACTORS = {"MOG2": cv2.createBackgroundSubtractorMOG2, "KNN": cv2.createBackgroundSubtractorKNN}
DEPTHS = {
    "8 bits": lambda frame: frame,
    "16 bits": lambda frame: frame.astype(np.uint16) * 257,
    "float of 0..255": lambda frame: frame.astype(np.float32),
}


def scene(left=None):
    frame = np.full((60, 200, 3), 100, np.uint8)
    if left is not None:
        frame[20:40, left : left + 20] = 220
    return frame


def found(make, deepen, left):
    """The columns, from and to, and the number of pixels of a subject that enters after 39 empty frames."""
    subtractor = make(detectShadows=False)
    for _ in range(39):
        subtractor.apply(deepen(scene()))
    mask = subtractor.apply(deepen(scene(left))) > 0
    columns = np.flatnonzero(mask.any(0))
    return (int(columns[0]), int(columns[-1]), int(mask.sum())) if columns.size else None


seen = {}
for name, make in SUBTRACTORS.items():
    for depth, deepen in DEPTHS.items():
        seen[name, depth] = [found(make, deepen, left) for left in (20, 120)]
        print(f"  {name}, {depth}: columns 20 to 39 are found as {seen[name, depth][0]}, 120 to 139 as {seen[name, depth][1]}")
right = [(20, 39, 400), (120, 139, 400)]
assert all(value == right for key, value in seen.items() if key not in (("KNN", "16 bits"), ("KNN", "float of 0..255")))
assert seen["KNN", "16 bits"] == [(40, 79, 800), None]
assert seen["KNN", "float of 0..255"] == [(80, 159, 1600), None] or seen["KNN", "float of 0..255"] == [(80, 159, 1200), None]

for name, make in SUBTRACTORS.items():
    shares = {}
    for kind in (np.uint8, np.float32):
        random, subtractor = np.random.default_rng(1), make(detectShadows=False)
        for _ in range(60):
            mask = subtractor.apply((scene() + random.normal(0, 2, (60, 200, 3))).astype(kind))
        shares[kind.__name__] = float((mask > 0).mean())
    print(f"  {name}, an empty scene with noise: foreground", {key: f"{share:.1%}" for key, share in shares.items()})
    assert shares["uint8"] < 0.01 and (shares["float32"] > 0.8 if name == "KNN" else shares["float32"] < 0.01)

for name, make in SUBTRACTORS.items():
    subtractor = make(history=50, detectShadows=False)
    for _ in range(60):
        subtractor.apply(scene())
    counts = [int((subtractor.apply(scene(20), None, 0) > 0).sum()) for _ in range(400)]
    print(f"  {name}, learningRate=0: {counts[0]} pixels of a subject that stands still at first, {counts[-1]} after 400 frames")
    assert counts[0] == 400 and counts[-1] == (400 if name == "MOG2" else 0)
PYTHON
