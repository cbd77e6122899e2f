"""BackgroundMattingV2, with the published file's settings; its code needs torchvision.

Patches are cropped by gathering, which needs no operator of torchvision.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from scripts.export.network import ExportRefused, Network, load_weights

SIZE_WH, OTHER_SIZE_WH = (384, 224), (320, 288)
OUTPUTS = "pha", "fgr", "pha_sm", "fgr_sm", "err_sm", "ref_sm"


def build(code: Path, checkpoint: Path | None) -> Network:
    """Return the network; the checkpoint's name says which backbone.

    Raises:
        ExportRefused: the code or a weight is missing.
    """
    if not (code / "model" / "refiner.py").is_file():
        raise ExportRefused(f"{code} is no checkout of BackgroundMattingV2")
    sys.path.insert(0, str(code))
    from model import MattingRefine

    name = "" if checkpoint is None else checkpoint.name
    known = [one for one in ("resnet101", "resnet50", "mobilenetv2") if one in name]
    network = MattingRefine(
        backbone=known[0] if known else "mobilenetv2",
        backbone_scale=0.25,
        refine_mode="sampling",
        refine_sample_pixels=80_000,
        refine_patch_crop_method="gather",
        refine_patch_replace_method="scatter_element",
    )
    load_weights(network, checkpoint)
    free = {0: "batch", 2: "height", 3: "width"}
    return Network(
        network,
        _pictures(SIZE_WH),
        OUTPUTS,
        dict.fromkeys(("src", "bgr", *OUTPUTS), free),
        _pictures(OTHER_SIZE_WH),
    )


def _pictures(size_wh: tuple[int, int]) -> dict[str, torch.Tensor]:
    shape = (1, 3, size_wh[1], size_wh[0])
    return {"src": torch.rand(shape), "bgr": torch.rand(shape)}
