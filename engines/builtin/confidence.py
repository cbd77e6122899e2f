"""How sure the tracker may be of a frame: low where a user should look, and correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.arrays import FloatMap
from utils.mask_utils import dilate, erode
from utils.types import Mask

_BAND = 3


@dataclass(frozen=True, slots=True)
class Signs:
    """What a tracked frame shows of its own quality, each in [0, 1], 1 is good.

    `decided`: how clear the evidence is along the contour. `familiar`: how much the inside looks
    like the confirmed frames and the surroundings do not. `steady`: overlap with the outline carried
    along the flow. `followed`: trust in the flow inside.
    """

    decided: float
    familiar: float
    steady: float
    followed: float


def read_signs(
    region: Mask, expected: Mask, log_odds: FloatMap, key: FloatMap, reliability: FloatMap
) -> Signs:
    """Return the signs of a frame; every array is (h, w) of the tracked window.

    Args:
        region: the answer.
        expected: the last answer, carried along the flow.
        log_odds: the combined evidence.
        key: log odds by the confirmed frames alone, in [-3, 3].
        reliability: of the flow, in [0.25, 1].
    """
    if not region.any():
        return Signs(0.0, 0.0, 0.0, 0.0)
    band = dilate(region, _BAND) & ~erode(region, _BAND)
    around = dilate(region, 3 * _BAND) & ~dilate(region, _BAND)
    decided = float(np.tanh(0.5 * np.abs(log_odds[band])).mean()) if band.any() else 0.0
    inside = float((key[region] > 0).mean())
    outside = float((key[around] < 0).mean()) if around.any() else 1.0
    union = int(np.count_nonzero(region | expected))
    overlap = int(np.count_nonzero(region & expected)) / max(union, 1)
    return Signs(decided, 0.5 * (inside + outside), overlap, float(reliability[region].mean()))


def confidence(signs: Signs, before: float) -> float:
    """Return the confidence in [0, 1] from this frame's signs and the confidence `before`.

    What went wrong stays wrong: a frame is hardly surer than the one that it was followed from.
    """
    now = 0.30 * signs.decided + 0.40 * signs.familiar + 0.20 * signs.steady + 0.10 * signs.followed
    return float(np.clip(min(now, before + 0.02), 0.0, 1.0))
