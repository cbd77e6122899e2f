#!/usr/bin/env bash
# ExecuTorch, PyTorch's runtime for telephones, scales by another factor on its XNNPACK backend, the one that its guide takes for CPUs, than PyTorch and ExecuTorch's
# own portable kernels. F.interpolate(x, scale_factor=1.7, mode="bilinear") uses 1.7 as the factor; the backend keeps only the size that comes out,
# rounded down, and divides: from 17 to 28 pixels that is 1.647, and the picture is stretched, half a pixel of the source at the right end.
# With 1.5 from 17 to 25 it is a third. A matte scaled up so no longer meets its plate, where the whole program on the portable kernels
# does, and shapes are the same. Factors that divide evenly, size=(...) and recompute_scale_factor=True are right on both. No message.
# Give the size. Seen with executorch 1.5.0, torch 2.14.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check executorch==1.5.0 torch==2.14.1 numpy==2.2.6
env/bin/python -W ignore - 2> messages <<'PYTHON' || { tail -n 5 messages; exit 1; }
import importlib.metadata
import logging

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge, to_edge_transform_and_lower
from executorch.runtime import Runtime

logging.disable(logging.WARNING)
print(*(f"{name} {importlib.metadata.version(name)}" for name in ("executorch", "torch")))
ramp = torch.arange(17.0).expand(1, 1, 17, 17).contiguous()


class Scale(torch.nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.settings = settings

    def forward(self, picture):
        return torch.nn.functional.interpolate(picture, mode="bilinear", **self.settings)


def run(network, backend):
    program = torch.export.export(network, (ramp,))
    edge = to_edge(program) if backend == "portable" else to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    assert ("executorch_call_delegate" in str(edge.exported_program().graph)) == (backend == "XNNPACK")
    method = Runtime.get().load_program(edge.to_executorch().buffer).load_method("forward")
    return method.execute([ramp])[0].clone()


for name, settings, stretched in (
    ("scale_factor=1.7", {"scale_factor": 1.7}, 0.4),
    ("scale_factor=1.5", {"scale_factor": 1.5}, 0.25),
    ("scale_factor=2", {"scale_factor": 2.0}, 0),
    ("1.7 and recompute_scale_factor", {"scale_factor": 1.7, "recompute_scale_factor": True}, 0),
    ("size=(28, 28)", {"size": (28, 28)}, 0),
):
    network = Scale(settings).eval()
    right = network(ramp)
    answers = {backend: run(network, backend) for backend in ("portable", "XNNPACK")}
    off = {backend: round(float((answer - right).abs().max()), 3) for backend, answer in answers.items()}
    print(f"  {name}: 17 to {right.shape[-1]} pixels, off by {off} pixels of the source; the end of the row by XNNPACK", answers["XNNPACK"][0, 0, 5, -4:].tolist(), "for", right[0, 0, 5, -4:].tolist())
    assert all(answer.shape == right.shape for answer in answers.values())
    assert off["portable"] < 0.001 and (off["XNNPACK"] > stretched if stretched else off["XNNPACK"] < 0.001)
PYTHON
