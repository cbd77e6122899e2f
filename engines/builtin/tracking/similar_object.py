"""Finds another object of the target's kind on a confirmed frame, by a network's descriptors."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.tracking.background_motion import sampled
from engines.builtin.vision.extra_trees import FloatRows, Forest, ForestShape, Samples
from engines.builtin.vision.features import FEATURE_COUNT, Appearance
from engines.builtin.vision.processing_size import ProcessingFrame
from engines.builtin.vision.total_variation import regularised
from utils.mask_utils import component_sums, components, dilate, keep_components
from utils.types import FloatImage, FloatMap, Mask

_NEIGHBOURS = 5
"""Descriptors whose mean similarity counts."""
_INSIDE, _BESIDE = 0.6, 0.02
"""Shares of the target in a grid cell from which on it is the target's, and up to which it is background."""
_OWN = 2
"""Grid cells around a place that do not speak for it."""
_LEAD = 0.02
"""How much more similar a place must be to the target than to what is far from the place."""
_LEAST_SIMILARITY = 0.62
"""Similarity of another object to the target, as a share of that of the target's own places to each other."""
_AREAS = 0.25, 3.0
"""Areas of another object, as shares of the target's."""
_APART = 20
"""Pixels at processing size by which it must be apart from the target: what touches it may be its own part."""
_FEW = 12
"""Grid cells of a target below which nothing can be said."""
_GAIN = 25.0
_BIAS = -0.3
_LARGEST_LOG_ODDS = 2.0
"""Log odds per unit of that lead, a constant, and their limit."""
_SHOWN = 4.0
"""Log odds of what a foreground network shows near the place, and against what it does not show, at most half of it."""
_SMOOTHNESS = 0.6

_TOLD_APART = 0.9
"""Area under the ROC curve from which on colours tell both apart: trackers do so by themselves then."""
_PIXELS = 2000
"""Pixels of each that are compared at most."""
_TILE = 12
"""Side of the tiles, in pixels, of which every second one teaches the colours and the rest are told apart by them."""
_COLOURS = 6
"""First features of an appearance: the colours, and those around a pixel; what lies farther is the background's too."""
_TREES = ForestShape(trees=12, depth=9)

_Cells = npt.NDArray[np.int64]
"""int64 (N,): flat indices of a grid's cells."""


def similar_object(
    descriptors: FloatImage | None,
    mask: Mask,
    frame: ProcessingFrame,
    foreground: FloatMap | None = None,
) -> Mask | None:
    """Return the largest other object that is described like the target, bool (h, w); None without any.

    None too where colours tell it from the target.

    Args:
        descriptors: of the frame, float32 (h', w', C); None where there are none.
        mask: of the target, bool (h, w).
        frame: at processing size.
        foreground: a foreground network's answer, float32 (h, w) in [0, 1]; None without one.
    """
    if descriptors is None:
        return None
    lead = _lead_of_similar(descriptors, mask)
    if lead is None:
        return None
    height, width = mask.shape
    log_odds = cv2.resize(lead, (width, height)) * np.float32(_GAIN) + np.float32(_BIAS)
    log_odds = np.clip(log_odds, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS).astype(np.float32)
    if foreground is not None:
        around = cv2.dilate((lead > _LEAD).astype(np.uint8), np.ones((9, 9), np.uint8))
        near = cv2.resize(around, (width, height)) > 0
        log_odds += np.where(near, np.float32(_SHOWN) * (foreground - np.float32(0.5)), 0.0)
    found = (regularised(log_odds, frame.lab, _SMOOTHNESS) > 0.5) & ~mask
    names, areas = components(found)
    least, most = np.multiply(_AREAS, np.count_nonzero(mask))
    if areas.size < 2 or not least <= areas[1:].max() <= most:
        return None
    largest = names == 1 + int(areas[1:].argmax())
    if (dilate(mask, _APART) & largest).any():
        return None
    if _told_apart(frame.features, mask, largest) >= _TOLD_APART:
        return None
    return np.asarray(largest)


def _told_apart(features: Appearance, first: Mask, second: Mask) -> float:
    """Return how well two masks' colours, bool (h, w), are told apart: the area under the ROC curve, chance is 0.5.

    By a forest, in places that it has not seen.
    """
    generator = np.random.default_rng(0)
    parts = [sampled(generator, mask, _PIXELS) for mask in (first, second)]
    places = np.concatenate(parts)
    labels = np.arange(places.size) < parts[0].size
    rows = np.empty((places.size, FEATURE_COUNT), dtype=np.float32)
    features.read(places, rows)
    colours = np.ascontiguousarray(rows[:, :_COLOURS])
    down, across = np.divmod(places, first.shape[1])
    is_even = (down // _TILE + across // _TILE) % 2 == 0
    shares = np.where(labels, 0.5 / parts[0].size, 0.5 / parts[1].size) * places.size
    areas = []
    for taught in (is_even, ~is_even):
        if min(np.count_nonzero(labels[part]) for part in (taught, ~taught)) == 0:
            return 1.0
        if min(np.count_nonzero(~labels[part]) for part in (taught, ~taught)) == 0:
            return 1.0
        samples = Samples(colours[taught], labels[taught], shares[taught].astype(np.float32))
        log_odds = Forest(samples, _TREES, seed=5).log_odds(colours[~taught])
        areas.append(_area_under_curve(log_odds, labels[~taught]))
    return float(np.mean(areas))


def _area_under_curve(log_odds: FloatRows, labels: npt.NDArray[np.bool_]) -> float:
    """Return the probability that a labelled row, bool (N,), has larger log odds (N,) than another one."""
    ranks = np.empty(labels.size)
    ranks[np.argsort(log_odds, kind="stable")] = np.arange(labels.size)
    inside = float(np.count_nonzero(labels))
    return (float(ranks[labels].sum()) - inside * (inside - 1.0) / 2.0) / (
        inside * (labels.size - inside)
    )


def _lead_of_similar(descriptors: FloatImage, mask: Mask) -> FloatMap | None:
    """Return by how much each cell of the similar object is more like the target, float32 (h', w'); None without any.

    Below 0 at all other cells.
    """
    height, width = descriptors.shape[:2]
    share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    target = np.flatnonzero(share > _INSIDE)
    beside = cv2.dilate((share > _BESIDE).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    others = np.flatnonzero(beside)
    if target.size < _FEW or others.size < _FEW:
        return None
    rows = _normalised(descriptors)
    places = np.stack(np.divmod(np.arange(height * width), width), axis=1).astype(np.int16)
    extent = 1 + int(np.ptp(places[target], axis=0).max() / 2)
    own = float(np.median(_similarity(rows, places, target, target, _OWN)))
    to_target = _similarity(rows, places, others, target, -1)
    lead = np.full(height * width, -1.0, dtype=np.float32)
    lead[others] = to_target - _similarity(rows, places, others, others, extent)
    alike = np.zeros(height * width, dtype=np.float32)
    alike[others] = to_target
    lead, alike = lead.reshape(height, width), alike.reshape(height, width)
    names, areas = components(lead > _LEAD)
    mean = component_sums(alike, names, areas) / np.maximum(areas, 1)
    least, most = _AREAS
    accepted = (areas >= least * target.size) & (areas <= most * target.size)
    accepted &= mean > _LEAST_SIMILARITY * own
    accepted[0] = False
    if not accepted.any():
        return None
    largest = np.where(accepted, areas, 0) == np.where(accepted, areas, 0).max()
    chosen = keep_components(lead > _LEAD, largest, names)
    around = cv2.dilate(chosen.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(around, np.maximum(lead, -0.2), np.minimum(lead, -0.05)).astype(np.float32)


def _normalised(descriptors: FloatImage) -> FloatRows:
    """Return each cell's descriptor, of length 1 about the frame's mean, float32 (h' w', C)."""
    deviation = descriptors.std(axis=(0, 1)) + np.float32(1e-3)
    rows = (descriptors / deviation).reshape(-1, descriptors.shape[2])
    rows -= rows.mean(axis=0)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-6), dtype=np.float32)


def _similarity(
    rows: FloatRows, places: npt.NDArray[np.int16], cells: _Cells, known: _Cells, apart: int
) -> FloatRows:
    """Return the mean cosine similarity of cells to their nearest known ones, float32 (N,).

    Only to those more than `apart` rows or columns away, by the cells' `places` (h' w', 2).
    """
    found = np.empty(cells.size, dtype=np.float32)
    for start in range(0, cells.size, 512):
        part = cells[start : start + 512]
        similarity = rows[part] @ rows[known].T
        if apart >= 0:
            (rows_of, columns_of), (known_rows, known_columns) = places[part].T, places[known].T
            near = np.abs(rows_of[:, None] - known_rows) <= apart
            near &= np.abs(columns_of[:, None] - known_columns) <= apart
            similarity[near] = -1.0
        count = min(_NEIGHBOURS, known.size)
        nearest = np.partition(similarity, known.size - count, axis=1)[:, -count:]
        found[start : start + 512] = nearest.mean(axis=1)
    return found
