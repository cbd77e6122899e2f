"""Segmentation from a box: separates its content from what lies outside in iterated classification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from engines.builtin.selection.box_sides import BoxSides
from engines.builtin.selection.feature_rows import FeatureRows
from engines.builtin.selection.motion_cue import MotionCue
from engines.builtin.tracking.background_motion import sampled
from engines.builtin.tracking.confidence import ContourZones, contour_margin
from engines.builtin.vision.barrier_distance import barrier_evidence
from engines.builtin.vision.bilateral_grid import local_colour
from engines.builtin.vision.extra_trees import Forest, ForestShape, Samples
from engines.builtin.vision.total_variation import edge_weights, shortest_contour
from utils.mask_utils import bounding_box, grow_box, intersection_over_union
from utils.types import FloatImage, FloatMap, Mask

_FIRST = ForestShape(trees=16, depth=4)
_LATER = ForestShape(trees=16, depth=6)
"""Forests of the first round and of later ones."""
_LEARN = 2500
"""Examples of each kind that a forest learns from, at most."""
_CERTAIN = 8.0
"""Log odds of what the constraints say."""
_STABLE = 1.5
"""Log odds by which the threshold is moved to see how stable a mask is."""
_SMOOTHNESS = 1.3
"""Cost of a contour, in log odds a pixel, where no edge is."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Weights of one round: forest, prior, barrier, local colour, and a constant."""

    forest: float
    prior: float
    barrier: float
    colour: float
    bias: float


_IN_DRAWN_BOX = (
    _Round(forest=0.9, prior=0.7, barrier=0.2, colour=0.0, bias=-0.3),
    _Round(forest=0.9, prior=0.35, barrier=0.1, colour=1.0, bias=-0.2),
)
"""First and later rounds in a box that a user drew: it ends where the object ends, so that parts that
share colours with the surroundings are kept."""
_IN_GUESSED_BOX = (
    _Round(forest=0.9, prior=0.5, barrier=0.6, colour=0.0, bias=-1.0),
    _Round(forest=0.9, prior=0.3, barrier=0.3, colour=1.0, bias=-0.2),
)
"""First and later rounds in a box guessed around a click: what appears outside it too is rejected."""
_AGREES = 0.3
"""Correlation with other evidence from which a cue counts in full."""
_EMPTY_BIAS = -0.7
"""Bias in a box that is mostly empty, as one around a kite surfer and his lines."""
_ROUNDS = 4
"""Rounds of a box, each trained on the last one's mask."""
_NETWORKS = 1.6
"""Weight of networks' log odds beside those of all other evidence, where masks with and without them are compared."""
_LARGEST = 5.0
"""Log odds of that other evidence, at most, there."""
_SETTLED = 0.05
"""Share of the object's pixels that may change in a round after which a candidate of a click is good enough."""
_MOTION = 0.6
"""Weight of the motion's log odds in each round."""
_PRIOR_LOSS = 0.4
"""Share of the box's prior that clear motion takes away."""
_MOVING_BIAS = -0.4
"""Bias in a box in which something clearly moves."""


class DescriptorEvidence(Protocol):
    """What descriptors say of a box; see `descriptor_cue.BoxDescriptors`."""

    def evidence(self, probability: FloatMap) -> FloatMap:
        """Return log odds of the object, float32 (h, w), by the probability of the mask so far."""


@dataclass(frozen=True, slots=True)
class BoxCrop:
    """A crop around the box: lab float32 (h, w, 3), features float32 (h, w, 17).

    `motion_cue` is of the same size; None where motion is unknown. `foreground` are a network's
    weighted log odds, float32 (h, w), and `descriptors` those of the box; None without one. `settled` gives
    the former by the mask without networks, bool (h, w); None where that settles nothing. `joined` gives the mask
    by itself, that one, and the sum of what networks and all other evidence say, log odds float32 (h, w); None where
    nothing tells which of their parts are the object's. `is_shown` says that a network shows the very object that was
    clicked: it counts whatever edges and motion say.
    """

    lab: FloatImage
    features: FloatImage
    motion_cue: MotionCue | None = None
    foreground: FloatMap | None = None
    descriptors: DescriptorEvidence | None = None
    settled: Callable[[Mask], FloatMap] | None = None
    joined: Callable[[Mask, Mask, FloatMap], Mask] | None = None
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints of a segmentation.

    `allowed` is where the object may be, bool (h, w); `prior` log odds float32 (h, w); `inside` and
    `outside` are certain pixels, bool (h, w).
    """

    allowed: Mask
    prior: FloatMap
    inside: Mask
    outside: Mask


class Segmented(NamedTuple):
    """The object of a box, bool (h, w), and how good its mask may be, each in [0, 1].

    `stability` is the overlap of the masks at a higher and at a lower threshold (Kirillov et al., "Segment
    Anything", 2023); `contour_margin` is that of the evidence along the mask's contour.
    """

    mask: Mask
    stability: float
    contour_margin: float


def segment_box(crop: BoxCrop, constraints: Constraints, is_drawn: bool = True) -> Segmented:
    """Return the object of a box.

    `is_drawn` says that the box is a user's, and not guessed; in a guessed one fewer rounds are made where
    the object hardly changes any more. In a drawn one that its mask doesn't reach all sides of, networks may have denied
    most of the object, such as a swan behind a pillar: the mask without them is taken where it fits the box better. That
    mask comes first where it may settle what networks say, and may add parts in the end; see `BoxCrop`.
    """
    region, alone = _Region(crop, constraints), None
    if crop.settled is not None:
        alone = _segmented(replace(crop, foreground=None), constraints, region, is_drawn)
        crop = replace(crop, foreground=crop.settled(alone[1] > 0.5))
    log_odds, probability = _segmented(crop, constraints, region, is_drawn)
    sides, found = BoxSides(constraints.allowed), probability > 0.5
    is_far = is_drawn and not sides.reached_by(found)
    if crop.foreground is not None and (is_far or crop.joined is not None):
        alone = alone or _segmented(replace(crop, foreground=None), constraints, region, is_drawn)
        if is_far and sides.suit_better(alone[1] > 0.5, found):
            log_odds, probability = alone
    stability = intersection_over_union(log_odds > _STABLE, log_odds > -_STABLE)
    mask = np.asarray(probability > 0.5)
    if crop.foreground is not None and alone is not None and crop.joined is not None:
        mask = crop.joined(mask, alone[1] > 0.5, _sum_of_all(crop.foreground, alone[0]))
    return Segmented(mask, stability, contour_margin(log_odds, ContourZones.of(mask)))


class _Region:
    """What all rounds in a crop share, and what of it is worked on: nothing changes outside.

    Attributes:
        outside: certain background, bool (h, w).
        is_open: what the constraints leave open, bool (h, w), and `places`, its flat indices.
        barrier: log odds of the barrier distance, float32 (h, w).
        rows: the features of its pixels.
    """

    def __init__(self, crop: BoxCrop, constraints: Constraints) -> None:
        self.outside = ~constraints.allowed | constraints.outside
        self.is_open = ~(self.outside | constraints.inside)
        self.places = np.flatnonzero(self.is_open)
        self.barrier = barrier_evidence(crop.lab, self.outside)
        self.rows = FeatureRows(crop.features, crop.motion_cue)
        height, width = self.outside.shape
        box = bounding_box(~self.outside) or (0, 0, width, height)
        # The cost of a contour is too low to turn certain background: a border of it stands for all.
        x0, y0, x1, y1 = grow_box(box, (width, height), 0.0, 1)
        self._window = np.s_[y0:y1, x0:x1]
        self._edges = edge_weights(crop.lab[self._window])

    def regularised(self, log_odds: FloatMap) -> FloatMap:
        """Return `total_variation.regularised` of log odds, float32 (h, w), that deny what is outside."""
        result = np.zeros(log_odds.shape, dtype=np.float32)
        result[self._window] = shortest_contour(log_odds[self._window], self._edges, _SMOOTHNESS)
        return result


class _Cues:
    """What does not change from round to round.

    Attributes:
        prior: log odds of a pixel's place, float32 (h, w).
        constant: log odds of motion and of networks for the object, and biases, float32 (h, w).
        denial: log odds of networks against it, float32 (h, w) of at most 0.
        probability: before the first round, float32 (h, w).
    """

    def __init__(self, crop: BoxCrop, constraints: Constraints, region: _Region) -> None:
        filled = _agreement(constraints.prior, region.barrier, region.is_open)
        shown = 0.0
        if crop.foreground is not None and (crop.foreground[region.is_open] > 0).any():
            shown = _agreement(crop.foreground, constraints.prior, region.is_open)
        # Edges that don't agree with the box, as round a dark figure that goes on below it before lamps, are no judge of a
        # network that does.
        vouched = (1.0 - filled) * shown
        filled = max(filled, shown)
        # Where the object does not fill the box, edges tell more than the middle of the box.
        prior = np.float32(filled) * constraints.prior + np.float32(1.0 - filled) * region.barrier
        motion, strength = np.zeros_like(prior), 0.0
        if crop.motion_cue is not None:
            motion, strength = crop.motion_cue.evidence, crop.motion_cue.strength
        # Motion is a better cue than the centre of the box.
        self.prior = prior * np.float32(1.0 - _PRIOR_LOSS * strength)
        foreground = np.zeros_like(prior)
        if crop.foreground is not None:
            evidence = region.barrier + motion
            agrees = 1.0 if crop.is_shown else _agreement(crop.foreground, evidence, region.is_open)
            foreground = crop.foreground * np.float32(max(agrees, vouched))
        empty = np.float32((1.0 - filled) * _EMPTY_BIAS)
        moving = np.float32(_MOTION) * motion + np.float32(_MOVING_BIAS * strength)
        self.denial = np.minimum(foreground, np.float32(0.0))
        self.constant = np.asarray(moving + empty + foreground - self.denial, dtype=np.float32)
        probability = 1.0 / (1.0 + np.exp(-self.prior - motion - empty - foreground))
        self.probability = np.where(constraints.allowed, probability, 0.0).astype(np.float32)

    def weighed(self, sides: BoxSides) -> FloatMap:
        """Return the constant log odds, float32 (h, w), with denials as far as masks so far reach the box's sides.

        What networks deny between a mask and a side that it misses counts for the object.
        """
        lift = np.minimum(sides.lift, -self.denial)
        weighed = self.constant + np.float32(sides.trust) * self.denial + lift
        return np.asarray(weighed, dtype=np.float32)


def _segmented(
    crop: BoxCrop, constraints: Constraints, region: _Region, is_drawn: bool
) -> tuple[FloatMap, FloatMap]:
    """Return log odds and, regularised, probability, float32 (h, w), after rounds, each trained on the last.

    In a guessed box the last one is that which changes less than the share `_SETTLED` of the object's pixels.
    """
    recipe, settled = (_IN_DRAWN_BOX, 0.0) if is_drawn else (_IN_GUESSED_BOX, _SETTLED)
    random = np.random.default_rng(0)
    cues = _Cues(crop, constraints, region)
    sides = BoxSides(constraints.allowed)
    probability = cues.probability
    log_odds: FloatMap = cues.constant
    for turn in range(_ROUNDS):
        weights = recipe[1 if turn else 0]
        log_odds = (
            weights.forest * _forest_evidence(region, probability, random, turn)
            + weights.prior * cues.prior
            + weights.barrier * region.barrier
            + weights.bias
            + cues.weighed(sides)
        )
        if turn:
            certainty = np.abs(2.0 * probability - 1.0)
            certainty = np.where(region.outside, np.float32(1.0), certainty)
            log_odds = log_odds + weights.colour * local_colour(
                crop.lab, probability, certainty, crop.lab, asked=region.is_open
            )
        if crop.descriptors is not None:
            log_odds = log_odds + crop.descriptors.evidence(probability)
        log_odds[region.outside] = -_CERTAIN
        log_odds[constraints.inside] = _CERTAIN
        before, probability = probability, region.regularised(log_odds)
        if turn and _changed_share(before > 0.5, probability > 0.5) < settled:
            break
        if is_drawn:
            sides.compare(probability > 0.5)
    return log_odds, probability


def _sum_of_all(networks: FloatMap, others: FloatMap) -> FloatMap:
    """Return the weighted sum of networks' log odds and those of all other evidence, each float32 (h, w)."""
    return np.float32(_NETWORKS) * networks + np.clip(others, -_LARGEST, _LARGEST)


def _agreement(cue: FloatMap, evidence: FloatMap, is_open: Mask) -> float:
    """Return how far a cue agrees with other evidence, log odds float32 (h, w), on the open pixels, in [0, 1].

    1 where their correlation is `_AGREES` or more, or one of them is the same everywhere.
    """
    values, others = cue[is_open], evidence[is_open]
    if not values.size or not values.std() or not others.std():
        return 1.0
    correlation = float(np.corrcoef(values, others)[0, 1])
    return min(max(correlation / _AGREES, 0.0), 1.0)


def _changed_share(before: Mask, now: Mask) -> float:
    """Return how many pixels have changed, as a share of the object, bool (h, w)."""
    return int(np.count_nonzero(before ^ now)) / max(int(np.count_nonzero(now)), 1)


def _forest_evidence(
    region: _Region, probability: FloatMap, random: np.random.Generator, turn: int
) -> FloatMap:
    """Return the log odds, float32 (h, w), of a forest trained on the previous round's result.

    0 where the constraints leave nothing open.
    """
    evidence = np.zeros_like(probability)
    inside = (probability > 0.5) & ~region.outside
    doubtful = (probability <= 0.5) & ~region.outside
    if not inside.any() or not region.outside.any():
        return evidence
    places = [
        sampled(random, inside, _LEARN),
        sampled(random, region.outside, _LEARN),
        sampled(random, doubtful, _LEARN // 2 if turn else 0),
    ]
    flat = np.concatenate(places)
    rows = region.rows.of(inside if turn else None)
    labels = np.zeros(flat.size, dtype=bool)
    labels[: places[0].size] = True
    weights = np.ones(flat.size, dtype=np.float32)
    weights[places[0].size + places[1].size :] = 0.7
    samples = Samples(np.take(rows, flat, axis=0), labels, weights)
    forest = Forest(samples, _LATER if turn else _FIRST, seed=turn)
    np.put(evidence, region.places, forest.log_odds(np.take(rows, region.places, axis=0)))
    return evidence
