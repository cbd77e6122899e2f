"""The object in a box: what is inside the box and not outside it, found in rounds, each teaching the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.selection.motion_cue import Moving
from engines.builtin.tracking.background_motion import sampled
from engines.builtin.vision.arrays import FloatImage, FloatMap
from engines.builtin.vision.barrier_distance import barrier_evidence
from engines.builtin.vision.bilateral_grid import local_colour
from engines.builtin.vision.extra_trees import Forest, ForestShape, Samples
from engines.builtin.vision.total_variation import regularised
from utils.types import Mask

_POSITION_LIMIT = 2.5
_FIRST = ForestShape(trees=16, depth=4)
_LATER = ForestShape(trees=16, depth=6)
_LEARN = 2500
_CERTAIN = 8.0
_SMOOTHNESS = 0.9
_PLACELESS = (0, 1, 2, 3, 4, 5, 12, 14, 15, 16)
"""Features that tell nothing of the surroundings: the first round asks what is not outside the box,
and a wide blur would answer "inside" of every pixel that is."""


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
"""First and later rounds that doubt what is also outside the box."""
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
class Scene:
    """A picture around the target: lab float32 (h, w, 3), features float32 (h, w, 17).

    `moving` is of the same size; None where nothing is known of motion.
    """

    lab: FloatImage
    features: FloatImage
    moving: Moving | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known before looking.

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


def cut(scene: Scene, hints: Hints, thorough: bool = True) -> Mask:
    """Return the object, bool (h, w).

    Thorough, two answers are weighed together: one that doubts what is outside too, one that trusts
    the box. Otherwise the first alone, in half the time.
    """
    recipes = (_STRICT, _LENIENT) if thorough else (_STRICT,)
    outside = ~hints.allowed | hints.outside
    barrier = barrier_evidence(scene.lab, outside)
    votes = [
        np.clip(_one_answer(scene, hints, outside, barrier, recipe), -_LIMIT, _LIMIT)
        for recipe in recipes
    ]
    log_odds = np.asarray(sum(votes) / len(votes), dtype=np.float32)
    return np.asarray(regularised(log_odds, scene.lab, _SMOOTHNESS) > 0.5)


def _one_answer(
    scene: Scene, hints: Hints, outside: Mask, barrier: FloatMap, recipe: tuple[_Round, _Round]
) -> FloatMap:
    """Return the log odds, float32 (h, w), after some rounds, each learning from the one before."""
    random = np.random.default_rng(0)
    prior, told = hints.prior, np.zeros_like(hints.prior)
    constant = 0.0
    if scene.moving is not None:
        # What moves tells the object better than the middle of its box does.
        prior = prior * np.float32(1.0 - _PRIOR_LOSS * scene.moving.strength)
        told = scene.moving.evidence
        constant = _MOVING_BIAS * scene.moving.strength
    belief = 1.0 / (1.0 + np.exp(-prior - told))
    belief = np.where(hints.allowed, belief, 0.0).astype(np.float32)
    log_odds = prior
    for turn in range(_ROUNDS):
        weights = recipe[1 if turn else 0]
        log_odds = (
            weights.forest * _learned(scene, belief, outside, random, turn)
            + weights.prior * prior
            + weights.barrier * barrier
            + _MOTION * told
            + weights.bias
            + constant
        )
        if turn:
            sure = np.where(outside, 1.0, np.abs(2.0 * belief - 1.0)).astype(np.float32)
            log_odds = log_odds + weights.colour * local_colour(scene.lab, belief, sure, scene.lab)
        log_odds = np.where(hints.inside, _CERTAIN, np.where(outside, -_CERTAIN, log_odds))
        log_odds = np.asarray(log_odds, dtype=np.float32)
        belief = regularised(log_odds, scene.lab, _SMOOTHNESS)
    return log_odds


def _learned(
    scene: Scene, belief: FloatMap, outside: Mask, random: np.random.Generator, turn: int
) -> FloatMap:
    """Return a forest's log odds, float32 (h, w), grown on the belief of the round before."""
    inside = (belief > 0.5) & ~outside
    doubtful = (belief <= 0.5) & ~outside
    if not inside.any() or not outside.any():
        return np.zeros_like(belief)
    places = [
        sampled(random, inside, _LEARN),
        sampled(random, outside, _LEARN),
        sampled(random, doubtful, _LEARN // 2 if turn else 0),
    ]
    flat = np.concatenate(places)
    rows = _rows(scene, inside if turn else None)
    labels = np.zeros(flat.size, dtype=bool)
    labels[: places[0].size] = True
    weights = np.ones(flat.size, dtype=np.float32)
    weights[places[0].size + places[1].size :] = 0.7
    forest = Forest(Samples(rows[flat], labels, weights), _LATER if turn else _FIRST, seed=turn)
    return forest.log_odds(rows).reshape(belief.shape)


def _rows(scene: Scene, inside: Mask | None) -> FloatImage:
    """Return the features of every pixel, float32 (h w, F), with its motion, and its place where it helps."""
    height, width, count = scene.features.shape
    flat = scene.features.reshape(-1, count)
    motion = []
    if scene.moving is not None:
        motion = [np.log1p(scene.moving.difference).reshape(-1, 1)]
    if inside is None:
        return np.concatenate([flat[:, _PLACELESS], *motion], axis=1)
    ys, xs = np.nonzero(inside)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = [
        np.clip((grid - at.mean()) / max(float(at.std()), 3.0), -_POSITION_LIMIT, _POSITION_LIMIT)
        for grid, at in ((columns, xs), (rows, ys))
    ]
    table = [flat, np.stack(places, axis=2).reshape(-1, 2), *motion]
    return np.concatenate(table, axis=1).astype(np.float32)
