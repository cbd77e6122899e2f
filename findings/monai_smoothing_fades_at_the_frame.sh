#!/usr/bin/env bash
# MONAI's GaussianSmooth takes everything outside the picture for 0, where SciPy's gaussian_filter, to which the sharpening one's page
# refers for its formula, mirrors. A matte that is 1 everywhere is 0.6 along the frame and 0.36 in its corners after sigma 2, so that
# a subject cut off by the frame fades out there, and a picture gets a dark rim that a network learns. GaussianSharpen with its default
# values makes of the same flat 1 more than 4 in the corners. RandGaussianSmooth and RandGaussianSharpen, and SavitzkyGolaySmooth (whose
# mode "zeros" is an option), do the same. There is no option in the Gaussian ones, and no message; MedianSmooth keeps the flat
# picture. Pad by 4 sigma with the edge first. Seen with MONAI 1.6.1, PyTorch 2.13.0, SciPy 1.17.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check monai==1.6.1 torch==2.13.0 scipy==1.17.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import monai
import numpy as np
from monai.transforms import GaussianSharpen, GaussianSmooth, MedianSmooth, RandGaussianSharpen, RandGaussianSmooth, SavitzkyGolaySmooth
from scipy import ndimage

print("MONAI", monai.__version__)
assert "gaussian_filter(" in GaussianSharpen.__doc__
flat = np.ones((1, 64, 64), np.float32)
steps = {
    "GaussianSmooth": GaussianSmooth(sigma=2.0),
    "GaussianSharpen": GaussianSharpen(),
    "RandGaussianSmooth": RandGaussianSmooth(prob=1, sigma_x=(2, 2), sigma_y=(2, 2)),
    "RandGaussianSharpen": RandGaussianSharpen(prob=1).set_random_state(0),
    "SavitzkyGolaySmooth": SavitzkyGolaySmooth(5, 2, axis=2),
    "MedianSmooth": MedianSmooth(2),
}
seen = {name: np.asarray(step(flat))[0] for name, step in steps.items()}
for name, picture in seen.items():
    print(f"{name} of 1 everywhere: corner {picture[0, 0]:.2f}, edge {picture[32, 0]:.2f}, middle {picture[32, 32]:.2f}")
    assert abs(picture[32, 32] - 1) < 0.01
    assert (abs(picture[32, 0] - 1) > 0.2) == (name != "MedianSmooth")
assert 0.35 < seen["GaussianSmooth"][0, 0] < 0.37 and seen["GaussianSharpen"][0, 0] > 4
assert np.allclose(ndimage.gaussian_filter(flat[0], 2), 1, atol=1e-5)
# Inside, both filters are the same one.
noise = np.random.default_rng(0).random((1, 64, 64), np.float32)
inside = np.s_[16:-16, 16:-16]
difference = np.abs(np.asarray(GaussianSmooth(2.0)(noise))[0][inside] - ndimage.gaussian_filter(noise[0], 2)[inside]).max()
print(f"away from the frame it differs from SciPy's by {difference:.4f}")
assert difference < 0.01
padded = np.pad(flat, ((0, 0), (8, 8), (8, 8)), mode="edge")
assert np.allclose(np.asarray(GaussianSmooth(2.0)(padded))[0, 8:-8, 8:-8], 1, atol=1e-3)
PYTHON
