"""Extremely randomised trees (Geurts et al., 2006) for two classes, grown on one clip's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from utils.compiled import compiled

FloatRows = npt.NDArray[np.float32]
"""float32 (N, F): one row of features a pixel."""

_LARGEST_LOG_ODDS = 3.0


@dataclass(frozen=True, slots=True)
class ForestShape:
    """How large a forest is: trees, levels, and random tests tried at each node."""

    trees: int = 12
    depth: int = 11
    tests: int = 6


@dataclass(frozen=True, slots=True)
class Samples:
    """Labelled pixels: features float32 (N, F), labels bool (N,), weights float32 (N,) > 0."""

    features: FloatRows
    labels: npt.NDArray[np.bool_]
    weights: FloatRows

    @staticmethod
    def joined(parts: list[Samples]) -> Samples:
        """Return the samples of all parts as one set."""
        return Samples(
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )

    def scaled(self, factor: float) -> Samples:
        """Return the same samples with every weight times `factor`."""
        return Samples(self.features, self.labels, self.weights * np.float32(factor))


class _Pixels(NamedTuple):
    """Training pixels for the compiled loop: features (F, N), labels 0 or 1 (N,), weights (N,), float32.

    A feature's values lie side by side, because a test reads one feature of many pixels.
    """

    columns: FloatRows
    labels: FloatRows
    weights: FloatRows


class _Trees(NamedTuple):
    """Node tables (trees, nodes): tested feature int32 (-1 in a leaf), threshold float32 (in a leaf the
    foreground share), and left child int32; the right child follows it.
    """

    features: npt.NDArray[np.int32]
    thresholds: FloatRows
    children: npt.NDArray[np.int32]


class Forest:
    """A grown forest; immutable, so that it may be read from any thread."""

    def __init__(self, samples: Samples, shape: ForestShape, seed: int) -> None:
        """Grow the forest: tens of milliseconds for 20 000 samples.

        Raises:
            ValueError: one of the two classes has no sample.
        """
        if not samples.labels.any() or samples.labels.all():
            raise ValueError("a forest needs samples of both classes")
        size = shape.trees, 2 ** (shape.depth + 1)
        self._trees = _Trees(
            np.full(size, -1, dtype=np.int32),
            np.zeros(size, dtype=np.float32),
            np.zeros(size, dtype=np.int32),
        )
        labels = samples.labels.astype(np.float32)
        share = float((labels * samples.weights).sum() / samples.weights.sum())
        balance = np.where(samples.labels, 0.5 / share, 0.5 / (1.0 - share)).astype(np.float32)
        columns = np.ascontiguousarray(samples.features.T)
        pixels = _Pixels(columns, labels, samples.weights * balance)
        _grow(pixels, shape.depth, shape.tests, seed, self._trees)

    def log_odds(self, rows: FloatRows) -> npt.NDArray[np.float32]:
        """Return how much each row looks like foreground, log odds in [-3, 3], float32 (N,)."""
        result = np.empty(rows.shape[0], dtype=np.float32)
        _vote(np.ascontiguousarray(rows), self._trees, result)
        result = np.clip(result, 1e-3, 1.0 - 1e-3)
        return np.clip(
            np.log(result / (1.0 - result)), -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS
        ).astype(np.float32)


@compiled
def _grow(  # noqa: PLR0912, PLR0915
    pixels: _Pixels, depth: int, tests: int, seed: int, trees: _Trees
) -> None:
    """Fill the tree tables."""
    columns, labels, weights = pixels
    out_feature, out_threshold, out_child = trees
    np.random.seed(seed)
    width, count = columns.shape
    order = np.empty(count, dtype=np.uint32)
    goes_left = np.empty(count, dtype=np.uint8)
    # The pixels of a node that its tests are tried on, fewer than 800, with their weights.
    tried = np.empty(800, dtype=np.uint32)
    tried_weights = np.empty((2, 800), dtype=np.float32)
    stack = np.empty((2 * depth + 4, 4), dtype=np.int32)
    for tree in range(out_feature.shape[0]):
        for index in range(count):
            order[index] = index
        used = 1
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, 0, count, 0
        top = 1
        while top > 0:
            top -= 1
            node, start, stop, level = stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3]
            foreground = 0.0
            total = 0.0
            for position in range(start, stop):
                sample = order[position]
                total += weights[sample]
                foreground += weights[sample] * labels[sample]
            share = foreground / max(total, 1e-9)
            best_feature = -1
            best_threshold = np.float32(0.0)
            if level < depth and stop - start >= 10 and 0.005 < share < 0.995:
                step = max(1, (stop - start) // 400)
                best_score = 1e30
                seen = 0
                seen_total, seen_foreground = 0.0, 0.0
                for position in range(start, stop, step):
                    sample = order[position]
                    tried[seen] = sample
                    tried_weights[0, seen] = weights[sample]
                    tried_weights[1, seen] = weights[sample] * labels[sample]
                    seen_total += tried_weights[0, seen]
                    seen_foreground += tried_weights[1, seen]
                    seen += 1
                for _ in range(tests):
                    feature = np.random.randint(0, width)
                    values = columns[feature]
                    first = values[order[np.random.randint(start, stop)]]
                    second = values[order[np.random.randint(start, stop)]]
                    threshold = np.float32(first + (second - first) * np.random.random())
                    left_total, left_foreground = 0.0, 0.0
                    for place in range(seen):
                        # A factor, since the processor can't predict a branch on noise.
                        is_left = np.float32(values[tried[place]] < threshold)
                        left_total += tried_weights[0, place] * is_left
                        left_foreground += tried_weights[1, place] * is_left
                    right_total = seen_total - left_total
                    right_foreground = seen_foreground - left_foreground
                    if left_total <= 0.0 or right_total <= 0.0:
                        continue
                    score = left_foreground * (1.0 - left_foreground / left_total)
                    score += right_foreground * (1.0 - right_foreground / right_total)
                    if score < best_score:
                        best_score = score
                        best_feature = feature
                        best_threshold = threshold
            middle = start
            if best_feature >= 0:
                end = stop
                values = columns[best_feature]
                for position in range(start, stop):
                    goes_left[position] = values[order[position]] < best_threshold
                # The pixel that is being placed is in no place: those on the right fill up from the end.
                sample, is_left = order[start], goes_left[start]
                while end - middle > 1:
                    place = middle + 1 if is_left else end - 1
                    after, after_is_left = order[place], goes_left[place]
                    order[middle if is_left else end - 1] = sample
                    middle += is_left
                    end -= 1 - is_left
                    sample, is_left = after, after_is_left
                order[middle] = sample
                middle += is_left
            if best_feature < 0 or middle in (start, stop):
                out_feature[tree, node] = -1
                out_threshold[tree, node] = share
                continue
            out_feature[tree, node] = best_feature
            out_threshold[tree, node] = best_threshold
            out_child[tree, node] = used
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = (
                used,
                start,
                middle,
                level + 1,
            )
            stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2], stack[top + 1, 3] = (
                used + 1,
                middle,
                stop,
                level + 1,
            )
            top += 2
            used += 2


@compiled
def _vote(rows: FloatRows, tables: _Trees, out: FloatRows) -> None:
    """Fill `out` with the mean foreground share of the leaves each row falls into.

    Four rows go down a tree abreast, so that the processor needn't wait for one step before the next.
    """
    feature, threshold, child = tables
    trees, count = feature.shape[0], rows.shape[0]
    for index in range(count):
        out[index] = 0.0
    for tree in range(trees):
        asked, limit, below = feature[tree], threshold[tree], child[tree]
        for index in range(0, count, 4):
            # At the end, the last row goes down more than once, and is counted once.
            place_a, place_b = index, min(index + 1, count - 1)
            place_c, place_d = min(index + 2, count - 1), min(index + 3, count - 1)
            node_a, node_b, node_c, node_d = 0, 0, 0, 0
            feature_a = feature_b = feature_c = feature_d = asked[0]
            while feature_a >= 0 or feature_b >= 0 or feature_c >= 0 or feature_d >= 0:
                if feature_a >= 0:
                    node_a = below[node_a] + (1 if rows[place_a, feature_a] >= limit[node_a] else 0)
                    feature_a = asked[node_a]
                if feature_b >= 0:
                    node_b = below[node_b] + (1 if rows[place_b, feature_b] >= limit[node_b] else 0)
                    feature_b = asked[node_b]
                if feature_c >= 0:
                    node_c = below[node_c] + (1 if rows[place_c, feature_c] >= limit[node_c] else 0)
                    feature_c = asked[node_c]
                if feature_d >= 0:
                    node_d = below[node_d] + (1 if rows[place_d, feature_d] >= limit[node_d] else 0)
                    feature_d = asked[node_d]
            out[place_a] += limit[node_a] / trees
            if index + 1 < count:
                out[place_b] += limit[node_b] / trees
            if index + 2 < count:
                out[place_c] += limit[node_c] / trees
            if index + 3 < count:
                out[place_d] += limit[node_d] / trees
