#!/usr/bin/env bash
# Keras's ops.image.gaussian_blur, with its default data_format, takes the colour channels for the picture's height when it runs on
# PyTorch or JAX: it blurs along the rows and across the channels, with nothing beyond them. A flat matte of 1, (1, H, W, 1), comes back
# as 0.45, a white picture as (0.73, 1, 0.73), and not a line is blurred downwards. The NumPy backend blurs height and width, and so do
# both others with data_format="channels_last", which is what keras.config says is the default. And bicubic is another filter by backend:
# resize(..., interpolation="bicubic") overshoots an edge by 0.11 on PyTorch (a = -0.75) and by 0.07 on JAX and NumPy (a = -0.5), so that
# a matte refiner trained on one and run on another sees other edges. No message. Seen with Keras 3.15.1, PyTorch 2.13.0, JAX 0.10.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0 jax==0.10.0 numpy==2.2.6
export KERAS_HOME="$folder/keras"
for backend in torch jax numpy; do
KERAS_BACKEND=$backend env/bin/python -W ignore - <<'PYTHON'
import keras
import numpy as np
from keras import ops

backend = keras.backend.backend()
right = backend == "numpy"
print("Keras", keras.__version__, backend, keras.config.image_data_format())
assert keras.config.image_data_format() == "channels_last"


def blurred(picture, **options):
    return ops.convert_to_numpy(ops.image.gaussian_blur(picture, (3, 3), (1.0, 1.0), **options))[0]


def middle(picture, **options):
    return [round(float(level), 2) for level in blurred(picture, **options)[16, 16]]


matte, white = (np.ones((1, 33, 33, channels), np.float32) for channels in (1, 3))
line = np.zeros((1, 33, 33, 1), np.float32)
line[0, 16] = 1
rows = np.count_nonzero(blurred(line)[:, 16, 0])
print(f"  flat matte {middle(matte)}, white picture {middle(white)}; a line of one row covers {rows} rows afterwards")
assert middle(matte) == ([1.0] if right else [0.45]) and middle(white) == ([1.0] * 3 if right else [0.73, 1.0, 0.73])
assert rows == (3 if right else 1)
assert middle(matte, data_format="channels_last") == [1.0] and middle(white, data_format="channels_last") == [1.0] * 3
edge = np.zeros((1, 8, 8, 1), np.float32)
edge[:, :, 4:] = 1
over = ops.convert_to_numpy(ops.image.resize(edge, (16, 16), interpolation="bicubic")).max() - 1
print(f"  an edge made twice as large by bicubic overshoots by {over:.3f}")
assert abs(over - (0.105 if backend == "torch" else 0.070)) < 0.002
PYTHON
done
