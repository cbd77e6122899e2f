"""A network that is ready to be written: what every export has in common."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

OPSET = 17
NEWER_OPSET = 18
"""What the newer exporter writes."""
TOLERANCE = 1e-3
"""Largest difference between PyTorch and the file, as a share of the output's largest value or of 1."""


class ExportRefused(Exception):
    """Something is missing or doesn't fit; the text says what to do."""


@dataclass(frozen=True)
class Network:
    """One network with its weights.

    Attributes:
        model: its arguments are the inputs in their order.
        inputs: example tensors by input name.
        outputs: names of the outputs, in the model's order.
        free: names of the free dimensions, by tensor name and axis.
        other: inputs of another size, for a file whose size is free.
    """

    model: torch.nn.Module
    inputs: Mapping[str, torch.Tensor]
    outputs: tuple[str, ...]
    free: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    other: Mapping[str, torch.Tensor] | None = None


def write(network: Network, path: Path) -> dict[str, float]:
    """Write the file and compare it with PyTorch; return the largest difference of each output.

    Raises:
        ExportRefused: the file computes something else; it is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.onnx")
    with torch.no_grad():
        torch.onnx.export(
            network.model.eval(),
            tuple(network.inputs.values()),
            str(partial),
            input_names=list(network.inputs),
            output_names=list(network.outputs),
            **_exporter(network),
        )
    found: dict[str, float] = {}
    for inputs in filter(None, (network.inputs, network.other)):
        for name, value in _differences(network, inputs, partial).items():
            found[name] = max(value, found.get(name, 0.0))
    if not max(found.values()) <= TOLERANCE:
        partial.unlink()
        raise ExportRefused(f"the file computes something else than PyTorch: {found}")
    partial.replace(path)
    return found


def _exporter(network: Network) -> dict[str, Any]:
    """Return which of PyTorch's two exporters is taken, and its settings.

    The older one fails on the masks of shifted windows (Swin) and leaves sizes free that the newer one fixes, whose
    own optimizer takes minutes for a small PDFNet; ONNX Runtime optimizes as it loads the file.
    """
    if network.free:
        axes = {name: dict(free) for name, free in network.free.items()}
        return {"dynamo": False, "opset_version": OPSET, "dynamic_axes": axes}
    return {
        "dynamo": True,
        "opset_version": NEWER_OPSET,
        "external_data": False,
        "optimize": False,
    }


def _differences(
    network: Network, inputs: Mapping[str, torch.Tensor], path: Path
) -> dict[str, float]:
    with torch.no_grad():
        expected = network.model(*inputs.values())
    expected = expected if isinstance(expected, (tuple, list)) else (expected,)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    # A constant ratio may leave an input unused, which the exporter then drops.
    feeds = {item.name: inputs[item.name].numpy() for item in session.get_inputs()}
    made = session.run(list(network.outputs), feeds)
    return {
        name: float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))
        for name, one, other in zip(
            network.outputs, made, (value.numpy() for value in expected), strict=False
        )
    }


def load_weights(model: torch.nn.Module, checkpoint: Path | None, *, key: str = "") -> None:
    """Load a checkpoint's weights, all of them; without one the weights stay random.

    Args:
        key: where a checkpoint may hold the weights beside other things.

    Raises:
        ExportRefused: the checkpoint lacks weights.
    """
    if checkpoint is None:
        return
    weights = torch.load(checkpoint, map_location="cpu", weights_only=True)
    weights = weights.get(key, weights) if key else weights
    missing = model.load_state_dict(weights, strict=False).missing_keys
    if missing:
        raise ExportRefused(f"{checkpoint} lacks {len(missing)} weights, e.g. {missing[0]}")


def import_without_init(folder: Path, name: str) -> None:
    """Make a package's modules importable without what its own `__init__` imports.

    Raises:
        ExportRefused: the folder has no such package.
    """
    place = folder / name.replace(".", "/")
    if not place.is_dir():
        raise ExportRefused(f"{folder} has no {name}: --code names the folder that holds it")
    package = types.ModuleType(name)
    package.__path__ = [str(place)]
    sys.modules[name] = package
