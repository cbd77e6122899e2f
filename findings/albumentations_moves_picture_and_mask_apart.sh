#!/usr/bin/env bash
# Some of albumentations' geometric changes move a picture even where they are told to change nothing, and its mask by another distance:
# their maps are centred on width / 2, while pixels are counted from 0. OpticalDistortion of strength 0 moves the picture half a pixel up
# and left, which blurs it as well, and the uint8 mask a whole pixel, since it is interpolated by "nearest". SafeRotate by 0 degrees moves
# the picture half a pixel down and right and leaves the mask, by 90 degrees the mask has moved a row. GridDistortion of strength 0
# loses the last row and column of a square object. A network trained so learns an edge beside the edge, half a pixel off whatever
# the strength. Rotate and Affine are right. Seen with albumentations 2.0.8.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check albumentations==2.0.8 opencv-python-headless==4.14.0.94 numpy==2.2.6
NO_ALBUMENTATIONS_UPDATE=1 env/bin/python - <<'PYTHON'
import albumentations
import numpy as np

print("albumentations", albumentations.__version__)
mask = np.zeros((64, 64), np.uint8)
mask[16:48, 16:48] = 1
picture = np.dstack([mask.astype(np.float32)] * 3)


def centre(plane):
    """Row and column of an object's centre of mass."""
    rows, columns = np.mgrid[: plane.shape[0], : plane.shape[1]]
    return round(float((rows * plane).sum() / plane.sum()), 3), round(float((columns * plane).sum() / plane.sum()), 3)


def changed(step):
    """The picture's first channel and the mask after one step, which is told to change nothing but for whole quarter turns."""
    found = albumentations.Compose([step], seed=1)(image=picture, mask=mask)
    return found["image"][..., 0], found["mask"]


expected = {
    "OpticalDistortion": (albumentations.OpticalDistortion(distort_limit=(0, 0), p=1), (31.0, 31.0), (30.5, 30.5)),
    "SafeRotate by 0": (albumentations.SafeRotate((0, 0), p=1), (32.0, 32.0), (31.5, 31.5)),
    "SafeRotate by 90": (albumentations.SafeRotate((90, 90), p=1), (32.0, 32.0), (32.5, 31.5)),
    "Rotate by 90": (albumentations.Rotate((90, 90), p=1), (31.5, 31.5), (31.5, 31.5)),
    "Affine": (albumentations.Affine(rotate=(0, 0), p=1), (31.5, 31.5), (31.5, 31.5)),
}
for name, (step, picture_at, mask_at) in expected.items():
    seen, seen_mask = changed(step)
    print(f"{name}: centre of the picture {centre(seen)}, of its mask {centre(seen_mask)}, both were at (31.5, 31.5)")
    assert centre(seen) == picture_at and centre(seen_mask) == mask_at
_, smaller = changed(albumentations.GridDistortion(distort_limit=(0, 0), p=1))
print(f"GridDistortion: {int(smaller.sum())} pixels of mask, {int(mask.sum())} before")
assert int(smaller.sum()) == 31 * 31
PYTHON
