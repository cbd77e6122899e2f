"""InSPyReNet of transparent-background; its code needs timm.

The file gives logits: the project stretches every picture to the full range, which on a clip turns an empty frame
into a mask.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import torch

from scripts.export.network import Network, import_without_init, load_weights

PACKAGE = "transparent_background"


def build(code: Path, checkpoint: Path | None) -> Network:
    """Return the network for pictures of 1024 pixels square.

    Raises:
        ExportRefused: the code or a weight is missing.
    """
    return _build(code, checkpoint, 1024)


def build_fast(code: Path, checkpoint: Path | None) -> Network:
    """As `build`, for 384 pixels square."""
    return _build(code, checkpoint, 384)


def _build(code: Path, checkpoint: Path | None, side: int) -> Network:
    import_without_init(code, PACKAGE)
    # Only the blending of two sizes uses it, which a fixed size does without.
    morphology = types.ModuleType("kornia.morphology")
    morphology.dilation = morphology.erosion = None  # type: ignore[attr-defined]
    sys.modules.setdefault("kornia.morphology", morphology)
    from transparent_background.InSPyReNet import InSPyReNet_SwinB

    network = InSPyReNet_SwinB(depth=64, pretrained=False, base_size=[side, side], threshold=None)
    load_weights(network, checkpoint)
    return Network(_Logits(network), {"image": torch.rand(1, 3, side, side)}, ("logits",))


class _Logits(torch.nn.Module):
    """The finest level of the pyramid, before the sigmoid."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        finest: torch.Tensor = self.network.forward_inspyre(image)["saliency"][-1]
        return finest
