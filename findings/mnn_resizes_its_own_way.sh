#!/usr/bin/env bash
# MNN, a runtime for telephones, takes ONNX's Resize and GridSample and computes others without a message. A bicubic Resize to twice the
# size, as PyTorch exports interpolate, has a wrong first row and column: a matte that is 0 along its left edge is 0.77 there; to eight
# times the size it is four of them. cubic_coeff_a and antialias are not looked at, and nearest rounds half down
# whatever nearest_mode says. A bicubic GridSample is bilinear, and "reflection" repeats the border instead of reflecting:
# flow-warped mattes smear at the edge. Linear Resize and bilinear GridSample agree with onnxruntime. Seen with MNN 3.6.1,
# onnxruntime 1.32.0, onnx 1.23.2; the models are one node each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check mnn==3.6.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import pathlib
import subprocess
import sys

import MNN
import MNN.expr
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

# The converter without its command line, which installs another package first.
CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"


def answers(op, feeds, constants, names, **attributes):
    """One node by onnxruntime and by MNN."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in feeds.items()]
    given = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4)
    graph = helper.make_graph([helper.make_node(op, names, ["y"], **attributes)], "node", inputs, [output], given)
    model = onnx.shape_inference.infer_shapes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18 if op == "Resize" else 16)], ir_version=8)
    )
    onnx.checker.check_model(model)
    onnx.save(model, "node.onnx")
    pathlib.Path("node.mnn").unlink(missing_ok=True)
    arguments = ["-f", "ONNX", "--modelFile", "node.onnx", "--MNNModel", "node.mnn", "--bizCode", "node"]
    log = subprocess.run([sys.executable, "-c", CONVERT, *arguments], capture_output=True, text=True, check=True)
    assert "Converted Success" in log.stdout, log.stdout
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    net = MNN.nn.load_module_from_file("node.mnn", list(feeds), ["y"])
    variables = [MNN.expr.const(value.ravel().tolist(), list(value.shape), MNN.expr.NCHW) for value in feeds.values()]
    mnn = np.array(MNN.expr.convert(net.forward(variables)[0], MNN.expr.NCHW).read())
    onnx_runtime = session.run(None, feeds)[0]
    assert mnn.shape == onnx_runtime.shape
    return onnx_runtime[0, 0], mnn[0, 0]


def resized(picture, times, **attributes):
    height, width = picture.shape
    size = np.array([1, 1, int(height * times), int(width * times)], np.int64)
    return answers("Resize", {"x": picture[None, None]}, {"size": size}, ["x", "", "", "size"], **attributes)


def sampled(mode, padding):
    grid = np.random.default_rng(1).uniform(-1.3, 1.3, (1, 7, 7, 2)).astype(np.float32)
    feeds = {"x": noise[None, None], "grid": grid}
    return answers("GridSample", feeds, {}, ["x", "grid"], mode=mode, padding_mode=padding, align_corners=1)


def wrong_columns(pair):
    return np.flatnonzero(abs(pair[0] - pair[1])[len(pair[0]) // 2 :].max(0) > 1e-3).tolist()


noise = np.random.default_rng(0).random((16, 16)).astype(np.float32)
torch_cubic = {"mode": "cubic", "coordinate_transformation_mode": "pytorch_half_pixel", "cubic_coeff_a": -0.75}
columns = {times: wrong_columns(resized(noise, times, **torch_cubic)) for times in (2, 4, 8)}
print("bicubic, columns that differ, by the factor:", columns)
assert columns == {2: [0], 4: [0, 1], 8: [0, 1, 2, 3]}
matte = np.zeros((16, 16), np.float32)
matte[:, 1:4] = 1
right, seen = resized(matte, 2, **torch_cubic)
print("a matte that is 0 in its first column:", right[8, :4].round(2), "in MNN", seen[8, :4].round(2))
assert abs(right[8, 1:] - seen[8, 1:]).max() < 1e-4 and abs(right[8, 0] - seen[8, 0]) > 0.3

right, seen = resized(noise, 2, **(torch_cubic | {"cubic_coeff_a": -0.5}))
as_torch, _ = resized(noise, 2, **torch_cubic)
assert abs(right - seen)[4:, 4:].max() > 0.02 and abs(as_torch - seen)[4:, 4:].max() < 1e-4
print("cubic_coeff_a=-0.5 gives what -0.75 gives")
right, seen = resized(noise, 0.25, mode="linear", antialias=1)
plain, _ = resized(noise, 0.25, mode="linear")
assert abs(right - seen).max() > 0.1 and abs(plain - seen).max() < 1e-4
print("antialias=1 gives what antialias=0 gives")
halves = {name: resized(noise, 0.5, mode="nearest", nearest_mode=name) for name in ("round_prefer_ceil", "ceil", "floor")}
assert all((seen == noise[::2, ::2]).all() for _, seen in halves.values())
assert (halves["ceil"][0] == noise[1::2, 1::2]).all()
print("nearest_mode=ceil gives what floor gives")

bilinear = {padding: sampled("bilinear", padding)[0] for padding in ("zeros", "border", "reflection")}
for padding in ("zeros", "border"):
    right, seen = sampled("bicubic", padding)
    assert abs(right - seen).max() > 0.03 and abs(bilinear[padding] - seen).max() < 1e-4
    assert abs(sampled("bilinear", padding)[1] - bilinear[padding]).max() < 1e-4
right, seen = sampled("bilinear", "reflection")
assert abs(right - seen).max() > 0.1 and abs(bilinear["border"] - seen).max() < 1e-4
print("bicubic GridSample gives what bilinear gives, reflection what border gives")
PYTHON
