#!/usr/bin/env bash
# kornia's remap, whose maps hold pixel positions as OpenCV's do, changes the picture when each pixel is told to stay: with its defaults it
# scales the positions as if the outer pixels' centres were the frame and samples as if their outer edges were (align_corners is None,
# which is False). The picture is stretched about its middle by half a pixel at each side, and the outermost row and column lose half of
# their light, the corners 3/4; a matte of 1 that is carried so from frame to frame is below half in its four outer columns after ten. With
# align_corners=True nothing moves. center_crop, asked for an odd size of an even picture, gives pixels between pixels: a mask of 0 and 1
# so has halves, and a thin line is grey and two wide. The class CenterCrop cuts whole pixels unless told otherwise. No message.
# Seen with kornia 0.9.0, PyTorch 2.13.0, OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check kornia==0.9.0 torch==2.13.0 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import cv2
import kornia
import numpy as np
import torch
from kornia.augmentation import CenterCrop
from kornia.geometry.transform import center_crop, remap

print("kornia", kornia.__version__)


def told(row):
    return " ".join(f"{level:.2f}" for level in row)


SIZE = 16
columns, rows = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32))
map_x, map_y = torch.tensor(columns)[None], torch.tensor(rows)[None]
for name, picture in (("columns counted", columns), ("a matte of 1", np.ones((SIZE, SIZE), np.float32))):
    tensor = torch.tensor(picture)[None, None]
    stayed = remap(tensor, map_x, map_y)[0, 0].numpy()
    print(f"{name}, by remap that moves nothing: row 8 {told(stayed[8])}, first pixel {stayed[0, 0]:.2f}")
    assert np.abs(stayed - picture).max() > 0.7
    assert np.abs(remap(tensor, map_x, map_y, align_corners=True)[0, 0].numpy() - picture).max() < 1e-4
    assert (cv2.remap(picture, columns, rows, cv2.INTER_LINEAR) == picture).all()
matte = torch.ones(1, 1, SIZE, SIZE)
for _ in range(10):
    matte = remap(matte, map_x, map_y)
print("the matte after ten frames: row 8", told(matte[0, 0, 8]))
assert matte[0, 0, 8, 0] < 0.01 and matte[0, 0, 8, 8] > 0.99
line = torch.zeros(1, 1, SIZE, SIZE)
line[..., 8] = 1
for size in (4, 5):
    seen, whole = center_crop(line, (size, size))[0, 0, 2], CenterCrop(size)(line)[0, 0, 2]
    print(f"a line of one pixel, cut to {size} x {size}: {told(seen)}, by CenterCrop {told(whole)}")
    assert sorted(whole.tolist())[-2:] == [0, 1]
    assert np.allclose(sorted(seen.tolist())[-2:], [0, 1] if size == 4 else [0.5, 0.5], atol=1e-5)
PYTHON
