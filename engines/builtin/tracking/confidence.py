"""How sure the tracker may be of a frame: low where a user should look, and correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.vision.arrays import FloatImage, FloatMap
from utils.mask_utils import dilate, erode, intersection_over_union
from utils.types import Mask

_BAND = 3
_FEW = 32
_FARTHEST = 0.2
"""Area, against the confirmed one, below which an object going away isn't believed to have shrunk."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a tracked frame shows of its own quality, each in [0, 1], 1 is good.

    `decided`: how clear the evidence is along the contour. `familiar`: how much the inside looks
    like the confirmed frames and the surroundings do not. `steady`: overlap with the outline carried
    along the flow. `followed`: trust in the flow inside. `whole`: area, against what is expected of
    the confirmed one: an object is lost bit by bit more often than at once.
    """

    decided: float
    familiar: float
    steady: float
    followed: float
    whole: float


class ExpectedArea:
    """How large the object should be: as confirmed, less what has left the picture, or gone away."""

    def __init__(self, confirmed: Mask) -> None:
        """Begin at a confirmed frame's mask, bool (h, w)."""
        self._confirmed = float(np.count_nonzero(confirmed))
        self._scale = 1.0
        self._kept = 1.0

    def follow(self, region: Mask, flow: FloatImage) -> None:
        """Go one frame on: `region` (h, w) bool of the last frame moves by `flow` (h, w, 2), in pixels."""
        rows, columns = np.nonzero(region)
        if rows.size < _FEW:
            return
        height, width = region.shape
        here = np.stack([columns, rows], axis=1).astype(np.float64)
        there = here + flow[rows, columns]
        inside = np.all((there >= 0) & (there <= (width - 1, height - 1)), axis=1)
        self._kept *= float(inside.mean())
        here -= here.mean(axis=0)
        there -= there.mean(axis=0)
        growth = float((here * there).sum() / np.square(here).sum())
        self._scale *= float(np.clip(growth, 0.9, 1.1)) ** 2

    def share(self, area: float) -> float:
        """Return `area`, in pixels, as a share of the expected one, in [0, 1].

        Flow's growth adds up its errors, so only half of what it says (in logarithms) is believed, and
        nothing of what it says beyond the confirmed size.
        """
        return float(min(1.0, area / max(self._area(), 1.0)))

    def missing(self, area: float) -> float:
        """Return how much of the expected area is not in `area`, in pixels, at least 0."""
        return max(0.0, self._area() - area)

    def _area(self) -> float:
        gone_away = np.sqrt(np.clip(self._scale, _FARTHEST, 1.0))
        return float(self._confirmed * self._kept * gone_away)


def read_signs(
    region: Mask,
    expected: Mask,
    log_odds: FloatMap,
    key: FloatMap,
    reliability: FloatMap,
    whole: float,
) -> Signs:
    """Return the signs of a frame; every array is (h, w) of the tracked window.

    Args:
        region: the answer.
        expected: the last answer, carried along the flow.
        log_odds: the combined evidence.
        key: log odds by the confirmed frames alone, in [-3, 3].
        reliability: of the flow, in [0.25, 1].
        whole: `ExpectedArea.share` of the answer.
    """
    if not region.any():
        return Signs(0.0, 0.0, 0.0, 0.0, 0.0)
    band = dilate(region, _BAND) & ~erode(region, _BAND)
    around = dilate(region, 3 * _BAND) & ~dilate(region, _BAND)
    decided = float(np.tanh(0.5 * np.abs(log_odds[band])).mean()) if band.any() else 0.0
    inside = float((key[region] > 0).mean())
    outside = float((key[around] < 0).mean()) if around.any() else 1.0
    steady = intersection_over_union(region, expected)
    followed = float(reliability[region].mean())
    return Signs(decided, 0.5 * (inside + outside), steady, followed, whole)


def confidence(signs: Signs, before: float) -> float:
    """Return the confidence in [0, 1] from this frame's signs and the confidence `before`.

    What went wrong stays wrong: a frame is hardly surer than the one that it was followed from.
    """
    now = (
        0.20 * signs.decided
        + 0.30 * signs.familiar
        + 0.15 * signs.steady
        + 0.05 * signs.followed
        + 0.30 * signs.whole
    )
    return float(np.clip(min(now, before + 0.02), 0.0, 1.0))
