#!/usr/bin/env bash
# Paddle, in which PP-Matting and other networks for mattes are written, takes every NumPy array of uint16 for bfloat16 numbers, bit by bit: NumPy has no
# bfloat16, and uint16 stands for it. A 16-bit matte given to paddle.to_tensor, to_tensor of its vision transforms or through a DataLoader is a tensor whose
# white, 65535, is NaN, whose middle, 32768, is -0 and whose level 16256 is 1; all below 255 is 0 to any purpose, and divided by 65535 it still is. Its own
# numpy() gives the same uint16 back, so that a look at the numbers shows nothing. The other way a bfloat16 answer of a network is the bits as well:
# alpha 1 is 16256 and 0.5 is 16128. No message. Name the type, to_tensor(matte, dtype="int32"), or divide in NumPy, and cast an
# answer to float32 before numpy(). int32, from a 16-bit picture of Pillow, is kept, and not scaled. Seen with paddlepaddle 3.3.1, NumPy 2.2.6.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1 pillow==12.3.0 numpy==2.2.6
cat > seen.py <<'PYTHON'
import numpy as np
import paddle
from paddle.io import DataLoader, Dataset
from paddle.vision.transforms.functional import to_tensor
from PIL import Image

print("paddlepaddle", paddle.__version__)
matte = np.array([0, 1, 255, 257, 16256, 32768, 65280, 65535], np.uint16)


class Mattes(Dataset):
    """One matte."""

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return matte


(loaded,) = next(iter(DataLoader(Mattes(), batch_size=1)))
for name, tensor in (
    ("to_tensor", paddle.to_tensor(matte)),
    ("vision.transforms", to_tensor(matte.reshape(2, 4, 1))),
    ("DataLoader", loaded),
):
    numbers = tensor.astype("float32").numpy().ravel()
    print(f"  {name}: {tensor.dtype} {[f'{number:.3g}' for number in numbers]}; numpy() {tensor.numpy().ravel().tolist()}")
    assert tensor.dtype == paddle.bfloat16
    assert np.isnan(numbers[-1]) and numbers[5] == 0 and numbers[4] == 1 and numbers[6] < -1e38
    assert np.all(np.abs(numbers[:4]) < 1e-37)
    assert np.array_equal(tensor.numpy().ravel(), matte)
scaled = (paddle.to_tensor(matte) / 65535).astype("float32").numpy()
print("  divided by 65535:", [f"{number:.3g}" for number in scaled])
assert np.isnan(scaled[-1]) and np.nanmax(scaled) < 1e-4

named = paddle.to_tensor(matte, dtype="int32").numpy()
pillow = to_tensor(Image.fromarray(matte.reshape(2, 4)))
print("  with dtype:", named.tolist(), " from Pillow:", pillow.dtype, pillow.numpy().ravel().tolist())
assert np.array_equal(named, matte) and np.array_equal(pillow.numpy().ravel(), matte)

answer = paddle.to_tensor([0.0, 0.5, 1.0]).astype("bfloat16")
print("  a bfloat16 answer of 0, 0.5 and 1:", answer.numpy().tolist(), " as float32:", answer.astype("float32").numpy().tolist())
assert answer.numpy().tolist() == [0, 16128, 16256]
assert answer.astype("float32").numpy().tolist() == [0, 0.5, 1]
PYTHON
env/bin/python -W ignore seen.py
