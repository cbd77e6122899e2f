"""Redetects a lost object anywhere in the frame by the confirmed frames' appearance."""

from __future__ import annotations

import numpy as np

from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import components
from utils.types import FloatImage, FloatMap, Mask

_CLEAR = 1.0
"""Mean log odds that a region needs before it is taken for the object, and by appearance against it that rule it out."""
_CLEAR_APART = 2.0
"""The same without foreground, apart from the border over which the object left the picture."""
_MOST_SHOWN = np.float32(2.0)
"""Log odds that a network adds at most, as a multiple of those of appearance and descriptors."""
_BORDER = 3
"""Pixels from the picture's border at which a mask may end that it cuts off."""
_AREA_RANGE = 0.2, 3.0
"""Accepted areas, as shares of the usual one."""


def redetect(
    appearance: FloatMap,
    described: FloatMap | float,
    foreground: FloatMap | float,
    lab: FloatImage,
    usual_area: float,
    is_outside: bool = False,
) -> FloatMap:
    """Return the object's probability, float32 (h, w); all 0 where no region matches well enough.

    Foreground alone does not find an object: it is whatever is there, and counts for it only as far as appearance
    and descriptors do. Nor do descriptors find one in what has clearly other colours.

    Args:
        appearance: `AppearanceModel.appearance_log_odds` of the whole frame, float32 (h, w).
        described: log odds by propagated labels, float32 (h, w); 0 without any.
        foreground: log odds by a foreground network, float32 (h, w); 0 without one.
        lab: float32 (h, w, 3).
        usual_area: of the object, in pixels.
        is_outside: True where it left over the picture's border: it comes back over the border, or must be clearer.
    """
    own = appearance + described
    shown = np.minimum(foreground, _MOST_SHOWN * np.maximum(own, np.float32(0.0)))
    log_odds = np.asarray(own + shown, dtype=np.float32)
    region = regularised(log_odds - 0.5, lab, 1.0)
    labels, areas = components(region > 0.5)
    best, best_score = 0, 0.0
    least_by_colour = 0.0 if is_outside else -_CLEAR
    for name in range(1, areas.size):
        if not _AREA_RANGE[0] * usual_area <= areas[name] <= _AREA_RANGE[1] * usual_area:
            continue
        there = labels == name
        least = _CLEAR_APART if is_outside and not touches_border(there) else 0.0
        if float(own[there].mean()) < least or float(appearance[there].mean()) < least_by_colour:
            continue
        clear = float(log_odds[there].mean())
        if clear > _CLEAR and clear * areas[name] > best_score:
            best, best_score = name, clear * float(areas[name])
    if best == 0:
        return np.zeros(log_odds.shape, dtype=np.float32)
    return np.asarray(np.where(labels == best, region, 0.0), dtype=np.float32)


def touches_border(mask: Mask) -> bool:
    """Tell whether a mask, bool (h, w), reaches the picture's border."""
    inner = mask[_BORDER:-_BORDER, _BORDER:-_BORDER]
    return bool(np.count_nonzero(mask) > np.count_nonzero(inner))
