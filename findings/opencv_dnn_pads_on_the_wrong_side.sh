#!/usr/bin/env bash
# OpenCV's dnn module puts the odd pixel of padding on one side whatever an ONNX model says: 4.14 pads SAME_LOWER as SAME_UPPER, and 5.0
# the other way round, SAME_UPPER as SAME_LOWER. Networks converted from TensorFlow have SAME_UPPER in each layer of stride 2, so that
# the upgrade alone moves what they see by a pixel a layer, 31 pixels after five: the mask fits no longer, with the same shapes and no
# message, in the classic engine of 5.0 and the new one. Padding written as numbers is right in both. Seen with OpenCV 5.0.0 and 4.14.0,
# onnxruntime 1.32.0, onnx 1.23.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.2.6
env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target new opencv-python-headless==5.0.0.93
env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target old opencv-python-headless==4.14.0.94
cat > seen.py <<'PYTHON'
import json
import sys

sys.path.insert(0, sys.argv[1])
import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

LAYERS, SIZE = 5, 256


def network(**padding):
    """Five layers of stride 2, each of which takes its middle pixel."""
    kernel = np.zeros((1, 1, 3, 3), np.float32)
    kernel[..., 1, 1] = 1
    names = [f"x{index}" for index in range(LAYERS + 1)]
    nodes = [
        helper.make_node("Conv", [before, "kernel"], [after], strides=[2, 2], kernel_shape=[3, 3], **padding)
        for before, after in zip(names, names[1:])
    ]
    sides = (SIZE, SIZE >> LAYERS)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, n, n]) for name, n in zip(("x0", names[-1]), sides)]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:], [onnx.numpy_helper.from_array(kernel, "kernel")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


columns = np.tile(np.arange(SIZE, dtype=np.float32), (SIZE, 1))
answers = {}
for name, padding in {
    "SAME_UPPER": {"auto_pad": "SAME_UPPER"},
    "SAME_LOWER": {"auto_pad": "SAME_LOWER"},
    "numbers": {"pads": [0, 0, 1, 1]},
}.items():
    model = network(**padding)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    # In a ramp the level is the column that was looked at.
    answers[name] = [int(session.run(None, {"x0": columns[None, None]})[0][0, 0, 4, 4])]
    engines = ([cv2.dnn.ENGINE_CLASSIC], [cv2.dnn.ENGINE_NEW]) if cv2.__version__ >= "5" else ([],)
    for engine in engines:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8), *engine)
        net.setInput(columns[None, None])
        answers[name].append(int(net.forward()[0, 0, 4, 4]))
print(json.dumps([cv2.__version__, answers]))
PYTHON
env/bin/python seen.py new > new.json
env/bin/python seen.py old > old.json
cat new.json old.json
env/bin/python - <<'PYTHON'
import json

(new, in_new), (old, in_old) = json.load(open("new.json")), json.load(open("old.json"))
assert (new, old) == ("5.0.0", "4.14.0")
assert in_new == {"SAME_UPPER": [159, 128, 128], "SAME_LOWER": [128, 128, 128], "numbers": [159, 159, 159]}, in_new
assert in_old == {"SAME_UPPER": [159, 159], "SAME_LOWER": [128, 159], "numbers": [159, 159]}, in_old
PYTHON
