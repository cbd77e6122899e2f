"""Parts of the object that come out again from behind something, apart from what is still seen of it."""

from __future__ import annotations

import numpy as np

from engines.builtin.tracking.background_motion import difference_evidence, motion_evidence
from engines.builtin.tracking.evidence import Carried
from engines.builtin.vision.arrays import FloatMap
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import WorkingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import bounding_box, component_sums, components, dilate, keep_components
from utils.types import Mask

_MARGIN = 12
_MOTION = 1.0
_DIFFERENCE = 0.4
_BIAS = -0.3
_SMOOTHNESS = 1.0
_LOOKS = 0.5
"""Mean log odds by its looks that a part needs; `_MOVES`, by its motion and its difference."""
_MOVES = 0.3
_AREAS = 0.03, 1.2
"""Areas taken, as shares of what is missing."""


def where_hidden(mask: Mask, size_wh: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return where the rest of the object may be, (x0, y0, x1, y1); None for an empty mask.

    As far to each side of what is seen, bool (h, w), as the whole object of `size_wh` would reach.
    """
    box = bounding_box(mask)
    if box is None:
        return None
    x0, y0, x1, y1 = box
    height, width = mask.shape
    across = max(size_wh[0] - (x1 - x0), 0) + _MARGIN
    down = max(size_wh[1] - (y1 - y0), 0) + _MARGIN
    return (
        max(0, x0 - across),
        max(0, y0 - down),
        min(width, x1 + across),
        min(height, y1 + down),
    )


def parts_come_back(
    frame: WorkingFrame,
    flow: FlowPair,
    carried: Carried,
    seen: FloatMap,
    looks: FloatMap,
    window: tuple[int, int, int, int],
    missing: float,
) -> Mask:
    """Return the parts of the object that are seen again, bool (h, w) of the frame.

    They look like the object on its confirmed frames, and move against the background as it does.

    Args:
        frame: the frame.
        flow: to the frame before.
        carried: what is known from there.
        seen: probability of what is followed, float32 (h, w).
        looks: log odds by looks alone, float32 of the window.
        window: where to look.
        missing: area that the object lacks, in pixels.
    """
    x0, y0, x1, y1 = window
    view = np.s_[y0:y1, x0:x1]
    trust = np.ascontiguousarray(flow.reliability[view])
    expected = np.ascontiguousarray(seen[view])
    motion = motion_evidence(carried.motion.vector[view], expected, trust) * trust
    difference = difference_evidence(carried.motion.difference[view])
    log_odds = looks + _MOTION * motion + _DIFFERENCE * difference + _BIAS
    region = regularised(log_odds, frame.lab[view], _SMOOTHNESS) > 0.5
    apart = region & ~dilate(expected > 0.5, 1)
    names, areas = components(apart)

    def mean(values: FloatMap) -> FloatMap:
        sums = component_sums(values, names, areas)
        return np.asarray(sums / np.maximum(areas, 1), dtype=np.float32)

    least, most = _AREAS
    taken = (areas >= least * missing) & (areas <= most * missing)
    taken &= (mean(looks) > _LOOKS) & (mean(motion + difference) > _MOVES)
    taken[0] = False
    back = np.zeros(seen.shape, dtype=bool)
    back[view] = keep_components(apart, taken, names)
    return back
