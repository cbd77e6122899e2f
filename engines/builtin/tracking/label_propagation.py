"""Evidence of a network's descriptors: places that look like the confirmed target's or its surroundings'.

Labels go from a confirmed frame to any later one by nearest neighbours among descriptors, as self-supervised
features are used in A. Jabri et al., "Space-Time Correspondence as a Contrastive Random Walk", NeurIPS 2020:
without a path through the frames between, so that no error of an earlier frame is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.tracking.confidence import ContourZones, soft_overlap
from engines.builtin.tracking.evidence import upsampled_lattice
from engines.builtin.tracking.foreground_evidence import Foreground, ForegroundModel
from engines.builtin.tracking.nearest_labels import mean_of_nearest
from engines.builtin.vision.extra_trees import FloatRows
from engines.builtin.vision.flow import FlowPair
from utils.types import FloatImage, FloatMap, Mask

_WEIGHT = 0.375
"""Weight beside a foreground network's answers, which are weighed by the same rule."""
_NEAR = 8
"""Grid cells around the confirmed target all of whose descriptors are kept; farther away one of nine is."""
_OWN = 2
"""Grid cells around a place that don't speak for it on the confirmed frame itself."""
_MARGIN = 0.1
"""Margin of the search window in which labels are propagated: flow carries them on for some frames."""
_ALIKE = 0.05
"""Difference between the votes around a grid cell up to which its own is their mean."""
_LARGEST_MEMORY = 3
"""Confirmed frames whose descriptors are kept, the latest ones."""

_BLOCK = 256
"""Places compared at a time, so that similarities take some 5 MB."""

_Cells = npt.NDArray[np.bool_]
"""bool (h, w): chosen cells of a grid."""


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Descriptors of a confirmed frame, of length 1, float32 (N, C), and the target's share in them (N,)."""

    rows: FloatRows
    labels: FloatRows


class LabelPropagation:
    """Propagates the labels of confirmed frames; the answers are weighed by what they prove in the clip."""

    def __init__(self) -> None:
        self._memory: list[_Labelled] = []
        self._scale = self._mean = np.zeros(0, dtype=np.float32)
        self._answer: Foreground | None = None
        self._model = ForegroundModel()

    @property
    def is_active(self) -> bool:
        """True once a confirmed frame had descriptors."""
        return bool(self._memory)

    def confirm(
        self, descriptors: FloatImage | None, mask: Mask, weight: FloatMap | None = None
    ) -> None:
        """Add a confirmed frame.

        Args:
            descriptors: of the frame, float32 (h', w', C); None where there are none.
            mask: the user's, bool (h, w).
            weight: float32 (h, w) in [0, 1]; a place counts where the mask does by more than half.
        """
        self._answer = None
        if descriptors is None:
            return
        is_first = not self._memory
        if is_first:
            deviation = descriptors.std(axis=(0, 1))
            self._scale = (1.0 / (deviation + 1e-3)).astype(np.float32)
            self._mean = (descriptors * self._scale).mean(axis=(0, 1))
        height, width = descriptors.shape[:2]
        share = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        side = 2 * _NEAR + 1
        near = cv2.dilate((share > 0.1).astype(np.uint8), np.ones((side, side), np.uint8)) > 0
        chosen = near.copy()
        chosen[::3, ::3] = True
        if weight is not None:
            chosen &= cv2.resize(weight, (width, height), interpolation=cv2.INTER_AREA) > 0.5
            if not chosen.any():
                return
        rows = self._rows(descriptors, chosen)
        known = _Labelled(rows, share[chosen])
        self._memory = [*self._memory, known][-_LARGEST_MEMORY:]
        if weight is not None and not is_first:
            return
        # How well others than a place's own surroundings tell its label shows what the answers are worth.
        votes = _votes(rows, known, np.argwhere(chosen).astype(np.int16))
        self._model.confirm(_answer(chosen, votes, near, mask.shape), mask)

    def advance(
        self, descriptors: FloatImage | None, flow: FlowPair, window: tuple[int, int, int, int]
    ) -> None:
        """Go on to the next frame.

        Args:
            descriptors: of the frame, float32 (h', w', C); None between the asked frames.
            flow: between the frame and the last one.
            window: x0, y0, x1, y1, where the target is searched for.
        """
        shape = flow.reliability.shape
        if descriptors is not None and self._memory:
            cells = _cells_of(window, shape, descriptors.shape[:2])
            self._answer = _answer(cells, self._votes_within(descriptors, cells), cells, shape)
        elif self._answer is not None:
            self._answer = self._answer.carried(flow)

    def evidence(
        self, expected: Mask, to_previous: FloatImage, window: tuple[int, int, int, int]
    ) -> FloatMap | float:
        """Return the weighted log odds in a window; see `ForegroundModel.evidence`. 0 without an answer."""
        if self._answer is None:
            return 0.0
        evidence = self._model.evidence(self._answer, expected, to_previous, window)
        return np.asarray(np.float32(_WEIGHT) * evidence)

    def follow(self, mask: Mask, to_previous: FloatImage) -> None:
        """Learn from a frame's estimated mask, bool (h, w); see `ForegroundModel.follow`."""
        if self._answer is not None:
            self._model.follow(self._answer, mask, to_previous)

    def overall(self, descriptors: FloatImage | None, shape: tuple[int, int]) -> FloatMap | None:
        """Return the log odds of a frame that no track leads to, float32 of `shape` (h, w).

        By the answers' worth on the first confirmed frame as a whole; None before there is one.

        Args:
            descriptors: of the frame, float32 (h', w', C); None where there are none.
            shape: of the frame at processing size.
        """
        if descriptors is None or not self._memory:
            return None
        cells = np.ones(descriptors.shape[:2], dtype=bool)
        votes = _votes(self._rows(descriptors, cells), self._known())
        return self._model.overall(_answer(cells, votes, cells, shape))

    def overall_evidence(self) -> FloatMap | float:
        """Return the log odds of the last answer for a target that was lost, float32 (h, w); 0 without one.

        See `ForegroundModel.overall`: nothing local is known of it then.
        """
        return 0.0 if self._answer is None else self._model.overall(self._answer)

    def overlap(self, zones: ContourZones) -> float | None:
        """Return the overlap of a frame's mask with the labels; None without an answer. See `soft_overlap`."""
        return None if self._answer is None else soft_overlap(self._answer.probability, zones)

    def restart(self, mask: Mask, is_new_scene: bool) -> None:
        """Begin again where the target was redetected; see `ForegroundModel.restart`."""
        if self._answer is not None:
            self._model.restart(self._answer, mask, is_new_scene)

    def forget_answer(self) -> None:
        """Drop the last answer: the target was lost, and flow does not lead from there to here."""
        self._answer = None

    def _votes_within(self, descriptors: FloatImage, cells: _Cells) -> FloatRows:
        """Return the votes of a rectangle of cells, float32 (N,) in [0, 1].

        Of every second line and column first, then of what lies between those that differ: two fifths of all.
        """
        part = descriptors[np.ix_(cells.any(axis=1), cells.any(axis=0))]
        height, width = part.shape[:2]
        lattice = np.zeros((height, width), dtype=bool)
        lattice[::2, ::2] = True
        known = self._known()
        found = _votes(self._rows(part, lattice), known)
        votes = upsampled_lattice(found, (height, width))
        highest, lowest = np.where(lattice, votes, -1.0), np.where(lattice, votes, 2.0)
        around = np.ones((3, 3), np.uint8)
        between = (cv2.dilate(highest, around) - cv2.erode(lowest, around) > _ALIKE) & ~lattice
        votes[between] = _votes(self._rows(part, between), known)
        return np.ravel(votes)

    def _known(self) -> _Labelled:
        """Return the descriptors of all confirmed frames that are kept."""
        return _Labelled(
            np.concatenate([part.rows for part in self._memory]),
            np.concatenate([part.labels for part in self._memory]),
        )

    def _rows(self, descriptors: FloatImage, cells: _Cells) -> FloatRows:
        rows = descriptors[cells] * self._scale - self._mean
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.maximum(length, 1e-6), dtype=np.float32)


def supporting_what_moves_alike(log_odds: FloatMap | float, motion: FloatMap) -> FloatMap:
    """Return the descriptors' log odds, float32 (h, w), without support for what moves otherwise than the target.

    Others of the target's kind are described like it. Where no foreground network separates them from it, one that
    comes out from behind it is recognised by its motion.

    Args:
        log_odds: by the descriptors, float32 (h, w) or of every pixel.
        motion: log odds by the motion, float32 (h, w): 0 where the target moves like its surroundings.
    """
    alike = np.clip(np.float32(1.0) + motion, np.float32(0.0), np.float32(1.0))
    return np.asarray(np.minimum(log_odds, log_odds * alike), dtype=np.float32)


def _votes(
    rows: FloatRows, known: _Labelled, places: npt.NDArray[np.int16] | None = None
) -> FloatRows:
    """Return the mean label of each row's nearest neighbours, float32 (N,) in [0, 1].

    `places` (N, 2) are the cells of rows that are the known ones themselves: near ones don't speak for
    each other.
    """
    votes = np.empty(len(rows), dtype=np.float32)
    transposed = np.ascontiguousarray(known.rows.T)
    similarities = np.empty((min(_BLOCK, len(rows)), known.labels.size), dtype=np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarity = np.matmul(rows[block], transposed, out=similarities[: len(rows[block])])
        if places is not None:
            apart = np.abs(places[block, None] - places).max(axis=2)
            similarity[apart <= _OWN] = -1.0
        mean_of_nearest(similarity, known.labels, votes[block])
    return votes


def _answer(cells: _Cells, votes: FloatRows, known: _Cells, shape: tuple[int, ...]) -> Foreground:
    """Return the votes of chosen cells as an answer of a frame (h, w), reliable in the `known` cells."""
    size_wh = shape[1], shape[0]
    grid = np.zeros(cells.shape, dtype=np.float32)
    grid[cells] = votes
    return Foreground(
        cv2.resize(grid, size_wh), cv2.resize((known & cells).astype(np.float32), size_wh)
    )


def _cells_of(
    window: tuple[int, int, int, int], shape: tuple[int, ...], grid: tuple[int, ...]
) -> _Cells:
    """Return the cells of a grid (h', w') that lie in a window of a frame (h, w), with a margin."""
    x0, y0, x1, y1 = window
    down, across = grid[0] / shape[0], grid[1] / shape[1]
    margin_y, margin_x = _MARGIN * (y1 - y0), _MARGIN * (x1 - x0)
    cells = np.zeros(grid, dtype=bool)
    cells[
        max(0, int((y0 - margin_y) * down)) : int((y1 + margin_y) * down) + 1,
        max(0, int((x0 - margin_x) * across)) : int((x1 + margin_x) * across) + 1,
    ] = True
    return cells
