"""Segmentation from a box: separates its content from what lies outside in iterated classification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.selection.motion_cue import MotionCue
from engines.builtin.tracking.background_motion import sampled
from engines.builtin.vision.arrays import FloatImage, FloatMap
from engines.builtin.vision.barrier_distance import barrier_evidence
from engines.builtin.vision.bilateral_grid import local_colour
from engines.builtin.vision.extra_trees import Forest, ForestShape, Samples
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import intersection_over_union
from utils.types import Mask

_POSITION_LIMIT = 2.5
_FIRST = ForestShape(trees=16, depth=4)
_LATER = ForestShape(trees=16, depth=6)
_LEARN = 2500
_CERTAIN = 8.0
_SMOOTHNESS = 0.9
_LOCAL_FEATURES = (0, 1, 2, 3, 4, 5, 12, 14, 15, 16)
"""Features without wide support: the first round classifies inside against outside the box, and a wide
blur alone would separate the two."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Weights of one round: forest, prior, barrier, local colour, and a constant."""

    forest: float
    prior: float
    barrier: float
    colour: float
    bias: float


_STRICT = (
    _Round(forest=0.9, prior=0.5, barrier=0.6, colour=0.0, bias=-1.0),
    _Round(forest=0.9, prior=0.3, barrier=0.3, colour=1.0, bias=-0.2),
)
"""First and later rounds that reject appearance also found outside the box."""
_LENIENT = (
    _Round(forest=0.9, prior=0.7, barrier=0.2, colour=0.0, bias=-0.3),
    _Round(forest=0.9, prior=0.35, barrier=0.1, colour=1.0, bias=-0.2),
)
"""First and later rounds that trust the box, for objects that share colours with their surroundings."""
_ROUNDS = 4
_LIMIT = 6.0
_MOTION = 0.6
_PRIOR_LOSS = 0.4
"""Share of the box's prior that clear motion takes away."""
_MOVING_BIAS = -0.4


@dataclass(frozen=True, slots=True)
class BoxCrop:
    """A crop around the box: lab float32 (h, w, 3), features float32 (h, w, 17).

    `motion_cue` is of the same size; None where motion is unknown. `foreground` are a network's
    weighted log odds, float32 (h, w); None without one.
    """

    lab: FloatImage
    features: FloatImage
    motion_cue: MotionCue | None = None
    foreground: FloatMap | None = None


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


def box_prior(shape: tuple[int, int], box: tuple[int, int, int, int]) -> FloatMap:
    """Return the log odds, float32 (h, w), that a pixel of the box (x0, y0, x1, y1) is the object's.

    High in the middle, low in the corners: what an ellipse that fills the box would leave.
    """
    x0, y0, x1, y1 = box
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    across = (columns + 0.5 - 0.5 * (x0 + x1)) / (0.5 * (x1 - x0))
    down = (rows + 0.5 - 0.5 * (y0 + y1)) / (0.5 * (y1 - y0))
    distance = np.square(across) + np.square(down)
    return np.asarray(np.clip(1.3 - 2.0 * distance, -3.0, 1.3), dtype=np.float32)


def segment_box(
    crop: BoxCrop, constraints: Constraints, thorough: bool = True
) -> tuple[Mask, float]:
    """Return the object, bool (h, w), and the overlap of the segmentations that it is made of, in [0, 1].

    Thorough, the strict and the lenient segmentation are averaged. Otherwise the strict one alone, in
    half the time, and the overlap is 1.
    """
    recipes = (_STRICT, _LENIENT) if thorough else (_STRICT,)
    outside = ~constraints.allowed | constraints.outside
    barrier = barrier_evidence(crop.lab, outside)
    votes = [
        np.clip(_segment_once(crop, constraints, outside, barrier, recipe), -_LIMIT, _LIMIT)
        for recipe in recipes
    ]
    log_odds = np.asarray(sum(votes) / len(votes), dtype=np.float32)
    found = np.asarray(regularised(log_odds, crop.lab, _SMOOTHNESS) > 0.5)
    return found, intersection_over_union(votes[0] > 0, votes[-1] > 0)


def _segment_once(
    crop: BoxCrop,
    constraints: Constraints,
    outside: Mask,
    barrier: FloatMap,
    recipe: tuple[_Round, _Round],
) -> FloatMap:
    """Return the log odds, float32 (h, w), after some rounds, each trained on the previous one."""
    random = np.random.default_rng(0)
    prior, motion = constraints.prior, np.zeros_like(constraints.prior)
    constant = 0.0
    if crop.motion_cue is not None:
        # Motion is a better cue than the centre of the box.
        prior = prior * np.float32(1.0 - _PRIOR_LOSS * crop.motion_cue.strength)
        motion = crop.motion_cue.evidence
        constant = _MOVING_BIAS * crop.motion_cue.strength
    foreground = np.zeros_like(prior) if crop.foreground is None else crop.foreground
    probability = 1.0 / (1.0 + np.exp(-prior - motion - foreground))
    probability = np.where(constraints.allowed, probability, 0.0).astype(np.float32)
    log_odds = prior
    for turn in range(_ROUNDS):
        weights = recipe[1 if turn else 0]
        log_odds = (
            weights.forest * _forest_evidence(crop, probability, outside, random, turn)
            + weights.prior * prior
            + weights.barrier * barrier
            + _MOTION * motion
            + weights.bias
            + constant
            + foreground
        )
        if turn:
            certainty = np.where(outside, 1.0, np.abs(2.0 * probability - 1.0)).astype(np.float32)
            log_odds = log_odds + weights.colour * local_colour(
                crop.lab, probability, certainty, crop.lab
            )
        log_odds = np.where(constraints.inside, _CERTAIN, np.where(outside, -_CERTAIN, log_odds))
        log_odds = np.asarray(log_odds, dtype=np.float32)
        probability = regularised(log_odds, crop.lab, _SMOOTHNESS)
    return log_odds


def _forest_evidence(
    crop: BoxCrop, probability: FloatMap, outside: Mask, random: np.random.Generator, turn: int
) -> FloatMap:
    """Return the log odds, float32 (h, w), of a forest trained on the previous round's result."""
    inside = (probability > 0.5) & ~outside
    doubtful = (probability <= 0.5) & ~outside
    if not inside.any() or not outside.any():
        return np.zeros_like(probability)
    places = [
        sampled(random, inside, _LEARN),
        sampled(random, outside, _LEARN),
        sampled(random, doubtful, _LEARN // 2 if turn else 0),
    ]
    flat = np.concatenate(places)
    rows = _rows(crop, inside if turn else None)
    labels = np.zeros(flat.size, dtype=bool)
    labels[: places[0].size] = True
    weights = np.ones(flat.size, dtype=np.float32)
    weights[places[0].size + places[1].size :] = 0.7
    forest = Forest(Samples(rows[flat], labels, weights), _LATER if turn else _FIRST, seed=turn)
    return forest.log_odds(rows).reshape(probability.shape)


def _rows(crop: BoxCrop, inside: Mask | None) -> FloatImage:
    """Return the features of every pixel, float32 (h w, F), with its motion, and its place where it helps."""
    height, width, count = crop.features.shape
    flat = crop.features.reshape(-1, count)
    motion = []
    if crop.motion_cue is not None:
        motion = [np.log1p(crop.motion_cue.difference).reshape(-1, 1)]
    if inside is None:
        return np.concatenate([flat[:, _LOCAL_FEATURES], *motion], axis=1)
    ys, xs = np.nonzero(inside)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = [
        np.clip((grid - at.mean()) / max(float(at.std()), 3.0), -_POSITION_LIMIT, _POSITION_LIMIT)
        for grid, at in ((columns, xs), (rows, ys))
    ]
    table = [flat, np.stack(places, axis=2).reshape(-1, 2), *motion]
    return np.concatenate(table, axis=1).astype(np.float32)
