#!/usr/bin/env bash
# Paddle2ONNX, by which PaddleSeg's networks (PP-Matting, PP-HumanSeg) become ONNX, turns adaptive pooling into ordinary pooling with one
# step and one window, which is the same only where the cells happen to divide the size evenly. A pyramid of 1, 2, 3 and 6 cells, as
# pyramid pooling modules have it, over features of 16 x 16 (512 x 512 at a thirty-second) is right for 1, 2 and 3; for 6 the windows are
# twice as wide as Paddle's and step by 2 instead of 2.7: a pixel that is in one cell of 36 is found in nine. avg and max alike.
# Padding loses its value: F.pad(..., value=1), white around a matte or trimap, is 0 in the ONNX file or some other number. No message;
# shapes agree, and a test with sizes that can be divided passes. Choose sizes that the cells divide. Seen with paddlepaddle 3.3.1,
# paddle2onnx 2.1.0, ONNX Runtime 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check paddlepaddle==3.3.1 paddle2onnx==2.1.0 onnxruntime==1.32.0 onnx==1.17.0 numpy==2.2.6
cat > look.py <<'PYTHON'
import importlib.metadata

import numpy as np
import onnxruntime
import paddle
import paddle.nn.functional as F

print(":", *(f"{name} {importlib.metadata.version(name)}" for name in ("paddlepaddle", "paddle2onnx", "onnxruntime")))


class Network(paddle.nn.Layer):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def forward(self, picture):
        return self.step(picture)


def both(step, picture, opset=17):
    """What Paddle and the exported file make of a picture."""
    network = Network(step)
    network.eval()
    paddle.onnx.export(network, "network", input_spec=[paddle.static.InputSpec(list(picture.shape), "float32", "picture")], opset_version=opset)
    session = onnxruntime.InferenceSession("network.onnx", providers=["CPUExecutionProvider"])
    right = network(paddle.to_tensor(picture)).numpy()
    seen = session.run(None, {"picture": picture})[0]
    assert right.shape == seen.shape
    return right, seen


features = np.zeros((1, 1, 16, 16), np.float32)
features[..., 4, 4] = 1
for pool in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
    for cells in (1, 2, 3, 4, 6, 8):
        for opset in (13, 17):
            right, seen = both(lambda picture, pool=pool, cells=cells: pool(picture, cells), features, opset)
            places = [np.argwhere(found[0, 0] > 0).tolist() for found in (right, seen)]
            same = np.allclose(right, seen, atol=1e-6)
            assert same == (cells != 6)
        print(f": {pool.__name__}, {cells} x {cells} cells of 16 x 16: the same {same}; the pixel at (4, 4) is in {len(places[0])} cells, in ONNX in {len(places[1])}")
        assert cells != 6 or (len(places[0]) == 1 and len(places[1]) > 3)
noise = np.random.default_rng(0).random((1, 3, 32, 60)).astype(np.float32)
right, seen = both(lambda picture: F.adaptive_avg_pool2d(picture, 7), noise)
print(f": noise of 0 to 1, 7 x 7 cells of 32 x 60: off by up to {np.abs(right - seen).max():.3f}")
assert np.abs(right - seen).max() > 0.05

matte = np.full((1, 1, 4, 5), 0.5, np.float32)
for value in (0.0, 1.0):
    right, seen = both(lambda picture, value=value: F.pad(picture, [1, 1, 1, 1], mode="constant", value=value), matte)
    print(f": padded with {value}: the corner is {right[0, 0, 0, 0]} in Paddle,", "the same in ONNX" if seen[0, 0, 0, 0] == value else "something else in ONNX")
    assert right[0, 0, 0, 0] == value and (seen[0, 0, 1:-1, 1:-1] == 0.5).all()
    assert value == 0 or seen[0, 0, 0, 0] != value
PYTHON
env/bin/python -W ignore look.py 2> messages | grep '^:'
