#!/usr/bin/env bash
# kornia's connected_components gives each pixel a number of its own and lets the largest one spread by a pixel a step, 100 steps unless told
# otherwise, and stops there without looking whether anything still moves. A disc of radius 120 is 13353 components instead of one, a
# line of 390 pixels 290: "keep the largest" leaves a small piece of the subject, and a test on small masks passes. Its
# distance_transform is no less local: on a plane with one object pixel the distance at a corner 70.7 pixels away is 50.4, so that beyond
# a few pixels a feather or trimap of it is square, not round, and beside nothing at all it says 0, as if the object were everywhere.
# No message. num_iterations as large as the longest way inside an object is right, and slow; SciPy and OpenCV need no number.
# Seen with kornia 0.9.0, PyTorch 2.13.0, SciPy 1.17.1.
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
from kornia.contrib import connected_components, distance_transform
from scipy import ndimage

print("kornia", kornia.__version__)


def tensor(mask):
    return torch.tensor(mask, dtype=torch.float32)[None, None]


def count(mask, **options):
    """How many labels besides 0."""
    return len(torch.unique(connected_components(tensor(mask), **options))) - 1


rows, columns = np.mgrid[:300, :300]
disc = (rows - 150) ** 2 + (columns - 150) ** 2 < 120**2
line = np.zeros((5, 400), bool)
line[2, 5:395] = True
small = np.zeros((40, 40), bool)
small[5:15, 5:15] = small[20:30, 20:30] = True
for name, mask, expected in (("disc", disc, 1), ("line", line, 1), ("two small squares", small, 2)):
    seen, right = count(mask), ndimage.label(mask)[1]
    print(f"{name}: {seen} components, SciPy {right}")
    assert right == expected and (seen == right) == (name == "two small squares")
assert count(disc) > 10_000 and count(line) == 290
assert count(disc, num_iterations=400) == 1
labels = connected_components(tensor(disc))
largest = int(torch.unique(labels[labels > 0], return_counts=True)[1].max())
print(f"the disc's largest component: {largest} of its {int(disc.sum())} pixels")
assert largest < disc.sum() / 2

dot = np.zeros((100, 100), bool)
dot[50, 50] = True
seen, right = distance_transform(tensor(dot))[0, 0].numpy(), ndimage.distance_transform_edt(~dot)
for place in ((50, 60), (40, 40), (0, 0)):
    print(f"distance at {place}: {seen[place]:.1f}, SciPy {right[place]:.1f}")
assert abs(seen[50, 60] - 10) < 0.3 and 50 < seen[0, 0] < 51 and right[0, 0] > 70
nothing = distance_transform(tensor(np.zeros((20, 20))))
print("without any object:", torch.unique(nothing).tolist())
assert (nothing == 0).all()
PYTHON
