#!/usr/bin/env bash
# OpenVINO runs an ONNX Resize as if three of its attributes were not there, without a message: antialias (PyTorch's
# interpolate(..., antialias=True) exports it), exclude_outside and keep_aspect_ratio_policy. A pattern of single black and
# white columns reduced to a quarter is grey in onnxruntime and in the ONNX reference, and black in OpenVINO; with "not_larger"
# the answer has another shape. A matting model that scales its input inside loses thin hair only where OpenVINO runs it. Seen
# with OpenVINO 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2; the models are one node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("OpenVINO", openvino.__version__, "onnxruntime", onnxruntime.__version__, "onnx", onnx.__version__)


def answers(picture, size, **attributes):
    """The same Resize by the ONNX reference, onnxruntime and OpenVINO."""
    node = helper.make_node("Resize", ["x", "", "", "size"], ["y"], axes=[2, 3], **attributes)
    graph = helper.make_graph(
        [node],
        "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)],
        [helper.make_tensor("size", TensorProto.INT64, [2], size)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    content = model.SerializeToString()
    core = openvino.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    return (
        ReferenceEvaluator(model).run(None, {"x": picture})[0],
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": picture})[0],
        core.compile_model(core.read_model(content), "CPU", exact)({"x": picture})[0],
    )


hair = np.zeros((1, 1, 32, 32), np.float32)
hair[..., ::4] = 1
for mode in ("linear", "cubic"):
    reference, runtime, vino = answers(hair, (8, 8), mode=mode, antialias=1)
    middle = [float(answer[0, 0, 4, 4]) for answer in (reference, runtime, vino)]
    print(mode, "antialias=1, hair of one column in four:", middle)
    assert abs(reference - runtime).max() < 1e-5
    assert 0.2 < middle[0] < 0.3 and abs(middle[2]) < 0.1, middle
    plain = answers(hair, (8, 8), mode=mode)
    assert abs(plain[0] - plain[2]).max() < 1e-5 and abs(plain[2] - vino).max() < 1e-5

step = np.zeros((1, 1, 8, 8), np.float32)
step[..., 1:, 1:] = 1
reference, runtime, vino = answers(step, (20, 20), mode="cubic", exclude_outside=1)
print("exclude_outside=1, largest differences:", float(abs(reference - runtime).max()), float(abs(reference - vino).max()))
assert abs(reference - runtime).max() < 1e-5 < 0.01 < abs(reference - vino).max()

wide = np.zeros((1, 1, 9, 16), np.float32)
shapes = [answer.shape for answer in answers(wide, (32, 32), mode="linear", keep_aspect_ratio_policy="not_larger")]
print("keep_aspect_ratio_policy=not_larger, shapes:", shapes)
assert shapes == [(1, 1, 18, 32), (1, 1, 18, 32), (1, 1, 32, 32)]
PYTHON
