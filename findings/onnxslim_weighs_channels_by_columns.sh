#!/usr/bin/env bash
# OnnxSlim, which makes ONNX models smaller, takes weights of columns or rows for weights of channels. A convolution whose result is multiplied
# by one weight for each column (a window that fades the border of a tile, a vignette) is folded into the convolution if there are as many
# columns as channels: then channels are faded and columns aren't, and the answer is off by as much as the answer itself. Weights of the shapes (8,),
# (1, 1, 1, 8) and, for rows, (8, 1) are taken so. With another number of columns it leaves both nodes alone, weights of the channels it
# folds rightly, and added columns stay. The shape of the result is the same and nothing is said; onnxsim 0.8.1 answers as before. Compare the
# answers of both files before the small one is used. Seen with onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxslim==0.1.98 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("onnxslim", "onnx", "onnxruntime")))
CHANNELS, SIDE = 8, 8
noise = np.random.default_rng(1)
kernel = noise.normal(size=(CHANNELS, 3, 3, 3)).astype(np.float32)


def network(operation, weights, width):
    nodes = [
        helper.make_node("Conv", ["picture", "kernel"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node(operation, ["features", "weights"], ["faded"]),
    ]
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, count, SIDE, width)) for name, count in (("picture", 3), ("faded", CHANNELS))]
    graph = helper.make_graph(nodes, "tile", shapes[:1], shapes[1:], [numpy_helper.from_array(value, name) for name, value in (("kernel", kernel), ("weights", weights))])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def answer(model, picture):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"picture": picture})[0]


def fade(count):
    return np.linspace(0, 1, count, dtype=np.float32)


for what, operation, weights, width, right in (
    ("a weight for each of 8 columns", "Mul", fade(8), 8, False),
    ("the same as (1, 8)", "Mul", fade(8).reshape(1, 8), 8, False),
    ("the same as (1, 1, 8)", "Mul", fade(8).reshape(1, 1, 8), 8, False),
    ("the same as (1, 1, 1, 8)", "Mul", fade(8).reshape(1, 1, 1, 8), 8, False),
    ("a weight for each of 8 rows, (8, 1)", "Mul", fade(8).reshape(8, 1), 8, False),
    ("a weight for each of 9 columns", "Mul", fade(9), 9, True),
    ("a weight for each channel, (8, 1, 1)", "Mul", fade(8).reshape(8, 1, 1), 8, True),
    ("8 columns, added", "Add", fade(8), 8, True),
):
    picture = noise.uniform(size=(1, 3, SIDE, width)).astype(np.float32)
    model = network(operation, weights, width)
    before = answer(model, picture)
    slimmed = onnxslim.slim(network(operation, weights, width))
    simplified = onnxsim.simplify(network(operation, weights, width))[0]
    off = float(np.abs(answer(slimmed, picture) - before).max())
    print(f"  {what}: {[node.op_type for node in slimmed.graph.node]}, off by {off:.4f} of {float(np.abs(before).max()):.1f}; onnxsim off by {float(np.abs(answer(simplified, picture) - before).max()):.6f}")
    assert np.allclose(answer(simplified, picture), before, atol=1e-4)
    assert (off < 1e-4) if right else off > 0.5
PYTHON
