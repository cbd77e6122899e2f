#!/usr/bin/env bash
# MLX, the array library that matting and segmentation models are run with on Apple machines, sums large arrays one number after another
# on its CPU backend, which is what its Linux wheel has: a float32 sum stays at 16777216, where adding 1 changes nothing any more. The
# mean of a matte that is 1 everywhere is 0.51 at 8K and 0.81 over ten frames of 1080p, that of a flat 0.3 in one frame of 1080p is 0.306,
# and a subject's coverage, a mean error or a normalisation made of it is as far off. float16 is summed in float16: a white matte of 300 x
# 300 has mean inf. Bytes run over at 32 bits: 25 million pixels of 255 have mean 83. No message; NumPy and PyTorch are right to 1e-6.
# Take the mean of each row first. Seen with mlx[cpu] 0.32.4; Apple's GPU was not looked at.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check "mlx[cpu]==0.32.4" numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata

import mlx.core as mx
import numpy as np

print("MLX", importlib.metadata.version("mlx"))
mx.set_default_device(mx.cpu)


def means(levels):
    """The mean of everything at once, and of the rows' means, as MLX has it, and NumPy's."""
    array = mx.array(levels)
    return mx.mean(array).item(), mx.mean(mx.mean(array, axis=-1)).item(), float(levels.mean(dtype=np.float64))


for name, levels, expected in (
    ("white, one frame of 1080p", np.ones((1080, 1920), np.float32), 1.0),
    ("white, ten frames of 1080p", np.ones((10, 1080, 1920), np.float32), 0.809),
    ("white, one frame of 8K", np.ones((4320, 7680), np.float32), 0.506),
    ("0.3, one frame of 1080p", np.full((1080, 1920), 0.3, np.float32), 0.306),
):
    at_once, by_rows, right = means(levels)
    print(f"{name}: {at_once:.4f}; rows first {by_rows:.4f}; NumPy {right:.4f}")
    assert abs(at_once - expected) < 0.001 and abs(by_rows - right) < 1e-3
half = np.ones((300, 300), np.float16)
print("white in float16, 300 x 300:", mx.mean(mx.array(half)).item(), "NumPy:", half.mean())
assert np.isinf(mx.mean(mx.array(half)).item()) and half.mean() == 1
levels = np.full((5000, 5000), 255, np.uint8)
seen = mx.mean(mx.array(levels)).item()
print(f"white as bytes, 5000 x 5000: {seen:.1f}; NumPy: {levels.mean():.1f}")
assert 83 < seen < 84 and levels.mean() == 255
PYTHON
