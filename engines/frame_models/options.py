"""The options of a frame network's job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from utils.messages import Text
from utils.options import AUTOMATIC, Option


@dataclass(frozen=True, slots=True)
class SmoothingOptions:
    """What a user may choose of every frame network."""

    temporal_smoothing: Annotated[
        bool,
        Option(
            Text(
                en="Temporal smoothing: mean of the neighbouring frames along the motion, outliers left out (less flicker)",
                zh="时间平滑：沿运动方向取前后各帧的稳健均值（去掉少数帧才有的内容），减少闪烁",
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
    skip_unchanged: Annotated[
        bool,
        Option(
            Text(
                en="Don't run the network on frames that look like the one before them",
                zh="与前一帧相同的画面不再运行网络",
            )
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class FrameModelOptions(SmoothingOptions):
    """What a user may choose of a network that sees the image alone."""

    as_rembg: Annotated[
        bool,
        Option(
            Text(
                en="As rembg: each frame by itself, stretched to the full range, without smoothing (flickers; an empty frame becomes a mask)",
                zh="与 rembg 相同：逐帧处理并拉伸到全范围，不做平滑（会闪烁，空画面也会产生蒙版）",
            )
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class CleanPlateOptions(SmoothingOptions):
    """What a user may choose of a network that also sees the scene without the target."""

    clean_plate: Annotated[
        str,
        Option(
            Text(
                en="Clean plate (automatic: your picture, else the temporal median outside the tracked mask; steady camera only)",
                zh="干净背景板（自动：优先使用上传的图片，否则取跟踪蒙版之外的时间中位数；仅适合固定机位）",
            ),
            choices=("auto", "picture", "median"),
            choice_labels=(
                AUTOMATIC,
                Text(en="your picture", zh="上传的图片"),
                Text(en="temporal median", zh="时间中位数"),
            ),
        ),
    ] = "auto"
