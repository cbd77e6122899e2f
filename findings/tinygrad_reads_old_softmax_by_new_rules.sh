#!/usr/bin/env bash
# tinygrad's ONNX runner, which runs openpilot's networks in cars, computes a Softmax, and a LogSoftmax, of operator sets
# before 13 by the rules of 13: along one axis, where the old operator takes everything from that axis on as one. On (1, 2, 6, 6) with
# axis 1, as converters for older runtimes write it, each pixel's two classes add up to 1 instead of all 72 values; LogSoftmax without an
# axis takes the last one instead of the second. ConvTranspose with auto_pad VALID is a row and a column short. And NaN leaves Relu
# and Elu as 0, Sign as 1: a network that has failed has an empty matte. Shapes fit but for ConvTranspose, and there is no message;
# onnxruntime does what the model says. Seen with tinygrad 0.14.0 (its device PYTHON), onnxruntime 1.32.0, onnx 1.23.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tinygrad==0.14.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
DEV=PYTHON CACHEDB="$folder/cache.db" env/bin/python - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tinygrad import Tensor
from tinygrad.nn.onnx import OnnxRunner

print("tinygrad", version("tinygrad"), "onnxruntime", onnxruntime.__version__)
random = np.random.default_rng(0)


def answers(operator, opset, x, *constants, **attributes):
    """What onnxruntime and tinygrad give for one layer."""
    tensors = [numpy_helper.from_array(constant, f"c{place}") for place, constant in enumerate(constants)]
    inner = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    outer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)
    node = helper.make_node(operator, ["x", *(tensor.name for tensor in tensors)], ["y"], **attributes)
    graph = helper.make_graph([node], "layer", [inner], [outer], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "layer.onnx")
    session = onnxruntime.InferenceSession("layer.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0], OnnxRunner("layer.onnx")({"x": Tensor(x)})["y"].numpy()


x = random.normal(size=(1, 2, 6, 6)).astype(np.float32)
for opset in (12, 13):
    right, seen = answers("Softmax", opset, x, axis=1)
    print(f"Softmax of operator set {opset}, axis 1: adds up to {seen.sum():.1f}, onnxruntime {right.sum():.1f}")
    assert np.isclose(seen.sum(), 36) and np.isclose(right.sum(), 1 if opset == 12 else 36)
    right, seen = answers("LogSoftmax", opset, x)
    print(f"LogSoftmax of operator set {opset}: adds up to {np.exp(seen).sum():.1f}, onnxruntime {np.exp(right).sum():.1f}")
    assert np.isclose(np.exp(seen).sum(), 12) and np.isclose(np.exp(right).sum(), 1 if opset == 12 else 12)
weights = random.normal(size=(2, 1, 3, 3)).astype(np.float32)
right, seen = answers("ConvTranspose", 13, x, weights, auto_pad="VALID", strides=[2, 2])
print("ConvTranspose, VALID:", seen.shape, "onnxruntime", right.shape)
assert right.shape == (1, 1, 13, 13) and seen.shape == (1, 1, 12, 12)
failed = np.array([0.5, np.nan, -3], np.float32)
for operator, level in (("Relu", 0), ("Elu", 0), ("Sign", 1)):
    right, seen = answers(operator, 13, failed)
    print(f"{operator} of {failed.tolist()}: {seen.tolist()}, onnxruntime {right.tolist()}")
    assert np.isnan(right[1]) and seen[1] == level
PYTHON
