"""Redetects a lost object anywhere in the frame by the confirmed frames' appearance."""

from __future__ import annotations

import numpy as np

from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import components
from utils.types import FloatImage, FloatMap, Mask

_CLEAR = 1.0
"""Mean log odds that a region needs before it is taken for the object, and by appearance against it that rule it out."""
_CLEAR_APART = 2.0
"""The same without foreground, apart from the border over which the object left the picture; and of a part."""
_MOST_SHOWN = np.float32(2.0)
"""Log odds that a network adds at most, as a multiple of those of appearance and descriptors."""
_BORDER = 3
"""Pixels from the picture's border at which a mask may end that it cuts off."""
_FRAMES_AHEAD = 3
"""Frames in which a target that leaves the picture is expected to be outside."""
_PART, _WHOLE, _LARGEST = 0.08, 0.2, 3.0
"""Accepted areas, as shares of the usual one; below `_WHOLE` a part that comes out from behind something."""


def redetect(
    appearance: FloatMap,
    described: FloatMap | float,
    foreground: FloatMap | float,
    lab: FloatImage,
    usual_area: float,
    is_outside: bool = False,
    is_occluded: bool = False,
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
        is_occluded: True where it went behind something: a part that is clear may come out first.
    """
    own = appearance + described
    shown = np.minimum(foreground, _MOST_SHOWN * np.maximum(own, np.float32(0.0)))
    log_odds = np.asarray(own + shown, dtype=np.float32)
    region = regularised(log_odds - 0.5, lab, 1.0)
    labels, areas = components(region > 0.5)
    best, best_score = 0, 0.0
    for name in range(1, areas.size):
        share = float(areas[name]) / usual_area
        if not (_PART if is_occluded else _WHOLE) <= share <= _LARGEST:
            continue
        there = labels == name
        is_part = share < _WHOLE
        least = _CLEAR_APART if is_part or (is_outside and not touches_border(there)) else 0.0
        least_by_colour = 0.0 if is_part or is_outside else -_CLEAR
        if float(own[there].mean()) < least or float(appearance[there].mean()) < least_by_colour:
            continue
        clear = float(log_odds[there].mean())
        if clear > (_CLEAR_APART if is_part else _CLEAR) and clear * areas[name] > best_score:
            best, best_score = name, clear * float(areas[name])
    if best == 0:
        return np.zeros(log_odds.shape, dtype=np.float32)
    return np.asarray(np.where(labels == best, region, 0.0), dtype=np.float32)


def touches_border(mask: Mask) -> bool:
    """Tell whether a mask, bool (h, w), reaches the picture's border."""
    inner = mask[_BORDER:-_BORDER, _BORDER:-_BORDER]
    return bool(np.count_nonzero(mask) > np.count_nonzero(inner))


def leaving_share(mask: Mask, to_previous: FloatImage) -> float:
    """Return the share of a mask, bool (h, w), that its motion takes out of the picture in the next three frames.

    By the median of its flow `to_previous`, float32 (h, w, 2), to the last frame.
    """
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return 0.0
    x, y = -_FRAMES_AHEAD * np.median(to_previous[rows, columns], axis=0)
    height, width = mask.shape
    outside = (
        (columns + x < 0) | (columns + x > width - 1) | (rows + y < 0) | (rows + y > height - 1)
    )
    return float(outside.mean())
