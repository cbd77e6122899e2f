#!/usr/bin/env bash
# tract, the ONNX runtime of browsers' and telephones' Rust programs, answers three kinds of ONNX models otherwise than they say, without
# a message. An LSTM, GRU or RNN of direction "reverse" runs forward in time (the second half of a "bidirectional" one is right).
# ConvTranspose with output_shape cuts the odd row and column off at the end, where the standard has the start, so that a decoder's
# mask is moved by a pixel a layer. And NaN leaves Relu and Clip as 0: a network that has failed has an empty matte, where
# onnxruntime hands NaN on. Seen with tract 0.23.9, onnxruntime 1.32.0, onnx 1.23.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check tract==0.23.9 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import onnx
import onnxruntime
import tract
from onnx import TensorProto, helper, numpy_helper

print("tract", tract.version(), "onnxruntime", onnxruntime.__version__)
random = np.random.default_rng(0)


def answers(operator, x, *constants, rank=4, **attributes):
    """What onnxruntime and tract give for one layer."""
    tensors = [numpy_helper.from_array(constant, f"c{place}") for place, constant in enumerate(constants)]
    inner = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    outer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)
    node = helper.make_node(operator, ["x", *(tensor.name for tensor in tensors)], ["y"], **attributes)
    graph = helper.make_graph([node], "layer", [inner], [outer], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, "layer.onnx")
    session = onnxruntime.InferenceSession("layer.onnx", providers=["CPUExecutionProvider"])
    seen = tract.onnx().load("layer.onnx").into_model().into_runnable().run([x])
    return session.run(None, {"x": x})[0], seen[0].to_numpy()


x = random.normal(size=(4, 1, 3)).astype(np.float32)
for operator, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)):
    weights = [random.normal(size=(2, 2 * gates, size)).astype(np.float32) for size in (3, 2)]
    for direction in ("forward", "reverse", "bidirectional"):
        own = weights if direction == "bidirectional" else [weight[:1] for weight in weights]
        right, seen = answers(operator, x, *own, hidden_size=2, direction=direction)
        print(f"{operator} {direction}: {'right' if np.allclose(seen, right, atol=1e-5) else 'wrong'}")
        if direction == "forward":
            forward = right
        assert np.allclose(seen, forward if direction == "reverse" else right, atol=1e-5)
        assert direction != "reverse" or np.abs(seen - right).max() > 0.01
dot = np.zeros((1, 1, 5, 5), np.float32)
dot[..., 2, 2] = 1
right, seen = answers("ConvTranspose", dot, np.ones((1, 1, 3, 3), np.float32), strides=[2, 2], output_shape=[10, 10])
places = [(int(np.nonzero(y[0, 0])[0].min()), int(np.nonzero(y[0, 0])[1].min())) for y in (right, seen)]
print(f"ConvTranspose with output_shape: the dot begins at {places[1]}; onnxruntime: {places[0]}")
assert places == [(3, 3), (4, 4)]
levels = np.array([[0.5, np.nan, -3]], np.float32)
for operator, constants in (("Relu", ()), ("Clip", (np.float32(0), np.float32(1)))):
    right, seen = answers(operator, levels, *constants, rank=2)
    print(f"{operator} of {levels[0].tolist()}: {seen[0].tolist()}; onnxruntime: {right[0].tolist()}")
    assert np.isnan(right[0, 1]) and seen[0].tolist() == [0.5, 0, 0]
PYTHON
