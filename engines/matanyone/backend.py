"""Loads published weights into our own network; no model package but torch is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from engines.base import missing_packages
from engines.matanyone.checkpoint import MODEL_NAMES, check_config, read_tensors
from engines.matanyone.contract import Generation
from engines.matanyone.core import TorchNetwork
from engines.weights import FileVerifier, check_tensor_shapes, download_command

PACKAGES = ("torch", "safetensors")
_CONSTANTS = ("pixel_mean", "pixel_std")
"""Buffers that the network makes itself and that older files may hold all the same."""


class TorchBackend:
    """Builds networks from weight files.

    Args:
        dtype: the installation's precision; a half one is what autocast uses where a job asks for it.
        cuda_graphs: whether jobs try to replay their steps as CUDA graphs.
    """

    def __init__(
        self,
        dtype: Literal["auto", "float32", "bfloat16", "float16"],
        cuda_graphs: bool = False,
    ) -> None:
        self._dtype = dtype
        self._cuda_graphs = cuda_graphs
        self._verifiers = {
            generation: FileVerifier(name, download_command(name))
            for generation, name in MODEL_NAMES.items()
        }

    def missing_packages(self) -> tuple[str, ...]:
        """See `Backend.missing_packages`."""
        return missing_packages(PACKAGES)

    def load(self, generation: Generation, weights: Path, device: str) -> TorchNetwork:
        """See `Backend.load`."""
        import torch

        from engines.matanyone.network.network import MatAnyoneNetwork
        from engines.matanyone.steps import record_cuda_graph

        check_config(weights.parent)
        tensors = read_tensors(weights, generation, self._verifiers[generation])
        tensors = {name: value for name, value in tensors.items() if name not in _CONSTANTS}
        module = MatAnyoneNetwork()
        check_tensor_shapes(
            weights,
            {name: tensor.shape for name, tensor in tensors.items()},
            {name: tensor.shape for name, tensor in module.state_dict().items()},
            download_command(MODEL_NAMES[generation]),
        )
        module.load_state_dict(tensors, strict=True)
        module.requires_grad_(False)
        half = getattr(torch, self._dtype) if self._dtype in ("bfloat16", "float16") else None
        record = record_cuda_graph if self._cuda_graphs else None
        return TorchNetwork(module.to(device).eval(), device, half, record)
