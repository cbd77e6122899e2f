#!/usr/bin/env bash
# OpenVINO compiles an ONNX model of an operator set that does not exist yet (opset 99) without a message and runs it by the newest
# rules it knows; onnxruntime refuses the file. A model exported by a newer tool is not noticed on machines with OpenVINO, whatever
# its operators mean by then. Seen with OpenVINO 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2; the model is one addition.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "twice", values[:1], values[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 99)], ir_version=8)
onnx.save(model, "model.onnx")
try:
    onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
except Exception as error:
    print("onnxruntime", onnxruntime.__version__, "refuses:", str(error)[:90])
else:
    raise AssertionError("onnxruntime takes it now")
result = openvino.Core().compile_model("model.onnx", "CPU")(np.ones(4, np.float32))[0]
print("OpenVINO", openvino.__version__, "gives", result.tolist())
assert result.tolist() == [2.0] * 4
PYTHON
