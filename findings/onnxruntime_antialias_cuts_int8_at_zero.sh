#!/usr/bin/env bash
# onnxruntime runs a Resize with antialias=1 on int8 as if it were uint8: everything below 0 becomes 0, linear and cubic alike, so that the
# half of a quantised network's values that means "background" is gone and a threshold at -10 takes the whole picture. Shapes and the
# positive half are right, and the checker passes. Without antialias int8 keeps its sign, and so do float32 and int32 with it.
# Seen with onnxruntime 1.32.0 and onnx 1.23.2; the models are one node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
ramp = np.broadcast_to(np.arange(-64, 64, 4, dtype=np.float32), (1, 1, 32, 32))


def resized(kind, mode, antialias, size=8):
    """A ramp from -64 to 60 at a quarter of its width, its middle row."""
    tensor = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    node = helper.make_node("Resize", ["x", "", "", "size"], ["y"], mode=mode, antialias=antialias)
    inputs = [helper.make_tensor_value_info("x", tensor, [1, 1, 32, 32])]
    outputs = [helper.make_tensor_value_info("y", tensor, [1, 1, size, size])]
    sizes = numpy_helper.from_array(np.array([1, 1, size, size], np.int64), "size")
    graph = helper.make_graph([node], "graph", inputs, outputs, [sizes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": ramp.astype(kind)})[0][0, 0, size // 2].astype(np.float32)


right = resized(np.float32, "linear", 1)
print("float32, linear:", right.round(1).tolist())
print("int8, linear:   ", resized(np.int8, "linear", 1).tolist())
print("int8, cubic:    ", resized(np.int8, "cubic", 1).tolist())
print("int8, linear, without antialias:", resized(np.int8, "linear", 0).tolist())
assert abs(resized(np.int8, "linear", 1) - right.clip(0)).max() <= 1 and right.min() < -50
assert abs(resized(np.int8, "linear", 0) - resized(np.float32, "linear", 0)).max() <= 1
assert abs(resized(np.int32, "linear", 1) - right).max() <= 1
assert abs(resized(np.int8, "cubic", 1) - resized(np.float32, "cubic", 1).clip(0)).max() <= 1
PYTHON
