"""The options of a VideoMaMa job, with upstream's defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from utils.errors import BadRequest
from utils.messages import Text
from utils.options import Option

DEFAULT_PIXELS = 1024 * 576


@dataclass(frozen=True, slots=True)
class JobOptions:
    """Windows count frames; `pixel_budget` is the most pixels of a frame that the model sees.

    Raises:
        BadRequest: the overlap is not smaller than the window.
    """

    pixel_budget: Annotated[
        int,
        Option(
            Text(
                en="Pixels the model sees of a frame (larger: finer and slower)",
                zh="模型每帧处理的像素数（越大越精细，也越慢）",
            ),
            minimum=64 * 64,
            maximum=1920 * 1088,
        ),
    ] = DEFAULT_PIXELS
    window: Annotated[
        int, Option(Text(en="Frames in a window", zh="每个窗口的帧数"), minimum=1, maximum=64)
    ] = 24
    overlap: Annotated[
        int,
        Option(
            Text(en="Frames that neighbouring windows share", zh="相邻窗口重叠的帧数"),
            minimum=0,
            maximum=63,
        ),
    ] = 4
    decode_context: Annotated[
        int,
        Option(
            Text(
                en="Frames decoded beside each eight and discarded (smoother over time, slower)",
                zh="每解码 8 帧时额外解码并丢弃的相邻帧数（时间上更平滑，但更慢）",
            ),
            minimum=0,
            maximum=4,
        ),
    ] = 0
    seed: Annotated[
        int, Option(Text(en="Seed of the noise", zh="噪声种子"), minimum=0, maximum=2**31 - 1)
    ] = 42
    feed_back: Annotated[
        bool,
        Option(
            Text(
                en="Condition each window on the result before it, where they overlap (may drift)",
                zh="窗口重叠处以前一窗口的结果为条件（误差可能累积）",
            )
        ),
    ] = False
    hard_mask: Annotated[
        bool, Option(Text(en="Hard mask edges after scaling", zh="缩放后保持蒙版硬边"))
    ] = False

    def __post_init__(self) -> None:
        if self.overlap >= self.window:
            allowed = f"0 … {self.window - 1}"
            raise BadRequest(
                "engine.option_range", name="overlap", value=self.overlap, allowed=allowed
            )
