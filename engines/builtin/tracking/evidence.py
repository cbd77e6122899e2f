"""Evidence maps of a frame and their combination into log odds of the object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engines.builtin.tracking.appearance import LATTICE, AppearanceModel
from engines.builtin.tracking.background_motion import ObjectMotion, motion_evidence
from engines.builtin.tracking.difference_histogram import DifferenceModel
from engines.builtin.tracking.shape import ObjectFrame, ShapeMemory, contour_evidence
from engines.builtin.vision.arrays import lengths
from engines.builtin.vision.bilateral_grid import local_colour
from engines.builtin.vision.extra_trees import FloatRows
from engines.builtin.vision.flow import FlowPair, forward_coverage
from engines.builtin.vision.processing_size import ProcessingFrame
from utils.compiled import compiled
from utils.types import FloatImage, FloatMap

CUES = (
    "contour",
    "contour_trusted",
    "disocclusion",
    "shape_memory",
    "local_colour",
    "key_forest",
    "running_forest",
    "motion",
    "motion_memory",
    "difference",
)
"""Names of the evidence maps, in the order of `WEIGHTS`."""

WEIGHTS = (0.03, 0.25, -0.7, 0.24, 0.75, 0.4, 0.35, 0.35, 0.1, 0.4)
"""Log odds per unit of each cue: a logistic regression along the tracker's own passes through the
development clips, then moved one at a time; how much that is worth is in docs/quality.md."""
BIAS = 0.02
"""The regression's constant."""

_STILL = 0.6
"""Accumulated motion against the background, in units of the background's residual, at log odds 0."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The previous estimate warped to this frame, all float32 of the whole frame (h, w[, C]).

    `expected` is the warped probability, `previous_lab` the previous frame's Lab colours warped to
    the window alone (h', w', 3), `motion` the frame's motion against its background,
    `motion_memory` the same vectors over time.
    `window` (x0, y0, x1, y1) is the search window, `place` the object's frame.
    """

    expected: FloatMap
    previous_lab: FloatImage
    motion: ObjectMotion
    motion_memory: FloatImage
    window: tuple[int, int, int, int]
    place: ObjectFrame


def evidence_maps(
    frame: ProcessingFrame,
    flow: FlowPair,
    prediction: Prediction,
    appearance: AppearanceModel,
    shape: ShapeMemory,
    differences: DifferenceModel,
) -> FloatImage:
    """Return the evidence maps of the search window, float32 (10, h, w), in the order of `CUES`."""
    x0, y0, x1, y1 = prediction.window
    view = np.s_[y0:y1, x0:x1]
    size = y1 - y0, x1 - x0
    trust = np.ascontiguousarray(flow.reliability[view])
    expected = np.ascontiguousarray(prediction.expected[view])
    contour = contour_evidence(expected)
    rows = appearance.rows(frame.features, prediction.motion, prediction.window, prediction.place)
    maps = [
        contour,
        contour * trust,
        np.clip(1.0 - forward_coverage(flow.from_previous, prediction.window), 0.0, 1.0),
        shape.expected(size, (x0, y0), prediction.place),
        local_colour(
            prediction.previous_lab,
            expected,
            trust,
            np.ascontiguousarray(frame.lab[view]),
        ),
        upsampled_lattice(appearance.key_log_odds(rows), size),
        upsampled_lattice(appearance.running_log_odds(rows), size),
        motion_evidence(prediction.motion.vector[view], expected, trust) * trust,
        np.clip(lengths(prediction.motion_memory[view]) - _STILL, -0.8, 2.0),
        differences.evidence(prediction.motion.difference[view]),
    ]
    return np.stack(maps).astype(np.float32, copy=False)


def combined_log_odds(maps: FloatImage) -> FloatMap:
    """Return the log odds, float32 (h, w), of evidence maps (10, h, w)."""
    total = np.empty(maps.shape[1:], dtype=np.float32)
    _add_up(maps, WEIGHTS, total)
    return total


@compiled
def _add_up(maps: FloatImage, weights: tuple[float, ...], out: FloatMap) -> None:
    """Fill `out` (h, w) with the weighted sum of maps (10, h, w) and `BIAS`."""
    count, height, width = maps.shape
    for row in range(height):
        for column in range(width):
            out[row, column] = np.float32(BIAS)
        for cue in range(count):
            weight = np.float32(weights[cue])
            for column in range(width):
                out[row, column] += weight * maps[cue, row, column]


def upsampled_lattice(values: FloatRows, shape: tuple[int, int]) -> FloatMap:
    """Return the values at every second pixel of every second line as a map of `shape`, bilinear between them."""
    height, width = shape
    lattice = values.reshape(-(-height // LATTICE), -(-width // LATTICE))
    result = np.empty(shape, dtype=np.float32)
    _fill_between(lattice, result)
    return result


@compiled
def _fill_between(lattice: FloatMap, out: FloatMap) -> None:
    """Fill `out` (h, w) from its even pixels; beyond the last of them it continues them."""
    height, width = out.shape
    bottom, right = lattice.shape[0] - 1, lattice.shape[1] - 1
    half = np.float32(0.5)
    for row in range(height):
        above, below = lattice[row // 2], lattice[min((row + 1) // 2, bottom)]
        for column in range(right + 1):
            out[row, 2 * column] = half * (above[column] + below[column])
        for column in range(1, width, 2):
            after = min(column + 1, 2 * right)
            if after > column:
                out[row, column] = half * (out[row, column - 1] + out[row, after])
            else:
                out[row, column] = out[row, column - 1]
