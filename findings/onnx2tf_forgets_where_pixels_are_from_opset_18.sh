#!/usr/bin/env bash
# onnx2tf, the usual way from ONNX to LiteRT (TensorFlow Lite) and the browsers, looks at coordinate_transformation_mode of a Resize only up to operator set 17.
# The same model written as 18 or newer, which is what PyTorch's exporter does now, is scaled as "half_pixel" whatever it says: from 8 to 12 pixels
# a linear Resize of "align_corners" is off by 0.14 pixels of the source and one of "asymmetric" by 0.17, and "nearest" of "asymmetric" with
# "floor", which is PyTorch's own nearest, takes other pixels wherever the scale is not whole. Mattes of networks with such layers are
# moved and their edges differ; shapes are right. At any set, nearest_mode is not looked at beside "half_pixel". No message. Export as
# operator set 17. Seen with onnx2tf 1.28.8, tensorflow-cpu 2.21.0, ONNX 1.23.2, onnxruntime 1.32.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check onnx2tf==1.28.8 tensorflow-cpu==2.21.0 tf_keras==2.21.0 onnx==1.23.2 \
  onnxruntime==1.32.0 onnx_graphsurgeon==0.6.1 sng4onnx==2.0.1 ai-edge-litert==2.3.0 psutil numpy==2.4.6
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" env/bin/python -W ignore - 2> messages <<'PYTHON' || { tail -n 5 messages; exit 1; }
import contextlib
import importlib.metadata
import io
import shutil

import numpy as np
import onnx
import onnx2tf
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("onnx2tf", "tensorflow-cpu", "onnx", "onnxruntime")))
# Pictures to try the model with, which onnx2tf would fetch otherwise.
np.save("calibration_image_sample_data_20x128x128x3_float32.npy", np.random.default_rng(0).random((20, 128, 128, 3), dtype=np.float32))
ramp = np.tile(np.arange(8, dtype=np.float32), (1, 3, 8, 1))


def scaled(opset, **settings):
    """A row of the ramp brought from 8 to 12 pixels, by onnxruntime and by LiteRT after onnx2tf."""
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ramp.shape)
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, (1, 3, 12, 12))
    scales = numpy_helper.from_array(np.array([1, 1, 1.5, 1.5], np.float32), "scales")
    graph = helper.make_graph([helper.make_node("Resize", ["picture", "", "scales"], ["result"], **settings)], "scale", [picture], [result], [scales])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), "model.onnx")
    right = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"]).run(None, {"picture": ramp})[0]
    shutil.rmtree("converted", ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        onnx2tf.convert(input_onnx_file_path="model.onnx", output_folder_path="converted", non_verbose=True)
    network = Interpreter("converted/model_float32.tflite")
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], np.ascontiguousarray(ramp.transpose(0, 2, 3, 1)))
    network.invoke()
    answer = network.get_tensor(network.get_output_details()[0]["index"]).transpose(0, 3, 1, 2)
    assert answer.shape == right.shape
    return right[0, 0, 6], answer[0, 0, 6]


MODES = {
    "linear, half_pixel": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
    "linear, align_corners": {"mode": "linear", "coordinate_transformation_mode": "align_corners"},
    "linear, asymmetric": {"mode": "linear", "coordinate_transformation_mode": "asymmetric"},
    "nearest, asymmetric, floor": {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    "nearest, half_pixel, floor": {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "floor"},
}
for name, settings in MODES.items():
    off = {}
    for opset in (13, 17, 18, 20):
        right, answer = scaled(opset, **settings)
        off[opset] = round(float(np.abs(right - answer).max()), 3)
    print(f"  {name}: off by {off} pixels of the source at operator sets; at 20 {np.round(answer, 2).tolist()} for {np.round(right, 2).tolist()}")
    wrong = [opset for opset, error in off.items() if error > 0.1]
    assert wrong == ([] if name == "linear, half_pixel" else [13, 17, 18, 20] if name == "nearest, half_pixel, floor" else [18, 20])
PYTHON
