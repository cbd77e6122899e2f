#!/usr/bin/env bash
# A network that has failed with NaN looks healthy in OpenVINO: ONNX Relu, Clip and Max turn NaN into their lower end, so a
# matte that ends in Clip(0, 1) is plain black, where onnxruntime and the ONNX reference hand NaN on and a check for it finds
# it. Sums of uint8 differ too: OpenVINO stays at 0 and 255 where the standard's other two run over (250 + 10 is 255, not 4).
# Seen with OpenVINO 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2, on a CPU; the models are one node.
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


def answers(operator, values, kind, *constants):
    """One node by the ONNX reference, onnxruntime and OpenVINO."""
    names = [f"c{number}" for number in range(len(constants))]
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *names], ["y"])],
        "one",
        [helper.make_tensor_value_info("x", kind, values.shape)],
        [helper.make_tensor_value_info("y", kind, values.shape)],
        [helper.make_tensor(name, kind, [], [value]) for name, value in zip(names, constants)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    content, core = model.SerializeToString(), openvino.Core()
    return (
        ReferenceEvaluator(model).run(None, {"x": values})[0].tolist(),
        onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": values})[0].tolist(),
        core.compile_model(core.read_model(content), "CPU")({"x": values})[0].tolist(),
    )


broken = np.array([np.nan, 2, -1, 0.5], np.float32)
for operator, *constants in (("Clip", 0.0, 1.0), ("Relu",), ("Max", 0.0)):
    *others, vino = answers(operator, broken, TensorProto.FLOAT, *constants)
    print(operator, constants, "of", broken.tolist(), "reference", others[0], "onnxruntime", others[1], "OpenVINO", vino)
    assert all(np.isnan(other[0]) for other in others) and vino[0] == 0.0
    assert others[0][1:] == others[1][1:] == vino[1:]

levels = np.array([250, 5], np.uint8)
for operator, wrapped, held in (("Add", [4, 15], [255, 15]), ("Sub", [240, 251], [240, 0])):
    *others, vino = answers(operator, levels, TensorProto.UINT8, 10)
    print(operator, "10 in uint8 to 250 and 5:", "reference and onnxruntime", others[0], "OpenVINO", vino)
    assert others == [wrapped, wrapped] and vino == held
PYTHON
