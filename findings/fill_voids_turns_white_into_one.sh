#!/usr/bin/env bash
# fill-voids, the fast hole filler beside cc3d and edt, gives a mask back in the type that it had and with other numbers: everything that is not 0 becomes 1.
# Of a mask of 0 and 255, as every picture file has, comes one of 0 and 1, which a viewer, a PNG or a threshold at 128 shows as empty; a
# soft matte loses its levels, so that hair of 1 of 255 is as full as the rest; a label map is one label; with in_place=True the caller's own array
# is overwritten so. bool is right. A hole whose wall has a soft spot of level 1 is filled too, since only 0 is open. No message. Use the filled
# mask only as where the matte was 0: np.where(filled & (mask == 0), 255, mask).
# Seen with fill-voids 2.1.2, scipy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check fill-voids==2.1.2 scipy==1.17.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import fill_voids
import numpy as np
import scipy.ndimage

print("fill-voids", importlib.metadata.version("fill-voids"))
rows, columns = np.mgrid[:32, :32]
ring = np.abs(np.hypot(rows - 16, columns - 16) - 9) < 2.5
whole = scipy.ndimage.binary_fill_holes(ring)
soft = (np.clip(3 - np.abs(np.hypot(rows - 16, columns - 16) - 9), 0, 1) * 255).astype(np.uint8)
labels = np.where(ring, 1 + (columns > 16), 0).astype(np.uint8)
assert np.array_equal(fill_voids.fill(ring), whole) and fill_voids.fill(ring).dtype == bool
for name, mask in (("0 and 255", ring.astype(np.uint8) * 255), ("a soft matte", soft), ("two labels", labels), ("floats of 0 and 1", ring.astype(np.float32)), ("16 bits", ring.astype(np.uint16) * 65535)):
    filled = fill_voids.fill(mask)
    print(f"  {name}: {len(np.unique(mask))} levels up to {mask.max()}, filled as {filled.dtype} {np.unique(filled).tolist()}; above half {int((mask > mask.max() / 2).sum())} and {int((filled > mask.max() / 2).sum())} pixels")
    assert filled.dtype == mask.dtype and np.unique(filled).tolist() == [0, 1] and np.array_equal(filled > 0, scipy.ndimage.binary_fill_holes(mask > 0))
own = ring.astype(np.uint8) * 255
fill_voids.fill(own, in_place=True)
print("  in place: the array of 0 and 255 now holds", np.unique(own).tolist())
assert np.unique(own).tolist() == [0, 1]
PYTHON
