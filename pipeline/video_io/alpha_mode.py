"""Whether a file's colours are multiplied by its alpha (premultiplied) or not (straight); plain values."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from utils.types import Message

AlphaMode: TypeAlias = Literal["auto", "straight", "premultiplied"]
"""What an upload's colours are to be taken for; "auto" goes by the file's format, or by what the file says of itself."""
ALPHA_MODES: tuple[AlphaMode, ...] = get_args(AlphaMode)


def alpha_notice(*, is_premultiplied: bool) -> Message:
    """Say what an upload's colours were taken for."""
    return Message("video.alpha_premultiplied" if is_premultiplied else "video.alpha_straight")
