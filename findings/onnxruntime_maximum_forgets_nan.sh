#!/usr/bin/env bash
# onnxruntime's ReduceMax and ReduceMin hand NaN on where it comes first, and forget it anywhere else, where the ONNX reference (and
# NumPy and PyTorch) give NaN: the maximum of (NaN, 5) is NaN and that of (5, NaN) is 5. ArgMax so finds a place beside the
# NaN. Of a thousand values a single NaN is lost at 999 places, and at some the answer is not even the largest of the others: of
# (0.5, NaN, -3, 9) ReduceMax is 0.5 on the processor it was seen on. A network that divides by its own maximum, or whose answer is
# checked by it, looks healthy with a broken pixel in it. ReduceSum, ReduceL2, Max and Clip hand NaN on. No message. Seen with
# onnxruntime 1.32.0, onnx 1.23.2, on an x86 CPU; the models are one node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnxruntime", onnxruntime.__version__)
NAN = np.nan


def layer(operator, length, **attributes):
    """A function from values to what onnxruntime and the ONNX reference make of them."""
    kind = TensorProto.INT64 if operator == "ArgMax" else TensorProto.FLOAT
    inner = helper.make_tensor_value_info("x", TensorProto.FLOAT, [length])
    outer = helper.make_tensor_value_info("y", kind, [])
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"], keepdims=0, **attributes)], "layer", [inner], [outer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    reference = ReferenceEvaluator(model)

    def run(values):
        values = np.array(values, np.float32)
        return float(session.run(None, {"x": values})[0]), float(reference.run(None, {"x": values})[0])

    return run


for operator, attributes in (("ReduceMax", {}), ("ReduceMin", {}), ("ArgMax", {"axis": 0})):
    run = layer(operator, 2, **attributes)
    first, last = run((NAN, 5)), run((5, NAN))
    print(f"{operator}: of (NaN, 5) {first[0]}, of (5, NaN) {last[0]}; the reference: {first[1]}, {last[1]}")
    assert first == (0, 0) if operator == "ArgMax" else np.isnan(first).all()
    assert last == (0, 1) if operator == "ArgMax" else last[0] == 5 and np.isnan(last[1])
for operator in ("ReduceSum", "ReduceL2"):
    assert np.isnan(layer(operator, 2)((5, NAN))).all()
print("ReduceMax of (0.5, NaN, -3, 9):", layer("ReduceMax", 4)((0.5, NAN, -3, 9))[0])
run = layer("ReduceMax", 1000)
rising = np.linspace(0.1, 1, 1000)
lost = smaller = 0
for place in range(rising.size):
    values = rising.copy()
    values[place] = NAN
    found, right = run(values)
    assert np.isnan(right)
    lost += not np.isnan(found)
    smaller += found < np.float32(np.nanmax(values))
print(f"a single NaN in 1000 values: lost at {lost} places, and less than the largest value at {smaller} of them")
assert lost == 999
PYTHON
