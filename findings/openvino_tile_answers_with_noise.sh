#!/usr/bin/env bash
# OpenVINO answers an ONNX Tile with numbers that are nowhere in its input, where the repeats are an input of the model and three axes
# after a batch of two are repeated: every element is wrong. With one picture in the batch, two repeated
# axes, or the same repeats as a constant of the model it is right, so a model tried with one frame fails with two. The shape
# fits, there is no message, and the test that the ONNX package itself has for Tile shows it. onnxruntime is right in all cases.
# Seen with OpenVINO 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, on a CPU; the model is one node.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

print("OpenVINO", openvino.__version__, "onnxruntime", onnxruntime.__version__)
onnxruntime.set_default_logger_severity(3)


def tiled(shape, repeats, constant):
    """Share of wrong elements of OpenVINO's and onnxruntime's answer."""
    picture = np.random.default_rng(0).random(shape, np.float32)
    counts = np.array(repeats, np.int64)
    inputs = [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)]
    stored = []
    if constant:
        stored = [helper.make_tensor("repeats", TensorProto.INT64, [4], counts)]
    else:
        inputs.append(helper.make_tensor_value_info("repeats", TensorProto.INT64, [4]))
    output = helper.make_tensor_value_info("tiled", TensorProto.FLOAT, [None] * 4)
    node = helper.make_node("Tile", ["picture", "repeats"], ["tiled"])
    graph = helper.make_graph([node], "tile", inputs, [output], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=10)
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    feed = {"picture": picture} | ({} if constant else {"repeats": counts})
    core = openvino.Core()
    answers = (
        core.compile_model(core.read_model(data), "CPU")(feed)[0],
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, feed)[0],
    )
    right = np.tile(picture, repeats)
    assert all(answer.shape == right.shape for answer in answers)
    return [float((answer != right).mean()) for answer in answers]


for shape, repeats, constant, wrong in (
    ((2, 3, 4, 5), (1, 2, 2, 2), False, True),
    ((2, 3, 4, 5), (2, 3, 2, 3), False, True),
    ((1, 3, 4, 5), (1, 2, 2, 2), False, False),
    ((2, 3, 4, 5), (1, 1, 2, 2), False, False),
    ((2, 3, 4, 5), (1, 2, 2, 2), True, False),
):
    by_openvino, by_onnxruntime = tiled(shape, repeats, constant)
    kind = "constant" if constant else "input"
    print(f"{shape} repeated {repeats} ({kind}): wrong in OpenVINO {by_openvino:.0%}, in onnxruntime {by_onnxruntime:.0%}")
    assert by_onnxruntime == 0 and (by_openvino > 0.5 if wrong else by_openvino == 0)
PYTHON
