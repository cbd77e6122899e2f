"""The options of a job of the built-in engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from utils.messages import Text
from utils.options import Option


@dataclass(frozen=True, slots=True)
class BuiltinOptions:
    """`temporal_smoothing` averages the alpha along the motion, so that edges don't flicker."""

    temporal_smoothing: Annotated[
        bool, Option(Text(en="Temporal smoothing of edges", zh="边缘时域平滑"), aliases=("steady",))
    ] = True
