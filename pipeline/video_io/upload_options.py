"""What whoever uploads may say of a file: how it becomes a clip; values only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pipeline.video_io.alpha_mode import AlphaMode


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """How an upload becomes a clip.

    Of pictures: frames a second (None = as they state, else 24), and whether gaps are filled, which means that the
    picture before is held. Of all with transparency: what their colours are taken for.
    """

    rate: Fraction | None = None
    hold_missing: bool = False
    alpha_mode: AlphaMode = "auto"
