"""A correction click: changes the mask near the click only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
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
"""Weight of motion at a negative click, beside its reach: most of what it could take away is right."""
_LIKENESS_TAKEN = 1.5
"""The same of likeness to what is clicked."""
_OPEN_BONUS = 1.0
"""Log odds for what no edge parts from the click."""
_LOOKS_LIKE_TARGET = 0.5
"""Log odds of the target at a negative click from which on its appearance tells nothing there: a second camel."""
_AT_CLICK = 3
"""Pixels around a click that stand for what is clicked."""
_LEAST_DEPTH = 2.5
"""Distance of a click to the mask's contour, in pixels, at the least: what is thinner is a matter of rounding."""
_WIDE = 3.0
"""Distance from a click, as a multiple of its distance to the contour, up to which its region is as likely as near it."""
_BEYOND = 0.4
"""Log odds that a region loses for each such multiple beyond that."""
_DEEP = 2.0
"""Log odds that what is taken away loses, for each such multiple, by which it lies deeper in the mask than the click."""
_RAYS = 16
"""Directions around a click in which the nearest edge is looked for."""
_ENCLOSED = 2.0
"""Distance of a negative click to the contour, as a multiple of that to the edges around it, from which a hole is meant."""
_DENIED = 1.0
"""Log odds by which evidence is lower at a negative click than in the mask from which it tells what is meant, not edges."""
_WIDE_HOLE = 2.0
"""The same as `_WIDE` of a hole, as a multiple of the distance to the edges around the click."""
_BEYOND_HOLE = 2.0
"""The same as `_BEYOND` of a hole."""
_NEARER_TO_KEPT = 5.0
"""Log odds that places lose beside an earlier click of the other kind, by how much nearer to it than to the click they are."""
_SMOOTHNESS = 3.0
"""Cost of a region's contour, in log odds a pixel."""
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
    picture: ProcessingFrame,
    mask: Mask,
    click: Click,
    evidence: FloatMap | None = None,
    earlier: Sequence[Click] = (),
) -> Mask:
    """Return the mask, bool (h, w), with the click's region added or taken away.

    A click that the mask already agrees with changes nothing. Otherwise the region is what is
    connected to the click and resembles it more than the rest of its side, in appearance and by
    `evidence`: further log odds of the object, float32 (h, w). The places of `earlier` clicks of the other kind stay as they
    are, and what is nearer to one of them than to the click is less likely.
    """
    if click.agrees_with(mask):
        return mask
    side = ~mask if click.positive else mask
    kept = [one for one in earlier if one.positive != click.positive]
    region = _region(picture, side, mask, click, evidence, kept)
    return mask | region if click.positive else mask & ~region


def label_at(full: Mask, reduced: Mask, x: int, y: int) -> Mask:
    """Return a mask at full size with the label at a click that the reduced mask has there.

    What is thinner than a pixel at processing size is not in the reduced mask, so a click on it changes nothing there, and
    edges at full size can move a contour over a click. What is joined to the click and differs in the same way changes, as
    far as a click's spot reaches.

    Args:
        full: bool (H, W).
        reduced: bool (h, w), with the click's label at its place.
        x: of the click, in pixels at full size.
        y: likewise.
    """
    height, width = full.shape
    small_height, small_width = reduced.shape
    label = not full[y, x]
    reach = round(_spot_radius(reduced.shape) * width / small_width)
    rows = np.arange(max(0, y - reach), min(height, y + reach + 1))
    columns = np.arange(max(0, x - reach), min(width, x + reach + 1))
    down, across = small_height / height, small_width / width
    below = reduced[(rows * down).astype(int)][:, (columns * across).astype(int)]
    near = np.hypot(columns - x, rows[:, None] - y) <= reach
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    differs = near & (full[part] != label) & (below == label)
    differs[y - rows[0], x - columns[0]] = True
    names, _ = components(differs)
    changed = full.copy()
    changed[part][names == names[y - rows[0], x - columns[0]]] = label
    return changed


def _spot_radius(shape: tuple[int, ...]) -> float:
    """Return the radius of what a click in a picture of a shape (h, w) stands for, in pixels."""
    return max(3.0, 0.005 * float(np.hypot(shape[0], shape[1])))


def known_at(click: Click, known: FloatMap) -> FloatMap:
    """Return log odds of the target by its appearance on confirmed frames, float32 (h, w), as far as they count at a click.

    At a positive click in full. What a negative click takes away was taken for the target, and may well look like it: the
    more it does so there, the less they count.
    """
    if click.positive:
        return known
    share = 1.0 - _mean_at(click, known) / _LOOKS_LIKE_TARGET
    return np.asarray(np.float32(np.clip(share, 0.0, 1.0)) * known)


def _mean_at(click: Click, log_odds: FloatMap) -> float:
    """Return the mean of log odds, float32 (h, w), around a click."""
    rows, columns = (slice(max(0, at - _AT_CLICK), at + _AT_CLICK + 1) for at in (click.y, click.x))
    return float(log_odds[rows, columns].mean())


def _is_told(side: Mask, click: Click, evidence: FloatMap) -> bool:
    """Return whether evidence, float32 (h, w), denies what is clicked and not the rest of a mask `side`, bool (h, w)."""
    at_click = _mean_at(click, evidence)
    return at_click < 0.0 and at_click < float(evidence[side].mean()) - _DENIED


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
    picture: ProcessingFrame,
    side: Mask,
    mask: Mask,
    click: Click,
    evidence: FloatMap | None,
    kept: Sequence[Click],
) -> Mask:
    """Return the pixels of `side` that go over to the other side with the click, bool (h, w)."""
    height, width = side.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    distance = _distance_to(click, side.shape)
    diagonal = float(np.hypot(height, width))
    size = float(np.sqrt(np.count_nonzero(mask)))
    least, most = _REACH_LIMITS
    fade = float(np.clip(_REACH * size, least * diagonal, most * diagonal))
    radius = _spot_radius(side.shape)
    spot = (distance <= radius) & side
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
    reach = np.clip(1.5 * (1.0 - 2.0 * distance / fade), -2.0, 1.5)
    is_told = evidence is not None and _is_told(side, click, evidence)
    reach = reach - loss_by_depth(side, distance, click, None if is_told else open_to_click & side)
    likeness = Forest(samples, _TREES, seed=3).log_odds(table).reshape(side.shape)
    likeness = likeness + np.where(open_to_click, np.float32(_OPEN_BONUS), np.float32(0.0))
    if not click.positive:
        likeness = np.float32(_LIKENESS_TAKEN) * likeness
    log_odds = likeness + reach
    if evidence is not None:
        log_odds = log_odds + (evidence if click.positive else -evidence)
    for one in kept:
        to_kept = _distance_to(one, side.shape)
        nearer = (distance - to_kept) / max(1.0, float(to_kept[click.y, click.x]))
        log_odds = log_odds - np.float32(_NEARER_TO_KEPT) * np.maximum(nearer, 0.0)
        side = side & ((to_kept > radius) | spot)
    log_odds = np.where(spot, 8.0, np.where(side, log_odds, -8.0)).astype(np.float32)
    found = (regularised(log_odds, picture.lab, _SMOOTHNESS) > 0.5) & side
    names, _ = components(found | spot)
    return np.asarray((names == names[click.y, click.x]) & side)


def _distance_to(click: Click, shape: tuple[int, ...]) -> FloatMap:
    """Return the distance of each pixel of a shape (h, w) to a click, float32, in pixels."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray(np.hypot(columns - click.x, rows - click.y))


def loss_by_depth(side: Mask, distance: FloatMap, click: Click, is_open: Mask | None) -> FloatMap:
    """Return how many log odds places lose, float32 (h, w), by how near the contour is to a click.

    Who corrects a mask clicks in the middle of what is wrong. It mostly adjoins the contour, and is then about as wide as the
    click is far from that: of a click close to the contour, a rim or a gap is meant. A negative click with edges around it,
    far nearer than the contour, means a hole as wide as those are apart: without that limit it could take much of the target.

    Args:
        side: what the click's region is a part of, bool (h, w).
        distance: of each pixel to the click, float32 (h, w).
        is_open: what no edge parts from the click, bool (h, w); None where edges don't matter, since other evidence tells.
    """
    to_contour = cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5)
    at_click = max(_LEAST_DEPTH, float(to_contour[click.y, click.x]))
    depth, wide, beyond = at_click, _WIDE, _BEYOND
    if is_open is not None and not click.positive:
        to_edges = max(_LEAST_DEPTH, _distance_to_edges(is_open, click))
        if at_click > _ENCLOSED * to_edges:
            depth, wide, beyond = to_edges, _WIDE_HOLE, _BEYOND_HOLE
    loss = np.float32(beyond) * np.maximum(distance / depth - wide, 0.0)
    if not click.positive:
        loss = loss + np.float32(_DEEP) * np.maximum((to_contour - at_click) / depth, 0.0)
    return np.asarray(loss, dtype=np.float32)


def _distance_to_edges(is_open: Mask, click: Click) -> float:
    """Return how far the edges around a click are in most directions, in pixels; `is_open`, bool (h, w), as above."""
    height, width = is_open.shape
    steps = np.arange(1, int(np.hypot(height, width)) + 2)
    angles = np.arange(_RAYS)[:, None] * (2.0 * np.pi / _RAYS)
    rows = np.rint(click.y + steps * np.sin(angles)).astype(int)
    columns = np.rint(click.x + steps * np.cos(angles)).astype(int)
    is_inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    is_free = is_inside & is_open[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return float(np.percentile(steps[np.argmin(is_free, axis=1)], 75))
