"""The engine class of each declared frame network, by its name."""

from __future__ import annotations

from engines.frame_models.engine import FrameEngine, FrameModelEngine
from engines.frame_models.second_image import CleanPlateEngine, DepthEngine
from engines.onnx.networks import DEPTH_NETWORKS, FRAME_NETWORKS
from engines.onnx.spec import NetworkSpec
from engines.weights_manifest import model_weights
from utils.types import Message


def __getattr__(name: str) -> type[FrameEngine]:
    """Return the engine class of a declared network, by the network's name."""
    if name not in FRAME_NETWORKS:
        raise AttributeError(name)
    spec = FRAME_NETWORKS[name]
    kind = type(
        name,
        (_base_of(spec),),
        {
            "name": name,
            "spec": spec,
            "weight_rows": _weight_rows(spec),
            "label": Message(
                "engine.frame_model.label", {"name": model_weights(spec.weights).label}
            ),
        },
    )
    globals()[name] = kind
    return kind


def _base_of(spec: NetworkSpec) -> type[FrameEngine]:
    if spec.second_image is None:
        return FrameModelEngine
    return CleanPlateEngine if spec.second_image.kind == "clean_plate" else DepthEngine


def _weight_rows(spec: NetworkSpec) -> tuple[str, ...]:
    further = spec.second_image.network if spec.second_image is not None else ""
    return (spec.weights, DEPTH_NETWORKS[further].weights) if further else (spec.weights,)
