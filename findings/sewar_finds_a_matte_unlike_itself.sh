#!/usr/bin/env bash
# Two scores of sewar, a package of picture quality measures, are wrong about pictures with flat areas, as mattes are. scc, the spatial
# correlation, counts each window in which nothing changes as 0, equal or not: a matte against itself scores 0.28, and one
# without any edge 0, where noise against itself has 1. The score so tells how much edge the matte has. vifp of a flat picture against itself
# is NaN. psnr and ssim take white from the number type: the same levels of 0 to 255 as uint16 have an ssim of 0.9998, where
# uint8 has 0.60, and a psnr of 76 dB instead of 28; MAX=255 cures both. No message. Count the windows with an edge alone, or
# take a measure that knows flat areas, such as the mean absolute difference. Seen with sewar 0.4.10, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check sewar==0.4.10 scipy==1.17.1 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from sewar.full_ref import psnr, scc, ssim, vifp

print("sewar", version("sewar"))
matte = np.zeros((64, 64), np.uint8)
matte[16:48, 16:48] = 200
pictures = {
    "noise": np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8),
    "a matte": matte,
    "a flat picture": np.full((64, 64), 100, np.uint8),
}
seen = {name: (float(scc(picture, picture)), float(vifp(picture, picture))) for name, picture in pictures.items()}
for name, (correlation, fidelity) in seen.items():
    print(f"{name} against itself: scc {correlation:.3f}, vifp {fidelity:.3f}")
assert np.isclose(seen["noise"], 1, atol=1e-6).all()
assert 0.2 < seen["a matte"][0] < 0.35 and seen["a flat picture"][0] == 0 and np.isnan(seen["a flat picture"][1])
hazy = np.where(matte, matte, 12).astype(np.uint8)
scores = {kind: (psnr(matte.astype(kind), hazy.astype(kind)), ssim(matte.astype(kind), hazy.astype(kind))[0]) for kind in ("uint8", "uint16")}
given = psnr(matte.astype("uint16"), hazy.astype("uint16"), MAX=255), ssim(matte.astype("uint16"), hazy.astype("uint16"), MAX=255)[0]
print("a haze of 12, psnr and ssim:", {kind: [round(float(value), 4) for value in pair] for kind, pair in scores.items()})
assert scores["uint16"][0] - scores["uint8"][0] > 40 and scores["uint8"][1] < 0.7 and scores["uint16"][1] > 0.99
assert np.allclose(given, scores["uint8"])
PYTHON
