#!/usr/bin/env bash
# coremltools, which makes Core ML models for Apple's devices, drops antialias=True of F.interpolate without a message. The program that comes out is the
# same, operation for operation and number for number, as without it: upsample_bilinear, which mixes two pixels in each direction however
# far it reduces. Reduced to a fifth inside the network, as matting and segmentation networks do with the frame, 21 of 25 pixels are never looked
# at: hair vanishes or flickers from frame to frame, and the network sees another picture than in PyTorch, by 0.2 of white for the lines here.
# mode="area" becomes a mean, as it should, and bicubic with antialias and nearest-exact are refused with an error, so that one expects one here.
# Reduce by area, or before the network. Seen with coremltools 9.0 and torch 2.7.0, the newest that it says it was tested with.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check coremltools==9.0 torch==2.7.0 numpy==2.2.6
env/bin/python -W ignore - 2> messages <<'PYTHON' || { tail -n 5 messages; exit 1; }
import importlib.metadata

import coremltools
import numpy as np
import torch

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("coremltools", "torch")))
SIDE, SMALL = 40, 8
rows, columns = np.mgrid[:SIDE, :SIDE]
hair = torch.from_numpy(((columns + rows) % 5 == 0).astype(np.float32))[None, None]


class Reduce(torch.nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.settings = settings

    def forward(self, picture):
        return torch.nn.functional.interpolate(picture, size=(SMALL, SMALL), **self.settings)


def converted(settings):
    """Each operation of the Core ML program with its constants, and the kinds of operations."""
    traced = torch.jit.trace(Reduce(settings).eval(), hair)
    program = coremltools.convert(
        traced,
        inputs=[coremltools.TensorType(name="picture", shape=hair.shape)],
        convert_to="milinternal",
        compute_precision=coremltools.precision.FLOAT32,
        minimum_deployment_target=coremltools.target.iOS17,
    )
    seen = []
    for operation in program.functions["main"].operations:
        if operation.op_type != "const":
            constants = {name: np.asarray(value.val).tolist() for name, value in operation.inputs.items() if getattr(value, "val", None) is not None}
            seen.append((operation.op_type, constants, tuple(operation.outputs[0].shape)))
    return seen


smooth, plain = {"mode": "bilinear", "antialias": True}, {"mode": "bilinear"}
answers = [Reduce(settings)(hair)[0, 0] for settings in (smooth, plain)]
print("  PyTorch, one row of hair reduced to a fifth, with and without antialias:", *([round(value, 2) for value in answer[3].tolist()] for answer in answers))
apart = float((answers[0] - answers[1]).abs().max())
programs = [converted(settings) for settings in (smooth, plain)]
print("  their Core ML programs:", *programs)
assert apart > 0.1 and programs[0] == programs[1]
assert [operation for operation, _, _ in programs[0]] == ["upsample_bilinear"]
area = {operation for operation, _, _ in converted({"mode": "area"})}
print("  of mode='area':", area, f"; apart in PyTorch by {apart:.2f}")
assert "upsample_bilinear" not in area
for settings in ({"mode": "bicubic", "antialias": True}, {"mode": "nearest-exact"}):
    try:
        converted(settings)
    except Exception as error:
        print(f"  {settings}: {str(error).strip().splitlines()[-1]}")
    else:
        raise AssertionError(settings)
PYTHON
