#!/usr/bin/env bash
# onnx.version_converter changes what an old Resize computes: opset 10's has its pixels at the corner (out / scale), opset 11's by
# default half a pixel in, and the converter from 10 upwards adds the new input but not the attribute that keeps the old
# rule ("asymmetric"). Scaled up by 2, the converted model's matte sits half a pixel to the right and down, by 4 one and a half, by
# 16 seven and a half; a network of several such steps loses the match of its skip connections as well. The checker passes, shapes
# are equal, and so are the numbers on flat areas. Upsample of opset 9 goes the same way. Seen with onnx 1.23.2 and
# onnxruntime 1.32.0; the models are one node.
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
from onnx import TensorProto, helper, version_converter

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
edge = np.zeros((1, 1, 16, 16), np.float32)
edge[..., 8:] = 1


def model(kind, opset, scale):
    """One node that scales a 16 x 16 picture by a factor."""
    shape = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 1, 16, 16])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 1, 16 * scale, 16 * scale])
    node = helper.make_node(kind, ["picture", "scales"], ["answer"], mode="linear")
    scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, scale, scale])
    graph = helper.make_graph([node], "graph", [shape], [answer], [scales])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=5)


def edge_place(network):
    """Where the step from 0 to 1 is, in pixels from the left of the answer."""
    onnx.checker.check_model(network)
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    row = session.run(None, {"picture": edge})[0][0, 0, 8]
    return len(row) - float(row.sum())


for kind, opset in (("Resize", 10), ("Upsample", 9)):
    for scale in (2, 4, 16):
        before = model(kind, opset, scale)
        places = {edge_place(version_converter.convert_version(before, target)) for target in (11, 13, 18)}
        print(f"{kind} of opset {opset}, times {scale}: the edge moves from {edge_place(before)} to {places}")
        assert places == {edge_place(before) + (scale - 1) / 2}, places
        assert "coordinate_transformation_mode" not in str(version_converter.convert_version(before, 18).graph.node)
PYTHON
