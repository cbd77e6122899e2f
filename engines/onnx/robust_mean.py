"""The mean of one pixel's alphas over several frames, without what few of them show; pure array work."""

from __future__ import annotations

import numpy as np

from utils.types import FloatMap

_SPREAD = 0.4
"""Difference of alpha from the mean at which a frame's alpha counts little."""
_MEAN_STEPS = 2
_MARGIN = 0.05
"""Added to both sides of an alpha's odds, which are finite by it; the larger, the nearer to the mean of alphas."""
HAZE = 0.05
"""Alpha at most of the haze that a mean leaves of what few frames show; up to three times as much is lowered."""


def robust_mean(values: FloatMap, weights: FloatMap) -> FloatMap:
    """Return the mean along the first axis without the values far from it, float32 (...).

    P. Holland and R. Welsch's weights (1977) around the weighted mean, by iterative reweighting; the last mean is
    of log odds, so that frames that are certain count more than those in doubt.

    Args:
        values: float32 (n, ...).
        weights: of the same form; the first of each pixel's is above 0.
    """
    found: FloatMap = (values * weights).sum(axis=0) / weights.sum(axis=0)
    for _ in range(_MEAN_STEPS):
        near = weights * np.exp(
            np.square((values - found) / np.float32(_SPREAD)) * np.float32(-0.5)
        )
        found = (values * near).sum(axis=0) / near.sum(axis=0)
    margin = np.float32(_MARGIN)
    within = np.clip(values, 0.0, 1.0)
    log_odds = np.log((within + margin) / (np.float32(1.0) + margin - within))
    odds = np.exp((log_odds * near).sum(axis=0) / near.sum(axis=0))
    mean: FloatMap = ((1 + margin) * odds - margin) / (1 + odds)
    return np.clip(mean, 0.0, 1.0)


def without_haze(alpha: FloatMap) -> FloatMap:
    """Return the alpha, float32 in [0, 1], with 0 up to the haze's level, the same from three times that, a ramp between."""
    lowered: FloatMap = np.clip(np.float32(1.5) * (alpha - np.float32(HAZE)), 0.0, alpha)
    return lowered
