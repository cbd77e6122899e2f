#!/usr/bin/env bash
# openvino.Tensor(frame, shared_memory=True) raises "array is not writeable" for an input that it only reads: a frame from a pipe of
# FFmpeg (numpy.frombuffer over bytes) or any array with its write flag off. Calling the compiled model with the same frame takes it
# without a word, share_inputs=True included, so that a change to reused tensors breaks on some frame sources and not on others.
# Seen with OpenVINO 2026.4.1; the model is one addition, made here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import numpy as np
import openvino
from openvino import opset13 as ops

print("OpenVINO", openvino.__version__)
image = ops.parameter([1, 4, 4, 3], np.uint8)
model = openvino.Model([ops.add(image, np.uint8(1))], [image])
compiled = openvino.compile_model(model, "CPU")
frame = np.frombuffer(bytes(range(48)), np.uint8).reshape(1, 4, 4, 3)
assert not frame.flags.writeable
for shares in (False, True):
    answer = compiled(frame, share_inputs=shares)[0]
    assert (answer == frame + 1).all()
    print(f"called with the frame, share_inputs={shares}: taken")
try:
    openvino.Tensor(frame, shared_memory=True)
except ValueError as error:
    print("Tensor(shared_memory=True):", error)
else:
    raise SystemExit("a read-only frame is shared now")
openvino.Tensor(np.require(frame, requirements=["C", "W"]), shared_memory=True)
print("a writeable copy is shared")
PYTHON
