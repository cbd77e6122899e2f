#!/usr/bin/env bash
# onnx2torch, which turns ONNX models into PyTorch modules for further training, answers several layers of segmentation networks otherwise
# than the model says, without a message. A linear or cubic Resize of coordinate mode "asymmetric", as TensorFlow and older exporters
# write it, is computed as "half_pixel", so that a matte scaled up by 2 sits half a pixel lower and further right; nearest_mode (floor or
# ceil), cubic_coeff_a and exclude_outside are not looked at, a cubic of -0.5 is one of -0.75. CumSum runs backwards unless its attribute
# reverse is written out, and ConvTranspose with output_shape gives a picture that is one row and column larger. Pooling, padding,
# GridSample, Conv and Softmax were right or refused. Seen with onnx2torch 1.5.15, onnxruntime 1.32.0, PyTorch 2.14.1, torchvision 0.29.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnx2torch==1.5.15 onnxruntime==1.32.0 onnx==1.23.2 torch==2.14.1 torchvision==0.29.1 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx2torch import convert

print("onnx2torch", importlib.metadata.version("onnx2torch"))
random = np.random.default_rng(0)
picture = random.random((1, 3, 9, 11)).astype(np.float32)


def answers(operator, *constants, x=picture, **attributes):
    """What onnxruntime and the converted module give for one layer."""
    tensors = [numpy_helper.from_array(constant, f"c{place}") for place, constant in enumerate(constants) if constant is not None]
    names = ["x", *("" if constant is None else f"c{place}" for place, constant in enumerate(constants))]
    inner = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    outer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)
    graph = helper.make_graph([helper.make_node(operator, names, ["y"], **attributes)], "layer", [inner], [outer], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        return session.run(None, {"x": x})[0], convert(model).eval()(torch.from_numpy(x)).numpy()


twice = np.array([1, 3, 18, 22])
wrong = {
    "linear, asymmetric": {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    "cubic, asymmetric": {"mode": "cubic", "coordinate_transformation_mode": "asymmetric"},
    "nearest, ceil": {"mode": "nearest", "nearest_mode": "ceil"},
    "nearest, floor": {"mode": "nearest", "nearest_mode": "floor"},
    "cubic, -0.5": {"mode": "cubic", "cubic_coeff_a": -0.5},
    "cubic, exclude_outside": {"mode": "cubic", "exclude_outside": 1},
}
for name, attributes in wrong.items():
    right, seen = answers("Resize", None, None, twice, **attributes)
    print(f"Resize {name}: up to {np.abs(seen - right).max():.2f} off")
    assert np.abs(seen - right).max() > 0.02
for mode in ("linear", "cubic"):
    right, seen = answers("Resize", None, None, twice, mode=mode)
    assert np.allclose(right, seen, atol=1e-4)
half, seen = (answers("Resize", None, None, twice, mode="linear", **{"coordinate_transformation_mode": mode})[side] for mode, side in (("half_pixel", 0), ("asymmetric", 1)))
assert np.allclose(half, seen, atol=1e-4)
right, seen = answers("CumSum", np.array(2))
backwards = np.cumsum(picture[:, :, ::-1], axis=2)[:, :, ::-1]
print(f"CumSum along axis 2: up to {np.abs(seen - right).max():.2f} off, backwards: {np.allclose(seen, backwards, atol=1e-4)}")
assert np.allclose(seen, backwards, atol=1e-4)
assert np.allclose(right, np.cumsum(picture, axis=2), atol=1e-4) and not np.allclose(right, seen, atol=1e-3)
right, seen = answers("ConvTranspose", random.random((3, 4, 3, 3)).astype(np.float32), strides=[2, 2], output_shape=[18, 22])
print("ConvTranspose with output_shape 18 x 22:", seen.shape[2:])
assert right.shape[2:] == (18, 22) and seen.shape[2:] == (19, 23)
PYTHON
