"""Occlusion: redetects parts of the object that reappear apart from its visible part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.background_motion import difference_evidence, motion_evidence
from engines.builtin.tracking.evidence import Prediction
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import ProcessingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import bounding_box, component_sums, components, dilate, keep_components
from utils.types import FloatMap, Mask

_MARGIN = 12
"""Pixels at processing size by which the search goes on beyond the object's own reach."""
_MOTION = 1.0
_DIFFERENCE = 0.4
_BIAS = -0.3
"""Weights of motion and difference beside the appearance, and a constant."""
_SMOOTHNESS = 1.0
_LEAST_APPEARANCE = 0.5
"""Least mean log odds of a part by appearance; `_LEAST_MOTION`, by motion and difference."""
_LEAST_MOTION = 0.3
_AREAS = 0.03, 1.2
"""Accepted areas, as shares of the missing one."""


def search_window(mask: Mask, size_wh: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return where occluded parts may reappear, (x0, y0, x1, y1); None for an empty mask.

    As far to each side of the visible part, bool (h, w), as the whole object of `size_wh` reaches.
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


@dataclass(frozen=True, slots=True)
class OccludedParts:
    """What is searched for: `window` (x0, y0, x1, y1), `missing_area` in pixels, and the log odds by
    appearance alone, float32 of the window.
    """

    window: tuple[int, int, int, int]
    missing_area: float
    appearance_log_odds: FloatMap


def reappeared_parts(
    frame: ProcessingFrame,
    flow: FlowPair,
    prediction: Prediction,
    seen: FloatMap,
    search: OccludedParts,
) -> Mask:
    """Return the reappeared parts of the object, bool (h, w) of the frame.

    They match the confirmed frames' appearance and the visible part's motion.

    Args:
        frame: the frame.
        flow: to the frame before.
        prediction: the previous estimate warped here.
        seen: probability of the visible part, float32 (h, w).
        search: where to search, and for what.
    """
    x0, y0, x1, y1 = search.window
    view = np.s_[y0:y1, x0:x1]
    trust = np.ascontiguousarray(flow.reliability[view])
    expected = np.ascontiguousarray(seen[view])
    motion = motion_evidence(prediction.motion.vector[view], expected, trust) * trust
    difference = difference_evidence(prediction.motion.difference[view])
    log_odds = search.appearance_log_odds + _MOTION * motion + _DIFFERENCE * difference + _BIAS
    region = regularised(log_odds, frame.lab[view], _SMOOTHNESS) > 0.5
    apart = region & ~dilate(expected > 0.5, 1)
    names, areas = components(apart)

    def mean(values: FloatMap) -> FloatMap:
        sums = component_sums(values, names, areas)
        return np.asarray(sums / np.maximum(areas, 1), dtype=np.float32)

    least, most = _AREAS
    accepted = (areas >= least * search.missing_area) & (areas <= most * search.missing_area)
    accepted &= (mean(search.appearance_log_odds) > _LEAST_APPEARANCE) & (
        mean(motion + difference) > _LEAST_MOTION
    )
    accepted[0] = False
    reappeared = np.zeros(seen.shape, dtype=bool)
    reappeared[view] = keep_components(apart, accepted, names)
    return reappeared
