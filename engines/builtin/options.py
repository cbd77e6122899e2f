"""The options of a job of the built-in engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from engines.builtin.foreground import INTERVAL
from utils.messages import Text
from utils.options import Option


@dataclass(frozen=True, slots=True)
class BuiltinOptions:
    """`network_interval` is the k of "every k-th frame" that a foreground network is asked about; 0 chooses
    it by the network's speed, so that a frame takes about a quarter of a second.
    """

    network_interval: Annotated[
        int,
        Option(
            Text(
                en="Frames between two questions to the foreground network (0: by its speed)",
                zh="前景网络的采样间隔（帧；0 为按速度自动选择）",
            ),
            minimum=0,
            maximum=30,
            slider=(0, 12, 1),
            retired=("temporal_smoothing", "steady"),
        ),
    ] = INTERVAL
