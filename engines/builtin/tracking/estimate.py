"""A tracker's estimate of one frame, and what it is given of the frame after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.thin_lines import ThinLine
from utils.types import FloatImage, FloatMap, Mask


@dataclass(frozen=True, slots=True)
class Estimate:
    """The tracker's estimate of one frame: probability float32 (h, w), confidence in [0, 1].

    `temporal_overlap`, in [0, 1], is its overlap with the previous estimate warped here: 0 where the
    object was redetected. `thin_lines` are its straight thin parts, which the probability has not.
    """

    probability: FloatMap
    confidence: float
    temporal_overlap: float = 1.0
    thin_lines: tuple[ThinLine, ...] = ()


@dataclass(frozen=True, slots=True)
class NextFrame:
    """The frame after the tracked one: its lab float32 (h, w, 3), the flow to it float32 (h, w, 2)."""

    lab: FloatImage
    flow: FloatImage


def confirmed(mask: Mask) -> Estimate:
    """Return the estimate that a user's own mask, bool (h, w), stands for."""
    return Estimate(mask.astype(np.float32), 1.0)
