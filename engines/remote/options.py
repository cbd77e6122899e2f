"""The options of a job at a service: all of them save money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from utils.messages import Text
from utils.options import Option


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """What a user may choose."""

    every: Annotated[
        int,
        Option(
            Text(
                en="Send every n-th frame and carry the alpha along the motion between (cheaper, less exact)",
                zh="每 n 帧发送一帧，其余帧沿运动传递 Alpha 通道（更便宜，精度略低）",
            ),
            minimum=1,
            maximum=12,
        ),
    ] = 1
    skip_unchanged: Annotated[
        bool,
        Option(
            Text(
                en="Don't send frames that look like the one before them",
                zh="不发送与前一帧相同的画面",
            )
        ),
    ] = False
    long_side: Annotated[
        int,
        Option(
            Text(
                en="Longest side that is sent, in pixels (0 = the clip's own, or what the service uses)",
                zh="发送画面的最长边（像素；0 为原尺寸或服务所用尺寸）",
            ),
            minimum=0,
            maximum=8192,
        ),
    ] = 0
