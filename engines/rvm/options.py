"""The options of an RVM job, and the ratio that the network works at inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engines.rvm.brightness import AUTOMATIC_GAMMA
from utils.messages import Text
from utils.options import AUTOMATIC, Option

_REDUCED_LONG_SIDE = 512
"""Longer side, in pixels, that the network's inside works at by default; upstream's `auto_downsample_ratio`."""
_LEAST_RATIO = 0.05
NETWORK_OF = {
    "auto": "rvm",
    "mobilenetv3": "rvm",
    "resnet50": "rvm-resnet50",
    "effnetv2": "effnetv2-human-matting",
}
"""The rows of `RVM_NETWORKS` by what a user chooses."""


@dataclass(frozen=True, slots=True)
class RvmOptions:
    """What a user may choose."""

    downsample_ratio: Annotated[
        float,
        Option(
            Text(
                en="Downsample ratio inside the network (0 = by the clip's size; larger: finer hands and hair, slower)",
                zh="网络内部的缩放比例（0 为按视频尺寸自动；越大手部和发丝越精细，也越慢）",
            ),
            minimum=0.0,
            maximum=1.0,
        ),
    ] = 0.0
    network: Annotated[
        str,
        Option(
            Text(
                en="Network (automatic: MobileNetV3; ResNet50 is slightly better and slower; "
                "EffNetV2 is ModelScope's, without a foreground, and exported by an administrator)",
                zh="网络（自动：使用 MobileNetV3；ResNet50 略好但更慢；"
                "EffNetV2 为 ModelScope 的网络，不输出前景，需管理员导出）",
            ),
            choices=tuple(NETWORK_OF),
            choice_labels=(
                AUTOMATIC,
                Text(en="MobileNetV3", zh="MobileNetV3"),
                Text(en="ResNet50", zh="ResNet50"),
                Text(en="EffNetV2", zh="EffNetV2"),
            ),
        ),
    ] = "auto"
    fill: Annotated[
        str,
        Option(
            Text(
                en="Fill parts of the target that the network misses from the tracked mask (automatic: if it misses some on a confirmed frame)",
                zh="用跟踪蒙版补全网络漏掉的部分（自动：仅当确认帧上有漏掉时）",
            ),
            choices=("auto", "on", "off"),
            choice_labels=(AUTOMATIC, Text(en="always", zh="始终"), Text(en="never", zh="从不")),
        ),
    ] = "auto"
    mirrored: Annotated[
        bool,
        Option(
            Text(
                en="With a mark: see each frame's mirror image too and take the mean (less error and flicker, slower)",
                zh="有标记时：每帧再对其镜像运行一次网络并取平均（误差和闪烁更小，速度更慢）",
            )
        ),
    ] = True
    network_gamma: Annotated[
        float,
        Option(
            Text(
                en="Gamma of what the network sees (0 = automatic: very dark pictures are exposed; 1 = the picture as it is; "
                "0.6 for dark pictures: gaps open, soft edges lose a little)",
                zh="输入网络的画面的伽马（0 为自动：很暗的画面会提亮；1 为不变；暗画面可用 0.6：身体间的空隙更清楚，柔和边缘略有损失）",
            ),
            minimum=AUTOMATIC_GAMMA,
            maximum=1.0,
        ),
    ] = AUTOMATIC_GAMMA


def ratio_for(size_wh: tuple[int, int], chosen: float) -> float:
    """Return the ratio in (0, 1]: as chosen, else so that the longer side becomes 512 pixels inside."""
    if chosen > 0:
        return max(chosen, _LEAST_RATIO)
    return min(1.0, _REDUCED_LONG_SIDE / max(size_wh))


def ratios(size_wh: tuple[int, int], chosen: float) -> tuple[float, float]:
    """Return the ratio and the next smaller one, for a device whose memory is short."""
    ratio = ratio_for(size_wh, chosen)
    return ratio, ratio / 2
