#!/usr/bin/env bash
# elasticdeform, which deforms pictures and their masks together to train networks, keeps the B-spline coefficients of an input in the input's own number
# type. They overshoot at every edge, and in bytes an overshoot turns around: a hard edge of a matte, moved by half a pixel or by nothing at all,
# reads 0 42 171 85 128 127 169 84 212 254, a grey tear eight pixels wide, and of noise nineteen of twenty pixels come back wrong. 16 bits just the
# same; a bool mask comes out empty; smooth ramps look right but for their ends, so that photographs pass and cut-outs don't. This is the
# order 3 that is the default; orders 0 and 1 are right in bytes, order 0 in bool. No message, and the documentation speaks of no type.
# Give float32 and clip the answer, or order 1. Seen with elasticdeform 0.5.1, SciPy 1.14.1, NumPy 1.26.4.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check elasticdeform==0.5.1 scipy==1.14.1 numpy==1.26.4
env/bin/python - <<'PYTHON'
import importlib.metadata

import elasticdeform
import numpy as np

print("elasticdeform", importlib.metadata.version("elasticdeform"))
NOTHING = np.zeros((2, 3, 3))  # a grid of displacements: rows and columns
HALF = NOTHING.copy()
HALF[1] = 0.5
matte = np.zeros((40, 40), np.uint8)
matte[:, 20:] = 255


def row(picture, displacement=NOTHING, **settings):
    return elasticdeform.deform_grid(picture, displacement, **settings)[20]


for name, displacement in (("moved by nothing", NOTHING), ("moved by half a pixel", HALF)):
    seen, right = row(matte, displacement), row(matte.astype(np.float32), displacement).clip(0, 255)
    print(f"  {name}, bytes: {seen[12:28].tolist()}")
    print(f"  {name}, float32: {np.rint(right[12:28]).astype(int).tolist()}")
    off = np.abs(seen - right)
    assert off[14:26].max() > 100 and (off > 20).sum() >= 6

deep = row(matte.astype(np.uint16) * 257).astype(int)
print("  16 bits:", deep[12:28].tolist())
assert np.abs(deep - matte[20].astype(int) * 257).max() > 20000

mask = {order: int(row(matte > 0, order=order).sum()) for order in (3, 0)}
print("  a bool mask of 20 pixels in the row has, by order:", mask)
assert mask == {3: 0, 0: 20}

noise = np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8)
off = np.abs(elasticdeform.deform_grid(noise, NOTHING).astype(int) - noise)
print(f"  noise moved by nothing: {(off > 1).mean():.2f} of the pixels are off by more than 1, at most by {off.max()}")
assert (off > 1).mean() > 0.9
for order in (0, 1):
    assert np.array_equal(elasticdeform.deform_grid(noise, NOTHING, order=order), noise)
assert np.abs(elasticdeform.deform_grid(noise.astype(np.float32), NOTHING) - noise).max() < 0.01

ramp = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (40, 1))
off = np.abs(row(ramp).astype(int) - ramp[20])
print("  a ramp is off by", off.tolist())
assert off[2:-2].max() <= 2
PYTHON
