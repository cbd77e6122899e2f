"""The options of a MatAnyone job, with upstream's defaults, and its processing sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from utils.messages import Text
from utils.options import AUTOMATIC, Option, OptionSpec, specs_of

SMALLER_SHORT_SIDES = (1080, 720, 540, 360)
"""Short sides, in pixels, that a job falls back to when memory runs out."""
_MEMORY_FRAMES = 6
"""Memory frames in attention at most: the first, four recent ones, and room for one being added."""
_MEMORY_CHANNELS = 2 * (64 + 1 + 256)
"""Values of a memory token: key, shrinkage and value, held by frame and joined."""
_STATE_CHANNELS = 3 * 256 + 1
"""Values of a token in what one frame hands to the next: sensory memory, value, pixel features, alpha."""
QUERY_CHUNK = 256
"""Query tokens compared with the memory at once: their similarities stay in a CPU's cache."""
_BASE_BYTES = 200_000_000
"""Workspaces of the library, whatever the size."""
_BYTES_PER_PIXEL = 2_000
"""Feature maps; measured 1200 to 1900."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """Upstream's settings: kernels in pixels, and a short side in pixels that frames are computed at."""

    generation: Annotated[
        str,
        Option(
            Text(
                en="MatAnyone version (automatic: 2 where its weights are there)",
                zh="MatAnyone 版本（自动：有 2 代权重时用 2 代）",
            ),
            choices=("auto", "1", "2"),
            choice_labels=(AUTOMATIC, Text(en="1", zh="1 代"), Text(en="2", zh="2 代")),
        ),
    ] = "auto"
    processing_size: Annotated[
        str,
        Option(
            Text(
                en="Processing size: short side in pixels (the alpha is scaled back; the clip's own size needs much memory)",
                zh="处理尺寸：短边像素（遮罩会放大回原尺寸；原尺寸占用显存很大）",
            ),
            choices=("720", "1080", "full"),
            choice_labels=(
                Text(en="720", zh="720"),
                Text(en="1080", zh="1080"),
                Text(en="the clip's own", zh="原尺寸"),
            ),
            aliases=("inside_size",),
        ),
    ] = "720"
    dilate: Annotated[
        int,
        Option(
            Text(
                en="First mask: grow by a kernel of this many pixels (0 = off)",
                zh="首帧蒙版：膨胀核宽度，单位像素（0 为关闭）",
            ),
            minimum=0,
            maximum=100,
        ),
    ] = 10
    erode: Annotated[
        int,
        Option(
            Text(
                en="First mask: then shrink by a kernel of this many pixels (0 = off)",
                zh="首帧蒙版：随后腐蚀核宽度，单位像素（0 为关闭）",
            ),
            minimum=0,
            maximum=100,
        ),
    ] = 10
    warmup: Annotated[
        int,
        Option(
            Text(
                en="Warm-up: how often the first frame is predicted again",
                zh="预热：首帧重复预测的次数",
            ),
            minimum=0,
            maximum=50,
        ),
    ] = 10
    amp: Annotated[
        bool,
        Option(
            Text(
                en="Half precision: faster on a GPU, alpha may differ slightly",
                zh="半精度：在 GPU 上更快，结果可能略有差异",
            )
        ),
    ] = False

    crop: Annotated[
        bool,
        Option(
            Text(
                en="Compute on the target's part of the picture only: tracks the target first, then faster "
                "and at full resolution where it is small",
                zh="仅处理目标所在区域：先跟踪目标；目标较小时更快，且保持原始分辨率",
            )
        ),
    ] = False

    @property
    def short_side(self) -> int | None:
        """Short side to compute at, in pixels; None for the frame's own."""
        return None if self.processing_size == "full" else int(self.processing_size)


def option_specs(default_generation: str) -> tuple[OptionSpec, ...]:
    """Return what `process` takes; `default_generation` is the installation's setting."""
    return tuple(
        replace(spec, default=default_generation) if spec.name == "generation" else spec
        for spec in specs_of(JobOptions)
    )


def short_sides(size_wh: tuple[int, int], limit: int | None) -> list[int]:
    """Return the short sides to compute at, in pixels: the requested one, then smaller ones."""
    full = min(size_wh)
    wanted = full if limit is None else min(full, limit)
    return [wanted, *(side for side in SMALLER_SHORT_SIDES if side < wanted)]


def processing_size_wh(size_wh: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Return the width and height, in pixels, that frames are computed at.

    Never larger than the frame; the other side is cut to whole pixels, as upstream's `max_size` does.
    """
    width, height = size_wh
    shortest = min(width, height)
    if shortest <= short_side:
        return width, height
    return int(width / shortest * short_side), int(height / shortest * short_side)


def working_bytes(width: int, height: int) -> int:
    """Estimate the device bytes of one job computed at this size, in pixels.

    Feature maps grow with the pixels; their bytes were measured with whole maps at every level of the decoder,
    of which the largest are now made in strips, so that this is an upper limit. The memory bank and the
    similarities of one chunk of query tokens to it grow with the 16 x 16 tokens.
    """
    similarities = 4 * _MEMORY_FRAMES * _tokens(width, height) * 3 * QUERY_CHUNK
    features = _BYTES_PER_PIXEL * width * height
    return _BASE_BYTES + features + similarities + target_bytes(width, height)


def target_bytes(width: int, height: int) -> int:
    """Estimate the device bytes of one target's memory bank and state at this size, in pixels."""
    values = _MEMORY_FRAMES * _MEMORY_CHANNELS + _STATE_CHANNELS
    return 4 * _tokens(width, height) * values


def _tokens(width: int, height: int) -> int:
    return -(-width // 16) * -(-height // 16)
