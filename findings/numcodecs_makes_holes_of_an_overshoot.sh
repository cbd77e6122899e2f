#!/usr/bin/env bash
# numcodecs' FixedScaleOffset, the filter of Zarr and HDF5 stores that keeps floats as bytes, (value - offset) * scale rounded, does not cut at the ends of the
# type: a matte of 0 to 1 with scale 255 that overshoots by a hair, 1.003 as after a Lanczos or bicubic resize, a guided filter or a
# half-precision sum, is stored as 0: the most opaque pixels become holes, and -0.003 becomes fully opaque. NaN is 0. AsType beside it, which casts
# only, wraps in the same way and cuts fractions off, so that 254.7 is 254. Quantize, meant for fewer digits, makes no bytes and is safe.
# No message, for NumPy's cast has none either; Zarr passes it on. Clip before storing.
# Seen with numcodecs 0.16.6, zarr 3.1.5, NumPy 2.2.6 on x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check numcodecs==0.16.6 zarr==3.1.5 scipy==1.17.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numcodecs
import numpy as np
import scipy.ndimage
import zarr
from numcodecs.zarr3 import FixedScaleOffset

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("numcodecs", "zarr", "numpy")))
BYTES = {"offset": 0, "scale": 255, "dtype": "<f4", "astype": "u1"}
values = np.array([-0.003, 0, 0.5, 1, 1.003, 1.2], np.float32)


def through(codec, numbers):
    return codec.decode(codec.encode(numbers)).reshape(numbers.shape)


stored = through(numcodecs.FixedScaleOffset(**BYTES), values)
print("  ", values.tolist(), "->", stored.round(3).tolist())
assert stored[0] == 1 and stored[1] == 0 and abs(stored[2] - 0.5) < 0.003 and stored[3] == 1 and stored[4] == 0 and stored[5] < 0.3
cast = through(numcodecs.AsType(encode_dtype="u1", decode_dtype="<f4"), np.array([254.7, 255, 256], np.float32))
print("  AsType: 254.7, 255, 256 ->", cast.tolist())
assert cast.tolist() == [254, 255, 0]

# A soft disc, enlarged by cubic splines: it overshoots along its edge.
rows, columns = np.mgrid[:32, :32]
disc = np.clip(8.5 - np.hypot(rows - 16, columns - 16), 0, 1).astype(np.float32)
matte = scipy.ndimage.zoom(disc, 4, order=3, mode="nearest").astype(np.float32)
inside, outside = matte > 0.99, matte < 0.01
print(f"  a matte from {matte.min():.3f} to {matte.max():.3f}")
for name, numbers in (("as it is", matte), ("clipped", matte.clip(0, 1))):
    array = zarr.create_array(store=zarr.storage.MemoryStore(), shape=matte.shape, dtype="float32", filters=[FixedScaleOffset(**BYTES)])
    array[:] = numbers
    back = array[:]
    holes, ghosts = int((inside & (back < 0.5)).sum()), int((outside & (back > 0.5)).sum())
    print(f"  through Zarr, {name}: {holes} holes in the subject, {ghosts} opaque pixels outside, off by {np.abs(back - matte.clip(0, 1)).max():.3f}")
    assert (holes > 50 and ghosts > 50) if name == "as it is" else (holes == ghosts == 0 and np.abs(back - numbers).max() < 0.003)
PYTHON
