#!/usr/bin/env bash
# onnxoptimizer's default passes change models that are right. A Pad with zeros before a MaxPool is merged into it, whose own padding
# is minus infinity: where all values at the border are negative (no ReLU before, a signed distance, logits) the answer there is
# another, here -4 for 0. Of two Reshapes the first is dropped, though a 0 in the second means "as in the first": the model,
# which the checker passes, then fails when it runs, or answers in another shape. Neither is said. onnxslim, which promises the
# same, and onnxruntime's own optimisation keep both. Seen with onnxoptimizer 0.4.2, onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxoptimizer==0.4.2 onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

print("onnxoptimizer", onnxoptimizer.__version__, "onnxslim", onnxslim.__version__, "onnxruntime", onnxruntime.__version__)
onnxruntime.set_default_logger_severity(4)


def network(nodes, shape, **constants):
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def answer(model, x):
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def copy(model):
    return onnx.ModelProto.FromString(model.SerializeToString())


pool = network(
    [helper.make_node("Pad", ["x", "pads"], ["padded"]), helper.make_node("MaxPool", ["padded"], ["y"], kernel_shape=[3, 3])],
    [1, 1, 6, 6], pads=[0, 0, 1, 1, 0, 0, 1, 1],
)
logits = np.full((1, 1, 6, 6), -4, np.float32)
right = answer(pool, logits)[0, 0]
optimised = onnxoptimizer.optimize(copy(pool))
merged = answer(optimised, logits)[0, 0]
print("Pad and MaxPool, first row:", right[0], "optimised:", merged[0], [node.op_type for node in optimised.graph.node])
assert (right[0] == 0).all() and (right[1:-1, 1:-1] == -4).all() and (merged == -4).all()
assert (answer(onnxslim.slim(copy(pool)), logits)[0, 0] == right).all()

reshapes = network(
    [helper.make_node("Reshape", ["x", "flat"], ["rows"]), helper.make_node("Reshape", ["rows", "three"], ["y"])],
    [1, 2, 9, 9], flat=[2, 81], three=[0, 0, 1],
)
x = np.arange(162, dtype=np.float32).reshape(1, 2, 9, 9)
assert answer(reshapes, x).shape == answer(onnxslim.slim(copy(reshapes)), x).shape == (2, 81, 1)
optimised = onnxoptimizer.optimize(copy(reshapes))
try:
    seen = str(answer(optimised, x).shape)
except Exception as error:
    seen = "fails: " + str(error).split("reshape_helper.h")[-1][:400].replace("\n", " ")[-120:]
print("two Reshapes (2, 81, 1), optimised:", seen)
assert "cannot be reshaped" in seen and len(optimised.graph.node) == 1
other = network(
    [helper.make_node("Reshape", ["x", "flat"], ["rows"]), helper.make_node("Reshape", ["rows", "three"], ["y"])],
    [1, 2, 9, 9], flat=[2, 81], three=[0, -1],
)
shapes = answer(other, x).shape, answer(onnxoptimizer.optimize(copy(other)), x).shape
print("and with [0, -1]:", shapes)
assert shapes == ((2, 81), (1, 162))
PYTHON
