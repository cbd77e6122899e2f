#!/usr/bin/env bash
# onnxconverter-common's convert_float_to_float16, the usual way to half precision for ONNX models, cuts the constants of a model at
# 10000, though float16 goes to 65504: max_finite_val is 1e4 unless told otherwise. A model that divides a 16-bit matte by its white has
# 6.55 for it, and an attention mask of -65504 is -10000. Numbers below 1e-7 become 1e-7, so that an epsilon of 1e-12 is a hundred
# thousand times as large. A Python warning says "truncated" for each constant; the model passes the checker and loads.
# convert_float_to_float16(model, max_finite_val=65504) keeps what fits. Seen with onnxconverter-common 1.16.0, onnx 1.23.2, onnxruntime
# 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxconverter-common==1.16.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import importlib.metadata
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16

print("onnxconverter-common", importlib.metadata.version("onnxconverter-common"))


def answer(operator, constant, x, **options):
    """What the converted model of one layer gives for x, and whether a warning came."""
    inner, outer = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    node = helper.make_node(operator, ["x", "c"], ["y"])
    graph = helper.make_graph([node], "layer", [inner], [outer], [numpy_helper.from_array(np.array([constant], np.float32), "c")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        model = float16.convert_float_to_float16(model, keep_io_types=True, **options)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    told = any("truncated" in str(one.message) for one in heard)
    return float(session.run(None, {"x": np.array([x], np.float32)})[0][0]), told


white, told = answer("Div", 65504, 65504)
print(f"65504 / 65504: {white:.4f}, warned: {told}; with max_finite_val: {answer('Div', 65504, 65504, max_finite_val=65504)[0]:.4f}")
assert abs(white - 6.55) < 0.01 and told and answer("Div", 65504, 65504, max_finite_val=65504)[0] == 1
for constant, expected in ((20000, 10000), (65535, 10000), (-65504, -10000), (9000, 9000), (1e-12, 1e-7), (1e-8, 1e-7)):
    seen, told = answer("Mul", constant, 1)
    print(f"the constant {constant:g} is {seen:g}, warned: {told}")
    assert abs(seen - expected) <= 0.2 * abs(expected) and told == (constant != 9000)
PYTHON
