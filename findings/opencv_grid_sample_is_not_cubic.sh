#!/usr/bin/env bash
# OpenCV 5's dnn module interpolates linearly where an ONNX GridSample asks for cubic. Operator set 20 renamed the modes, "bicubic" to
# "cubic" and "bilinear" to "linear"; OpenCV takes each name that it doesn't know for bilinear, without a message, so that exporting a
# network again by a newer tool changes what it computes. The old "bicubic" is another filter too: what overshoots is cut to the levels
# of the pixels around, an edge from 0 to 255 stays within them where onnxruntime has -27 and 282. Shapes are right and the
# answers plausible. Seen with OpenCV 5.0.0, onnxruntime 1.32.0, onnx 1.23.2 (OpenCV 4.14 refuses GridSample).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check \
  opencv-python-headless==5.0.0.93 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python - <<'PYTHON'
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

print("OpenCV", cv2.__version__, "onnxruntime", onnxruntime.__version__)
edge = np.zeros((1, 1, 8, 8), np.float32)
edge[..., 4:] = 255
centres = 2 * (np.arange(16) + 0.5) / 16 - 1
grid = np.stack(np.meshgrid(centres, centres), -1)[None].astype(np.float32)


def answers(mode, opset):
    """A row of the edge, scaled to twice its size, by onnxruntime and by OpenCV."""
    inner = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name, x in (("edge", edge), ("grid", grid))]
    outer = helper.make_tensor_value_info("scaled", TensorProto.FLOAT, (1, 1, 16, 16))
    node = helper.make_node("GridSample", ["edge", "grid"], ["scaled"], mode=mode, padding_mode="border", align_corners=0)
    graph = helper.make_graph([node], "sample", inner, [outer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    file = model.SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    network = cv2.dnn.readNetFromONNX(np.frombuffer(file, np.uint8))
    network.setInput(edge, "edge")
    network.setInput(grid, "grid")
    return session.run(None, {"edge": edge, "grid": grid})[0][0, 0, 8], network.forward()[0, 0, 8]


linear, _ = answers("bilinear", 16)
for mode, opset in (("bilinear", 16), ("linear", 20), ("bicubic", 16), ("cubic", 20)):
    right, seen = answers(mode, opset)
    print(f"opset {opset}, {mode}: {seen[5:11].round(1).tolist()}; onnxruntime: {right[5:11].round(1).tolist()}")
    expected = {"bicubic": right.clip(0, 255), "cubic": linear}.get(mode, right)
    assert np.allclose(seen, expected, atol=1e-3)
assert right.min() < -20 and right.max() > 275
PYTHON
