#!/usr/bin/env bash
# The reference evaluator of the ONNX package, against which converters and runtimes are compared, is itself wrong about some layers of
# segmentation networks, without a message. MaxPool's pads are begins first, then ends; it takes them in pairs, so that (0, 0, 1, 1), one
# more row and column at the end, becomes two columns and no row. With SAME_LOWER it rounds down and loses the last row. Softmax and
# Hardmax of operator sets before 13 follow the rules of 13, along one axis. LpNormalization of p=1 divides by the sum with its
# signs. AveragePool pads rightly, and so does MaxPool by the same number on all sides.
# onnxruntime does what the standard says in all of them: compare with it, or with NumPy, as well.
# Seen with onnx 1.23.2, onnxruntime 1.32.0; the models are one node.
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
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)


def answers(operator, x, opset=17, **attributes):
    """What the reference and onnxruntime give for one layer."""
    inner = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    outer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], **attributes)], "layer", [inner], [outer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return ReferenceEvaluator(model).run(None, {"x": x})[0], session.run(None, {"x": x})[0]


x = np.arange(30, dtype=np.float32).reshape(1, 1, 5, 6)
for pads in ([0, 0, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]):
    seen, right = answers("MaxPool", x, kernel_shape=[3, 3], pads=pads)
    padded = np.pad(x[0, 0], ((pads[0], pads[2]), (pads[1], pads[3])), constant_values=-np.inf)
    by_numpy = sliding_window_view(padded, (3, 3)).max((2, 3))
    print(f"MaxPool with pads {pads}: {seen.shape[2:]}, onnxruntime {right.shape[2:]}, NumPy {by_numpy.shape}")
    assert (right[0, 0] == by_numpy).all() and (seen.shape == right.shape) == (pads == [1, 1, 1, 1])
    assert np.allclose(*answers("AveragePool", x, kernel_shape=[3, 3], pads=pads))
for auto_pad in ("SAME_LOWER", "SAME_UPPER"):
    seen, right = answers("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], auto_pad=auto_pad)
    print(f"MaxPool with {auto_pad}: {seen.shape[2:]}, onnxruntime {right.shape[2:]}")
    # The standard: the size divided by the stride, rounded up.
    assert right.shape[2:] == (3, 3) and seen.shape[2:] == ((2, 3) if auto_pad == "SAME_LOWER" else (3, 3))
level = np.zeros((1, 2, 3, 4), np.float32)
for operator in ("Softmax", "Hardmax"):
    for opset in (11, 13):
        seen, right = answers(operator, level, opset, axis=1)
        print(f"{operator} of operator set {opset}, axis 1: adds up to {seen.sum():.1f}, onnxruntime {right.sum():.1f}")
        assert np.isclose(seen.sum(), 12) and np.isclose(right.sum(), 1 if opset == 11 else 12)
seen, right = answers("LpNormalization", np.array([[3, -2, 1]], np.float32), p=1)
print("LpNormalization, p=1, of (3, -2, 1):", seen[0].tolist(), "onnxruntime", right[0].round(3).tolist())
assert np.allclose(seen, [[1.5, -1, 0.5]]) and np.allclose(right, [[0.5, -1 / 3, 1 / 6]])
PYTHON
