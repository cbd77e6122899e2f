"""PDFNet; its code needs timm, einops and matplotlib.

The second input is the depth that Depth Anything V2 estimates of the picture, of any scale: the network stretches it.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import torch

from scripts.export.network import ExportRefused, Network, load_weights

SIDE = 1024


def build(code: Path, checkpoint: Path | None) -> Network:
    """Return the network.

    Raises:
        ExportRefused: the code or a weight is missing.
    """
    if not (code / "models" / "PDFNet.py").is_file():
        raise ExportRefused(f"{code} is no checkout of PDFNet")
    sys.path.insert(0, str(code))
    _let_import_timm()
    from args import get_args_parser
    from models.PDFNet import PDF_decoder, PDF_depth_decoder, PDFNet_process
    from models.swin_transformer import SwinB

    arguments = get_args_parser().parse_args([])
    # `build_model` would read the backbone's weights from a folder of the authors' machine.
    network = PDFNet_process(
        encoder=SwinB(args=arguments, in_chans=3, pretrained=False),
        decoder=PDF_decoder(args=arguments),
        depth_decoder=PDF_depth_decoder(args=arguments),
        device="cpu",
        args=arguments,
    )
    load_weights(network, checkpoint)
    pictures = {"image": torch.rand(1, 3, SIDE, SIDE), "depth": torch.rand(1, 1, SIDE, SIDE)}
    return Network(_Logits(network), pictures, ("logits",))


def _let_import_timm() -> None:
    """Give timm's layers the older name under which the project imports them."""
    import timm.layers

    name = "timm.models.layers"
    try:
        __import__(name)
    except ImportError:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(vars(timm.layers))


class _Logits(torch.nn.Module):
    """The prediction before the sigmoid."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network.inference(image, depth)[1]
        return logits
