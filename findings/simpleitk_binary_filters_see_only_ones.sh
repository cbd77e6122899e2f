#!/usr/bin/env bash
# SimpleITK's binary filters take only the number 1 for the object. A mask of 0 and 255, as every picture file has, comes back from
# BinaryDilate, BinaryErode, BinaryMorphologicalOpening and -Closing and BinaryFillhole bit for bit as it was, and from BinaryMedian
# empty, without a message; with 1 for 255 all of them work. And SignedMaurerDistanceMap gives squares unless told otherwise: a
# border of 4 pixels, cut at distance 4, is 2 wide. Seen with SimpleITK 2.5.7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check simpleitk==2.5.7 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import SimpleITK as sitk

print("SimpleITK", sitk.Version_VersionString())
mask = np.zeros((40, 40), np.uint8)
mask[10:30, 10:30] = 1
mask[18:20, 18:20] = 0
mask[5, 5] = 1
names = ("BinaryDilate", "BinaryErode", "BinaryMorphologicalOpening", "BinaryMorphologicalClosing", "BinaryMedian", "BinaryFillhole")
for name in names:
    step = getattr(sitk, name)
    of_ones, of_255 = (sitk.GetArrayFromImage(step(sitk.GetImageFromArray(m))) for m in (mask, mask * 255))
    sizes = [int(np.count_nonzero(x)) for x in (mask, of_ones, of_255)]
    print(f"{name}: {sizes[0]} pixels become {sizes[1]} as 1 and {sizes[2]} as 255")
    assert sizes[1] != sizes[0]
    if name == "BinaryMedian":
        assert sizes[2] == 0
    else:
        assert (of_255 == mask * 255).all()
inside = sitk.GetImageFromArray((np.arange(400).reshape(20, 20) % 20 < 10).astype(np.uint8))
distances = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(inside))[5, 10:15]
print("distance to the object, pixel by pixel:", distances.tolist())
assert distances.tolist() == [1, 4, 9, 16, 25]
PYTHON
