"""ModelScope's `cv_effnetv2_video-human-matting`.

Frames go in as BGR; the ratio and the states are inputs, and a state of one zero is an empty one. Unlike the
project's own code, the refiner also runs at a ratio of 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from scripts.export.network import Network, import_without_init, load_weights

PACKAGE = "modelscope.models.cv.video_human_matting.models"
SIZE_WH, OTHER_SIZE_WH = (256, 144), (208, 160)


def build(code: Path, checkpoint: Path | None) -> Network:
    """Return the network.

    Raises:
        ExportRefused: the code or a weight is missing.
    """
    import_without_init(code, PACKAGE)
    from modelscope.models.cv.video_human_matting.models.matting import MattingNetwork

    network = MattingNetwork()
    load_weights(network, checkpoint, key="model_state_dict")
    for module in network.modules():
        if type(module).__name__ == "GRU":
            _let_broadcast(module)
    states_in = [f"r{number}i" for number in range(1, 5)]
    states_out = [f"r{number}o" for number in range(1, 5)]
    free = {name: {0: "batch", 2: "height", 3: "width"} for name in ("src", "pha")}
    for name in (*states_in, *states_out):
        # An empty state has one channel, others have those of the row.
        free[name] = {axis: f"{name}_{axis}" for axis in range(4)}
    return Network(
        _Recurrent(network),
        _inputs(SIZE_WH, 0.5),
        ("pha", *states_out),
        free,
        _inputs(OTHER_SIZE_WH, 0.4),
    )


def _inputs(size_wh: tuple[int, int], ratio: float) -> dict[str, torch.Tensor]:
    empty = {f"r{number}i": torch.zeros(1, 1, 1, 1) for number in range(1, 5)}
    picture = torch.rand(1, 3, size_wh[1], size_wh[0])
    return {"src": picture, **empty, "downsample_ratio": torch.tensor([ratio])}


def _let_broadcast(cell: Any) -> None:
    """Let a recurrent cell take a state of one zero for an empty one."""
    own = cell.forward_single_frame
    cell.forward = lambda given, state: own(given, state + torch.zeros_like(given))


class _Reduce(torch.autograd.Function):
    """Scale by a ratio that is known only when the file runs; as `interpolate(scale_factor=ratio)`."""

    @staticmethod
    def forward(ctx: Any, picture: torch.Tensor, ratio: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(
            picture, scale_factor=float(ratio), mode="bilinear", align_corners=False
        )

    @staticmethod
    def symbolic(graph: Any, picture: Any, ratio: Any) -> Any:
        kept = graph.op("Constant", value_t=torch.ones(2))
        scales = graph.op("Concat", kept, ratio, ratio, axis_i=0)
        none = graph.op("Constant", value_t=torch.tensor([], dtype=torch.float32))
        return graph.op(
            "Resize", picture, none, scales, mode_s="linear",
            coordinate_transformation_mode_s="half_pixel",
        )  # fmt: skip


class _Recurrent(torch.nn.Module):
    """The network's own steps, with the ratio as an input."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, src: torch.Tensor, *states_and_ratio: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        *states, ratio = states_and_ratio
        network = self.network
        small = _Reduce.apply(src, ratio)
        *features, deepest = network.backbone(small)
        hidden, *after = network.decoder(small, *features, network.aspp(deepest), *states)
        foreground, alpha = network.project_mat(hidden).split([3, 1], dim=-3)
        _, alpha = network.refiner(src, small, foreground, alpha, hidden)
        return (alpha.clamp(0.0, 1.0), *after)
