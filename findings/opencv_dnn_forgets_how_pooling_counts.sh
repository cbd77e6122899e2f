#!/usr/bin/env bash
# OpenCV 4's dnn module leaves attributes of ONNX's pooling out without a message. AveragePool with count_include_pad=1, the default
# of PyTorch's AvgPool2d, is computed as without it: a box filter over a frame of ones is 1 at the border, where the model says 0.44 in
# the corners, so that a guided filter or local contrast made of such averages is wrong along the frame, and there alone. MaxPool with
# dilations takes neighbouring pixels instead of every second one, and its answer is larger by 2 pixels each way than it should be.
# onnxruntime and OpenCV 5.0 do what the model says: a network tuned in one is another in the other. Seen with OpenCV 4.14.0 and 5.0.0,
# onnxruntime 1.32.0, onnx 1.23.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target old opencv-python-headless==4.14.0.94
env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target new opencv-python-headless==5.0.0.93
cat > pooling.py <<'PYTHON'
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper


def answers(operator, picture, size, **attributes):
    """What onnxruntime and OpenCV give for one pooling layer."""
    inner = helper.make_tensor_value_info("picture", TensorProto.FLOAT, picture.shape)
    outer = helper.make_tensor_value_info("pooled", TensorProto.FLOAT, (1, 1, size, size))
    node = helper.make_node(operator, ["picture"], ["pooled"], kernel_shape=[3, 3], **attributes)
    graph = helper.make_graph([node], "pooling", [inner], [outer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    file = model.SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    network = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    network.setInput(picture)
    return session.run(None, {"picture": picture})[0][0, 0], network.forward()[0, 0]


is_old = cv2.__version__.startswith("4.")
print("OpenCV", cv2.__version__, "onnxruntime", onnxruntime.__version__)
ones = np.ones((1, 1, 6, 6), np.float32)
for count_include_pad in (0, 1):
    right, seen = answers("AveragePool", ones, 6, pads=[1, 1, 1, 1], count_include_pad=count_include_pad)
    print(f"count_include_pad={count_include_pad}: corner {seen[0, 0]:.3f}, edge {seen[0, 2]:.3f}; right: {right[0, 0]:.3f}, {right[0, 2]:.3f}")
    assert np.allclose(seen, 1 if is_old else right, atol=1e-6)
    assert np.isclose(right[0, 0], 4 / 9 if count_include_pad else 1)
ramp = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
right, seen = answers("MaxPool", ramp, 4, dilations=[2, 2])
print(f"dilations=2: shape {seen.shape}, first row {seen[0].tolist()}; right: {right.shape}, {right[0].tolist()}")
assert right[0].tolist() == [36, 37, 38, 39]
assert seen[0].tolist() == ([18, 19, 20, 21, 22, 23] if is_old else [36, 37, 38, 39])
PYTHON
PYTHONPATH=old env/bin/python pooling.py
PYTHONPATH=new env/bin/python pooling.py
