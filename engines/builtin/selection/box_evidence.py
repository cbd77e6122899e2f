"""What foreground networks' answers say of a box, by how their foreground fills it and goes on beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engines.builtin.selection.box_content import trust_in_content
from engines.builtin.selection.clicked_objects import other_objects
from engines.builtin.selection.picture_network import PictureNetwork
from utils.guided_filter import box_mean
from utils.mask_utils import bounding_box, grow_box
from utils.types import FloatMap, IntBox, Mask

_LARGEST_LOG_ODDS = 4.0
_WEIGHT = 2.0
"""Weight of the networks' log odds beside the other evidence, where an answer fits the box."""
EQUAL_FIT = 0.9
"""Fit, as a share of the best one, from which on a network is as good a judge of a box as the best."""
_LEAST_WEIGHT = 1e-6
_RING = 0.15
"""Width of the ring around a box in which foreground shows that an answer doesn't end with it, as a share of the box."""
_BESIDE = 0.25
"""Share of a pixel's surroundings in the ring from which on the ring tells of the pixel in full."""
_JOINS_OTHERS = 3.0
"""What foreground is worth in a drawn box, as log odds, below which it may join the target and what is behind it."""
_CONTENT_WORTH = 1.0
"""Log odds for the target, at most, of what a network shows in a box's content alone: what fills it may be shown as well."""


@dataclass(frozen=True, slots=True)
class BoxEvidence:
    """What one network's answers say of a box: the sum of their weighted log odds, float32 (h, w), and of weights.

    `fit` is that of the answer that fits the box best, and `worth` what its foreground is worth in there at most;
    see `fit_to_box` and `_worth`.
    """

    log_odds: FloatMap
    weight: float
    fit: float
    worth: float

    @classmethod
    def of(
        cls, answers: Sequence[FloatMap], box: IntBox, places: Sequence[tuple[int, int]]
    ) -> BoxEvidence:
        """Weigh a network's answers, float32 (h, w) in [0, 1], each by the square of its fit.

        Foreground that goes on outside the box nearby, such as a neighbour's arm, does not speak for the target.
        """
        total = np.zeros(answers[0].shape if answers else (0, 0), dtype=np.float32)
        fits, worths = [0.0], [0.0]
        for answer in answers:
            found = answer > 0.5
            other = other_objects(found, places)
            fit, worth = fit_to_box(found & ~other, box), _worth(found & ~other, box)
            odds = log_odds_of(answer)
            odds = np.where(odds > 0, odds * (1.0 - _going_on(answer, box)), odds)
            odds = np.minimum(odds, np.float32(worth))
            total += np.float32(fit * fit) * np.where(other, np.float32(-_LARGEST_LOG_ODDS), odds)
            fits.append(fit)
            worths.append(worth)
        fit, worth = max(zip(fits, worths, strict=True))
        return cls(total, sum(fits), fit, worth)


def weighted_log_odds(evidence: Sequence[BoxEvidence]) -> list[FloatMap]:
    """Return the weighted log odds, float32 (h, w), of each network that fits a box about as well as the best one.

    Where only one network fits so well, the mean of all networks, by their weights.
    """
    best = max(one.fit for one in evidence)
    equal = [one for one in evidence if one.fit > EQUAL_FIT * best]
    if len(equal) > 1:
        means = [one.log_odds / max(one.weight, _LEAST_WEIGHT) for one in equal]
    else:
        weight = max(sum(one.weight for one in evidence), _LEAST_WEIGHT)
        means = [np.add.reduce([one.log_odds for one in evidence]) / weight]
    return [np.float32(_WEIGHT) * mean for mean in means]


def judged_by_content(network: PictureNetwork, evidence: BoxEvidence, box: IntBox) -> BoxEvidence:
    """Return a network's evidence of a drawn box, corrected by its answer on the box's content alone.

    Only where its foreground may join the target to others; `evidence` is that without this answer.
    """
    if not evidence.fit or evidence.worth >= _JOINS_OTHERS:
        return evidence
    answers = network.answers(box)
    content = network.part(box)
    if content is None or not answers:
        return evidence
    fit = fit_to_box(content > 0.5, box)
    trust = np.float32(fit) * trust_in_content(answers[-1], content, box)
    weight = max(evidence.weight, fit * len(answers))
    before = evidence.log_odds / np.float32(evidence.weight)
    odds = np.minimum(log_odds_of(content), np.float32(_CONTENT_WORTH))
    log_odds = before + trust * (np.float32(fit) * odds - before)
    log_odds = np.where(content > 0.5, np.maximum(log_odds, before), log_odds)
    return BoxEvidence(
        np.float32(weight) * log_odds, weight, max(evidence.fit, fit), evidence.worth
    )


def fit_to_box(found: Mask, box: IntBox) -> float:
    """Return how well foreground, bool (h, w), fits a box, in [0, 1].

    The share of the box that its bounding box in there covers, less what goes on around the box.
    """
    x0, y0, x1, y1 = box
    inside = bounding_box(found[y0:y1, x0:x1])
    if inside is None:
        return 0.0
    covered = (inside[2] - inside[0]) * (inside[3] - inside[1]) / ((x1 - x0) * (y1 - y0))
    ring = _ring(found.shape, box)
    leak = float(found[ring].mean()) if ring.any() else 0.0
    return float(covered * (1.0 - leak))


def _worth(found: Mask, box: IntBox) -> float:
    """Return what foreground, bool (h, w), is worth in a box at most, as log odds.

    By how rarely it lies beside the box, on the side with the second most of it: one neighbour stands on one side, but
    what goes on over two is behind the target, such as a larger person, whom the network shows as well.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = grow_box(box, (found.shape[1], found.shape[0]), _RING, 2)
    sides = (
        found[y0:y1, left:x0],
        found[y0:y1, x1:right],
        found[top:y0, x0:x1],
        found[y1:bottom, x0:x1],
    )
    shares = sorted(float(side.mean()) if side.size else 0.0 for side in sides)
    return float(-np.log(max(shares[-2], np.exp(-_LARGEST_LOG_ODDS))))


def _going_on(answer: FloatMap, box: IntBox) -> FloatMap:
    """Return the share of foreground in the ring near each pixel, float32 (h, w) in [0, 1]; 0 far from the ring."""
    x0, y0, x1, y1 = box
    radius = max(2, round(_RING * max(x1 - x0, y1 - y0)))
    ring = _ring(answer.shape, box).astype(np.float32)
    beside = box_mean(ring, radius)
    share = box_mean(answer * ring, radius) / np.maximum(beside, np.float32(1e-6))
    return np.asarray(share * np.minimum(beside / _BESIDE, 1.0), dtype=np.float32)


def _ring(shape: tuple[int, ...], box: IntBox) -> Mask:
    x0, y0, x1, y1 = box
    left, top, right, bottom = grow_box(box, (shape[1], shape[0]), _RING, 2)
    ring = np.zeros(shape, dtype=bool)
    ring[top:bottom, left:right] = True
    ring[y0:y1, x0:x1] = False
    return ring


def log_odds_of(probability: FloatMap, largest: float = _LARGEST_LOG_ODDS) -> FloatMap:
    """Return log odds, float32 (h, w) in [-largest, largest], of probabilities, float32 (h, w) in [0, 1]."""
    clipped = np.clip(probability, 1e-3, 1.0 - 1e-3)
    return np.asarray(
        np.clip(np.log(clipped / (1.0 - clipped)), -largest, largest), dtype=np.float32
    )
