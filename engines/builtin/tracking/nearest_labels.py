"""The weighted mean label of the known rows that are most similar to others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.builtin.vision.extra_trees import FloatRows
from utils.compiled import compiled

_NEIGHBOURS = 10
_TEMPERATURE = 0.07
"""Difference in cosine similarity by which a neighbour counts for 1/e."""
_AT_ONCE = 8
"""Similarities of which only the greatest is compared where none is a neighbour's."""


def mean_of_nearest(similarity: FloatRows, labels: FloatRows, means: FloatRows) -> None:
    """Fill `means`, float32 (N,), by the similarities to known rows, float32 (N, K), and their labels (K,)."""
    groups = labels.size // _AT_ONCE
    grouped = similarity[:, : _AT_ONCE * groups].reshape(len(similarity), _AT_ONCE, groups)
    nearest = np.arange(min(_NEIGHBOURS, labels.size), dtype=np.int64)
    _fill_means(similarity, grouped.max(axis=1), labels, nearest, means)


@compiled
def _fill_means(
    similarity: FloatRows,
    greatest: FloatRows,
    labels: FloatRows,
    nearest: npt.NDArray[np.int64],
    means: FloatRows,
) -> None:
    """Fill `means`; `greatest` (N, groups) is the greatest of every `groups`-th column, `nearest` holds the neighbours.

    They are more similar than the least of those that the row before has, so that few columns are compared one by one.
    """
    groups, count = greatest.shape[1], nearest.size
    best = np.empty(count, dtype=np.float32)
    for row in range(similarity.shape[0]):
        least = np.float32(2.0)
        for place in range(count):
            least = min(least, similarity[row, nearest[place]])
        least -= np.float32(1e-6)
        best[:] = least
        lowest = 0
        for group in range(groups + 1):
            first, stop, step = group, _AT_ONCE * groups, groups
            if group == groups:
                first, stop, step = stop, similarity.shape[1], 1
            elif greatest[row, group] <= least:
                continue
            for known in range(first, stop, step):
                if similarity[row, known] <= least:
                    continue
                best[lowest], nearest[lowest] = similarity[row, known], known
                lowest = int(best.argmin())
                least = best[lowest]
        weights = np.exp((best - best.max()) * np.float32(1.0 / _TEMPERATURE))
        mass, total = np.float32(0.0), np.float32(0.0)
        for place in range(count):
            mass += weights[place]
            total += weights[place] * labels[nearest[place]]
        means[row] = total / mass
