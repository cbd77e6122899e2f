"""Loads the upstream packages `matanyone` and `matanyone2` without their downloads and global state."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from engines.matanyone.checkpoint import MODEL_NAMES, read_config, read_tensors
from engines.matanyone.contract import Generation
from engines.matanyone.core import Package, TorchNetwork
from engines.weights import FileVerifier, damaged, download_command

_SHARED_PACKAGES = (
    "torch", "omegaconf", "cv2", "PIL", "imageio", "tqdm", "huggingface_hub", "safetensors",
)  # fmt: skip
"""What both packages import for inference, besides numpy and torchvision (see `_torchvision`)."""
_NETWORK_CLASSES: dict[Generation, str] = {"1": "MatAnyone", "2": "MatAnyone2"}
_DERIVED_KEYS = ("pixel_mean", "pixel_std")
"""Buffers that the network makes itself and that older files may hold all the same."""


class UpstreamBackend:
    """Builds networks on the upstream packages.

    Args:
        dtype: the installation's precision; a half one is what autocast uses where a job asks for it.
    """

    def __init__(self, dtype: Literal["auto", "float32", "bfloat16", "float16"]) -> None:
        self._dtype = dtype
        self._verifiers = {
            generation: FileVerifier(name, download_command(name))
            for generation, name in MODEL_NAMES.items()
        }

    def missing_packages(self, generation: Generation) -> tuple[str, ...]:
        """See `Backend.missing_packages`."""
        wanted = (*_SHARED_PACKAGES, MODEL_NAMES[generation])
        return tuple(name for name in wanted if importlib.util.find_spec(name) is None)

    def load(self, generation: Generation, weights: Path, device: str) -> TorchNetwork:
        """See `Backend.load`."""
        import torch

        package = import_package(generation)
        tensors = read_tensors(weights, generation, self._verifiers[generation])
        config = build_config(package.config_dir, read_config(weights.parent))
        network = package.network_class(config, single_object=True)
        fill(network, tensors, weights, download_command(MODEL_NAMES[generation]))
        network.requires_grad_(False)
        half = getattr(torch, self._dtype) if self._dtype in ("bfloat16", "float16") else None
        return TorchNetwork(package, network.to(device).eval(), device, half)


def import_package(generation: Generation) -> Package:
    """Import one generation's package; importing it again is free."""
    name = MODEL_NAMES[generation]
    with _torchvision():
        inference = importlib.import_module(f"{name}.inference.inference_core")
    network_module = importlib.import_module(f"{name}.model.{name}")
    store = importlib.import_module(f"{name}.inference.image_feature_store")
    config = importlib.import_module(f"{name}.config")
    return Package(
        inference_core=inference.InferenceCore,
        feature_store=store.ImageFeatureStore,
        network_module=network_module,
        memory_module=importlib.import_module(f"{name}.inference.memory_manager"),
        network_class=getattr(network_module, _NETWORK_CLASSES[generation]),
        config_dir=Path(str(config.__file__)).parent,
    )


@contextmanager
def _torchvision() -> Iterator[None]:
    """Let `import torchvision` succeed for the time of an import.

    One helper upstream imports it for a video reader that is never called here, and PyPI's build does
    not import beside a CPU-only torch. The stand-in is taken away again: other libraries must find out
    the truth.
    """
    try:
        importlib.import_module("torchvision")
    except (ImportError, OSError, RuntimeError, AttributeError):
        sys.modules["torchvision"] = ModuleType("torchvision")
        try:
            yield
        finally:
            sys.modules.pop("torchvision", None)
    else:
        yield


def build_config(config_dir: Path, own: Mapping[str, Any]) -> Any:
    """Return the network's configuration as an omegaconf object.

    The package's YAML files are read without hydra, whose state is global and allows one
    initialisation in a process. What the weights bring along in config.json wins, as it does in
    upstream's `from_pretrained`; its ResNet download never happens.
    """
    from omegaconf import OmegaConf

    config = OmegaConf.load(config_dir / "eval_matanyone_config.yaml")
    for key in ("defaults", "hydra"):
        config.pop(key, None)
    config.model = OmegaConf.load(config_dir / "model" / "base.yaml")
    config = OmegaConf.merge(config, OmegaConf.create(dict(own)))
    config.model.pretrained_resnet = False
    # Sizes are ours to choose: the cap inside `step` can not take a matting mask.
    config.max_internal_size = -1
    return config


def fill(network: Any, tensors: dict[str, Any], path: Path, command: str) -> None:
    """Copy tensors into the network.

    Raises:
        ModelFilesError: a tensor is missing, unknown or of another shape.
    """
    own = network.state_dict()
    given = {key: tensor for key, tensor in tensors.items() if key not in _DERIVED_KEYS}
    problems = {
        "missing": sorted(own.keys() - given.keys()),
        "unknown": sorted(given.keys() - own.keys()),
        "of another shape": sorted(
            key for key in own.keys() & given.keys() if own[key].shape != given[key].shape
        ),
    }
    for kind, keys in problems.items():
        if keys:
            raise damaged(path, f"{len(keys)} tensors {kind}, e.g. {keys[0]}", command)
    network.load_state_dict(given, strict=True)
