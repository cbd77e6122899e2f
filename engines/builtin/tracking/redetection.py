"""Redetects a lost object anywhere in the frame by the confirmed frames' appearance."""

from __future__ import annotations

import numpy as np

from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import components
from utils.types import FloatImage, FloatMap

_CLEAR = 1.0
"""Mean log odds that a region needs before it is taken for the object."""
_AREA_RANGE = 0.2, 3.0
"""Accepted areas, as shares of the usual one."""


def redetect(appearance_log_odds: FloatMap, lab: FloatImage, usual_area: float) -> FloatMap:
    """Return the object's probability, float32 (h, w); all 0 where no region matches well enough.

    Args:
        appearance_log_odds: `AppearanceModel.appearance_log_odds` of the whole frame, float32 (h, w).
        lab: float32 (h, w, 3).
        usual_area: of the object, in pixels.
    """
    region = regularised(appearance_log_odds - 0.5, lab, 1.0)
    labels, areas = components(region > 0.5)
    best, best_score = 0, 0.0
    for name in range(1, areas.size):
        if not _AREA_RANGE[0] * usual_area <= areas[name] <= _AREA_RANGE[1] * usual_area:
            continue
        clear = float(appearance_log_odds[labels == name].mean())
        if clear > _CLEAR and clear * areas[name] > best_score:
            best, best_score = name, clear * float(areas[name])
    if best == 0:
        return np.zeros(appearance_log_odds.shape, dtype=np.float32)
    return np.asarray(np.where(labels == best, region, 0.0), dtype=np.float32)
