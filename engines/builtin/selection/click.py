"""A correction click: changes the mask near the click only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.background_motion import sampled
from engines.builtin.vision.barrier_distance import barrier_distance
from engines.builtin.vision.extra_trees import FloatRows, Forest, ForestShape, Samples
from engines.builtin.vision.processing_size import ProcessingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import components
from utils.types import FloatMap, Mask

_TREES = ForestShape(trees=12, depth=8)
_LEARN = 1500
"""Pixels of each kind that the forest learns from, at most."""
_OTHER_SIDE_WEIGHT = 0.15
"""Weight of an example that is on the other side already, beside one that is clicked."""
_REACH = 0.4
"""Reach of a click, as a share of the object's size."""
_REACH_LIMITS = 0.02, 0.2
"""The same, as shares of the picture's diagonal, at the least and at the most."""
TAKEN = 2.0
"""Weight of likeness and motion at a negative click, beside its reach: most of what it could take away is right."""
_OPEN_BONUS = 1.0
"""Log odds for what no edge parts from the click."""
_EDGE = 6.0
"""Barrier distance, in Lab units, from which on an edge parts two places."""


@dataclass(frozen=True, slots=True)
class Click:
    """A click in pixels at processing size; `positive` means "this belongs to the target"."""

    x: int
    y: int
    positive: bool

    def agrees_with(self, mask: Mask) -> bool:
        """True when the mask, bool (h, w), already has the click's label at its place."""
        return bool(mask[self.y, self.x]) == self.positive


def apply_click(
    picture: ProcessingFrame, mask: Mask, click: Click, evidence: FloatMap | None = None
) -> Mask:
    """Return the mask, bool (h, w), with the click's region added or taken away.

    A click that the mask already agrees with changes nothing. Otherwise the region is what is
    connected to the click and resembles it more than the rest of its side, in appearance and by
    `evidence`: further log odds of the object, float32 (h, w).
    """
    if click.agrees_with(mask):
        return mask
    side = ~mask if click.positive else mask
    region = _region(picture, side, mask, click, evidence)
    return mask | region if click.positive else mask & ~region


def _samples(table: FloatRows, spot: Mask, other_side: Mask, far: Mask) -> Samples:
    """Return examples for the forest, of pixels chosen at random.

    Args:
        table: features of every pixel, float32 (h * w, n).
        spot: what is clicked, bool (h, w): examples of what goes over.
        other_side: pixels near the click that are on the other side already, likewise but of little weight.
        far: examples of what stays.
    """
    random = np.random.default_rng(0)
    groups = [
        (sampled(random, spot, _LEARN), True, 1.0),
        (sampled(random, other_side, _LEARN), True, _OTHER_SIDE_WEIGHT),
        (sampled(random, far, _LEARN), False, 1.0),
    ]
    flat = np.concatenate([places for places, _, _ in groups])
    labels = np.concatenate([np.full(places.size, label) for places, label, _ in groups])
    weights = np.concatenate([np.full(places.size, one, np.float32) for places, _, one in groups])
    return Samples(table[flat], labels, weights)


def _region(
    picture: ProcessingFrame, side: Mask, mask: Mask, click: Click, evidence: FloatMap | None
) -> Mask:
    """Return the pixels of `side` that go over to the other side with the click, bool (h, w)."""
    height, width = side.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(columns - click.x, rows - click.y)
    diagonal = float(np.hypot(height, width))
    size = float(np.sqrt(np.count_nonzero(mask)))
    least, most = _REACH_LIMITS
    fade = float(np.clip(_REACH * size, least * diagonal, most * diagonal))
    spot = (distance <= max(3.0, 0.005 * diagonal)) & side
    # What no edge parts from the click is no example of the other side.
    open_to_click = barrier_distance(picture.lab, spot) < _EDGE
    far = side & (distance > 0.5 * fade) & ~open_to_click
    if not far.any():
        far = side & (distance > 0.6 * float(distance[side].max()))
    features = picture.features.whole()
    places = np.stack([columns - click.x, rows - click.y], axis=2) / (0.1 * diagonal)
    table = np.concatenate([features, np.clip(places, -3.0, 3.0)], axis=2).astype(np.float32)
    table = table.reshape(-1, table.shape[2])
    samples = _samples(table, spot, ~side & (distance < 2.0 * fade), far)
    if samples.labels.all():
        return side
    reach = 1.5 * (1.0 - 2.0 * distance / fade)
    likeness = Forest(samples, _TREES, seed=3).log_odds(table).reshape(side.shape)
    likeness = likeness + np.where(open_to_click, np.float32(_OPEN_BONUS), np.float32(0.0))
    if not click.positive:
        likeness = np.float32(TAKEN) * likeness
    log_odds = likeness + np.clip(reach, -2.0, 1.5)
    if evidence is not None:
        log_odds = log_odds + (evidence if click.positive else -evidence)
    log_odds = np.where(spot, 8.0, np.where(side, log_odds, -8.0)).astype(np.float32)
    found = (regularised(log_odds, picture.lab, 0.8) > 0.5) & side
    names, _ = components(found | spot)
    return np.asarray((names == names[click.y, click.x]) & side)
