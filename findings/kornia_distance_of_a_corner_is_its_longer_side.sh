#!/usr/bin/env bash
# kornia's distance_transform, which "approximates the Euclidean distance transform", adds up steps of a 3 x 3 kernel, in which a step to a
# corner costs 1.1 instead of 1.41 and soon no more than one along a row: 255 pixels away in both directions is 255.4 where SciPy has 360.6,
# 29% too little, so that a band of "20 pixels around the subject" is a square with corners 27 pixels out. Straight ahead the second pixel is
# 1.83 away and all beyond are 0.17 short as well. A frame with no subject is 0 throughout, the distance of pixels in it, and a half
# transparent pixel is at 0.2. Only a larger kernel_size helps near by. No message. Seen with kornia 0.9.0, PyTorch 2.13.0, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check kornia==0.9.0 torch==2.13.0 scipy==1.17.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import kornia
import numpy as np
import torch
from kornia.contrib import distance_transform
from scipy import ndimage

print("kornia", kornia.__version__)
picture = torch.zeros(1, 1, 256, 256)
picture[..., 0, 0] = 1
seen = distance_transform(picture)[0, 0].numpy()
right = ndimage.distance_transform_edt(picture[0, 0].numpy() == 0)
print(f"the opposite corner: {seen[255, 255]:.1f}, {right[255, 255]:.1f} by SciPy; along the row: {seen[0, :5].round(2).tolist()}")
assert abs(seen[255, 255] - 255.4) < 0.1 and abs(right[255, 255] - 360.6) < 0.1
assert np.allclose(seen[0, 2:5], [1.833, 2.833, 3.833], atol=0.01)

dot = torch.zeros(1, 1, 129, 129)
dot[..., 64, 64] = 1
band = distance_transform(dot)[0, 0].numpy() <= 20
reach = [int(np.diagonal(band)[64:].sum()) - 1, int(band[64, 64:].sum()) - 1]
print(f"a band of 20 around a dot reaches {reach[0] * 2**0.5:.1f} pixels to the corner and {reach[1]} to the side")
assert reach[0] * 2**0.5 > 26 and reach[1] == 20
empty = distance_transform(torch.zeros(1, 1, 32, 32))
half = distance_transform(picture * 0.5)
print(f"no subject: from {empty.min():.1f} to {empty.max():.1f}; at a half transparent pixel: {half[0, 0, 0, 0]:.2f}")
assert (empty == 0).all() and abs(half[0, 0, 0, 0] - 0.199) < 0.001
PYTHON
