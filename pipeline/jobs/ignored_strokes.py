"""Tells where an alpha goes against the brush: networks decide by themselves what lies near a mask's edge.

It changes no alpha.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pipeline.session.state import Keyframe
from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.mask_utils import inner_distance
from utils.strokes import paint
from utils.types import Mask, Stroke

_EDGE_SHARE, _LEAST_EDGE_PX = 0.005, 3.0
"""What an edge may be off from a stroke's, as a share of the longer side, and in pixels at least."""
_MISSING_SHARE = 0.5
"""Share of what was painted that must be missing: a brush is wider than what it is meant for."""


def strokes_by_frame(
    keyframes: Iterable[Keyframe], guide: Mapping[int, Mask], first: int
) -> dict[int, tuple[Stroke, ...]]:
    """Return a target's strokes by frame.

    Args:
        keyframes: of all targets, by the clip's frames.
        guide: the target's confirmed masks, bool (H, W), by frames counted from `first`.
        first: the clip's frame that the guide counts from.
    """
    found = {}
    for keyframe in keyframes:
        strokes, frame = keyframe.prompt.strokes, keyframe.frame - first
        mask = guide.get(frame) if strokes else None
        # Another target's strokes would change this one's mask.
        if mask is not None and np.array_equal(paint(mask, strokes), mask):
            found[frame] = strokes
    return found


def ignores(alpha: AlphaLevels, strokes: Sequence[Stroke]) -> bool:
    """Tell whether the alpha, (H, W), keeps part of what was erased, or lacks most of what was painted."""
    edge_px = max(_LEAST_EDGE_PX, _EDGE_SHARE * max(alpha.shape))
    kept = alpha > OPAQUE // 2
    erased = ~paint(np.ones_like(kept), strokes)
    if (inner_distance(erased & kept) > edge_px).any():
        return True
    painted = paint(np.zeros_like(kept), strokes)
    missing = np.count_nonzero(painted & ~kept)
    return bool(missing > _MISSING_SHARE * np.count_nonzero(painted))
