#!/usr/bin/env bash
# PyMatting, the library of closed-form and KNN matting, cuts levels when it writes a file instead of rounding them: a matte that misses 1
# by a rounding error (0.9999, as solvers give) is stored as 254, so that no pixel is opaque, and all others are half a level too dark
# on average. Even the exact levels k / 255 do not survive, 24 of 256 come out one lower. What it reads is not in 0 to 1 either
# where the file has 16 bits: half grey is 128.5 when loaded as it is, and 1.0 as "GRAY". Seen with PyMatting 1.1.16, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pymatting==1.1.16 pillow==12.3.0 numpy==2.2.6
# Without compiling the solvers, which are not used here.
NUMBA_DISABLE_JIT=1 env/bin/python - <<'PYTHON'
import numpy as np
import PIL
import pymatting
from PIL import Image

print("PyMatting", pymatting.__version__, "Pillow", PIL.__version__)


def stored(matte):
    pymatting.save_image("matte.png", matte)
    with Image.open("matte.png") as image:
        return np.asarray(image).astype(int)


levels = np.arange(256).reshape(16, 16)
print("0.9999 is stored as", stored(np.full((8, 8), 0.9999))[0, 0])
assert stored(np.full((8, 8), 0.9999))[0, 0] == 254
lower = levels - stored(np.linspace(0, 1, 256).reshape(16, 16))
print("of 256 exact levels one lower:", int(lower.sum()))
assert lower.sum() == 24 and set(lower.ravel().tolist()) == {0, 1}
ramp = np.linspace(0, 1, 256 * 256).reshape(256, 256)
print("mean error of a fine ramp, in levels:", round(float((stored(ramp) - ramp * 255).mean()), 2))
assert -0.52 < float((stored(ramp) - ramp * 255).mean()) < -0.48

Image.fromarray(np.full((8, 8), 32768, np.uint16)).save("deep.png")
plain, grey = pymatting.load_image("deep.png").max(), pymatting.load_image("deep.png", "GRAY").max()
print("half grey at 16 bits, loaded:", round(float(plain), 2), "as GRAY:", float(grey))
assert 128 < plain < 129 and grey == 1
PYTHON
