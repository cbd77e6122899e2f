"""Moves a tracked contour to that of a foreground network, where the network tells the two sides apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.builtin.tracking.foreground_evidence import Foreground
from engines.builtin.vision.arrays import FloatMap
from engines.builtin.vision.guided_filter import box_mean
from utils.mask_utils import signed_distance
from utils.types import Mask

_REACH = 4.0
"""Distance, in pixels, by which a contour may move; what is twice as far again shows the two sides."""
_STIFFNESS = 2.0
"""Log odds of the tracked contour at that distance from it."""
_SHARPNESS = 2.0
_RADIUS = 0.15
"""Half side of the local window, as a share of the square root of the object's area, `_LEAST_RADIUS` at least."""
_LEAST_RADIUS = 7
_PRIOR_SHARE = 0.01
_LEAST_PROBABILITY = 0.01


def refined_contour(region: Mask, probability: FloatMap, answers: Sequence[Foreground]) -> FloatMap:
    """Return the probability, float32 (h, w), with the pixels near the contour decided anew.

    Tracking drags a rim of background along that its own appearance models then learn. An answer counts
    by the square of how much more often it says foreground well inside than well outside nearby: for
    nothing beside a crowd or where it does not know the target.

    Args:
        region: the tracked mask, bool (h, w).
        probability: of the target, float32 (h, w).
        answers: of the network in the same window; their reliability says how far each is trusted.
    """
    distance = signed_distance(region)
    inside = distance > _REACH
    outside = (distance < -_REACH) & (distance > -3.0 * _REACH)
    if not answers or not inside.any() or not outside.any():
        return probability
    radius = max(_LEAST_RADIUS, round(_RADIUS * float(np.sqrt(np.count_nonzero(region)))))
    total = np.zeros(region.shape, dtype=np.float32)
    weight = np.zeros(region.shape, dtype=np.float32)
    for answer in answers:
        separation = _local_rate(answer, inside, radius) - _local_rate(answer, outside, radius)
        trust = np.square(np.maximum(separation, 0.0)) * answer.reliability
        clipped = np.clip(answer.probability, _LEAST_PROBABILITY, 1.0 - _LEAST_PROBABILITY)
        total += trust * np.log(clipped / (1.0 - clipped))
        weight += trust
    near = np.abs(distance) <= _REACH
    log_odds = distance[near] * (_STIFFNESS / _REACH)
    log_odds += total[near] / np.maximum(weight[near], 1.0)
    result = probability.copy()
    result[near] = 1.0 / (1.0 + np.exp(-_SHARPNESS * log_odds))
    return result


def _local_rate(answer: Foreground, side: Mask, radius: int) -> FloatMap:
    """Return the mean answer among the pixels of one side nearby, float32 (h, w) in [0, 1]."""
    known = (side & (answer.reliability > 0)).astype(np.float32)
    called = answer.probability * known
    usual = np.float32(called.sum(dtype=np.float64) / max(float(known.sum(dtype=np.float64)), 1.0))
    prior = np.float32(_PRIOR_SHARE)
    return np.asarray(
        (box_mean(called, radius) + prior * usual) / (box_mean(known, radius) + prior),
        dtype=np.float32,
    )
