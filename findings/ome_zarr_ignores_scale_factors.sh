#!/usr/bin/env bash
# ome-zarr's write_image takes scale_factors, "the downsampling factors for each pyramid level", as a list of numbers and looks only at how
# many there are: [4, 16], [3, 9] and [8, 64] all give levels of a half and a quarter. write_labels, for masks, takes the same argument and
# gives a half to a sixteenth whatever is asked for, in dictionaries too ([{"y": 4, "x": 4}, ...], which write_image keeps to), because its
# other argument, scaler, is deprecated and still has a default that wins; with scaler=None it does as write_image. So the frames and their
# mask, written with the same factors, have levels of other sizes. The metadata agrees with what was written: the file is valid, and
# who opens level 1 as the mask at a quarter of the size has one of twice the size. Seen with ome-zarr 0.18.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ome-zarr==0.18.0 zarr==3.1.6 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
import zarr
from ome_zarr.writer import write_image, write_labels

print("ome-zarr", importlib.metadata.version("ome-zarr"))
HEIGHT, WIDTH = 576, 1152
mask = np.zeros((HEIGHT, WIDTH), np.uint8)
mask[100:300, 200:600] = 1


def factors_of(group):
    """What each level was reduced by, from its shape and from its metadata."""
    levels = group.attrs["ome"]["multiscales"][0]["datasets"]
    arrays = [group[level["path"]] for level in levels]
    by_shape = [HEIGHT / array.shape[0] for array in arrays]
    said = [level["coordinateTransformations"][0]["scale"][-1] for level in levels]
    areas = [int(np.count_nonzero(array[:])) for array in arrays]
    return by_shape, said, areas


def levels(write, *name, **arguments):
    root = zarr.open_group("levels.zarr", mode="w")
    write(mask, root, *name, axes="yx", **arguments)
    return factors_of(root["labels/subject"] if name else root)


CALLS = {
    "write_image": (write_image, (), {}),
    "write_labels, scaler=None": (write_labels, ("subject",), {"scaler": None}),
    "write_labels": (write_labels, ("subject",), {}),
}
for name, (write, label, others) in CALLS.items():
    for asked in ([2, 4], [4, 16], [3, 9], [8, 64], [{"y": 4, "x": 4}, {"y": 16, "x": 16}], [{"y": 3, "x": 3}, {"y": 9, "x": 9}]):
        by_shape, said, areas = levels(write, *label, scale_factors=asked, **others)
        print(f"  {name}, {asked}: reduced by {by_shape[1:]}, says {said[1:]}, pixels of the mask {areas}")
        if name == "write_labels":
            kept = [2, 4, 8, 16]
        else:
            kept = [factor["y"] for factor in asked] if isinstance(asked[0], dict) else [2, 4]
        assert by_shape == said == [1, *kept]
        if label:
            assert all(abs(area * factor**2 / areas[0] - 1) < 0.25 for area, factor in zip(areas, by_shape, strict=True))
PYTHON
