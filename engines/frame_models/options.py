"""The options of a frame network's job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from utils.messages import Text
from utils.options import Option


@dataclass(frozen=True, slots=True)
class FrameModelOptions:
    """What a user may choose."""

    temporal_smoothing: Annotated[
        bool,
        Option(
            Text(
                en="Temporal smoothing: the median of the frames around, along the motion; less flicker",
                zh="时间平滑：沿运动方向取前后各帧的中位数，减少闪烁",
            )
        ),
    ] = True
    every: Annotated[
        int,
        Option(
            Text(
                en="Run the network on every n-th frame and carry the alpha along the motion between (faster, less exact)",
                zh="每 n 帧运行一次网络，其余帧沿运动传递 Alpha 通道（更快，精度略低）",
            ),
            minimum=1,
            maximum=12,
        ),
    ] = 1
    as_rembg: Annotated[
        bool,
        Option(
            Text(
                en="As rembg: each frame stretched to the full range (flickers; an empty frame becomes a mask)",
                zh="与 rembg 相同：逐帧拉伸到全范围（会闪烁，空画面也会产生蒙版）",
            )
        ),
    ] = False
