"""Which of several answers to a click is the object meant."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.builtin.selection.motion_cue import Moving
from engines.builtin.vision.arrays import FloatImage
from engines.builtin.vision.processing_size import WorkingFrame
from utils.mask_utils import dilate, erode, intersection_over_union
from utils.types import Mask

IntBox = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, half-open."""

_APART, _STANDING, _MOVING = 0.3, 0.3, 0.1
"""What each sign weighs beside the agreement with the other answers; see docs/quality.md."""
_EDGE_FEATURE = 12
_LEAST = 0.01
_MOTION_SAYS = 3.0
_RING = 2, 10
"""Where an answer's surroundings begin and end, in working pixels from its contour."""
_BINS = 8
_BIN_SIZES = 12.5, 12.0, 12.0
_RARE = 0.05


class AnswerRanking:
    """Answers to the same clicks, each judged by itself and by how far the others agree with it."""

    def __init__(
        self,
        picture: WorkingFrame,
        moving: Moving | None,
        window: IntBox,
    ) -> None:
        """Begin with no answer.

        Args:
            picture: at working size.
            moving: what moves; None where nothing is known of it.
            window: as far as any answer goes.
        """
        self._picture = picture
        self._moving = moving
        self._window = window
        self._masks: list[Mask] = []
        self._scores: list[float] = []

    def add(self, mask: Mask, box: IntBox) -> None:
        """Take in an answer, bool (h, w), that was cut from `box`; an empty one is passed over."""
        if mask.any():
            self._masks.append(mask)
            self._scores.append(self._score(mask, box))

    def best_first(self) -> list[Mask]:
        """Return the answers, the likeliest first."""
        scores = list(self._scores)
        for index, mask in enumerate(self._masks):
            others = self._masks[:index] + self._masks[index + 1 :]
            if others:
                scores[index] += float(
                    np.mean([intersection_over_union(mask, other) for other in others])
                )
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        return [self._masks[index] for index in order]

    def _score(self, mask: Mask, box: IntBox) -> float:
        moves = 0.0
        if self._moving is not None:
            moves = _moving_apart(self._moving, mask, self._window)
        return (
            _APART * _apart(self._picture.lab, mask)
            + _STANDING * float(np.log(_standing_out(self._picture, mask, box) + _LEAST))
            + _MOVING * moves
        )


def _apart(lab: FloatImage, mask: Mask) -> float:
    """Return how far the answer's colours differ from those around it: 0 not at all, 1 wholly.

    One less the Bhattacharyya coefficient of the two histograms.
    """
    near, far = _RING
    ring = dilate(mask, far) & ~dilate(mask, near)
    if not ring.any():
        return 0.0
    return 1.0 - float(np.sqrt(_colours(lab, mask) * _colours(lab, ring)).sum())


def _colours(lab: FloatImage, where: Mask) -> npt.NDArray[np.float64]:
    """Return the share of the pixels that has each colour, float64 (512,)."""
    places = (lab[where] + (0.0, 48.0, 48.0)) / _BIN_SIZES
    bins = np.clip(places, 0, _BINS - 1).astype(np.intp)
    flat = (bins[:, 0] * _BINS + bins[:, 1]) * _BINS + bins[:, 2]
    counts = np.bincount(flat, minlength=_BINS**3) + _RARE
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _standing_out(picture: WorkingFrame, mask: Mask, box: IntBox) -> float:
    """Return how much an answer looks like a whole object: large, with edges on its contour.

    A contour that runs along the box that was tried counts against it, unless the picture ends there.
    """
    height, width = mask.shape
    x0, y0, x1, y1 = box
    contour = dilate(mask, 1) & ~erode(mask, 1)
    frame = np.zeros(mask.shape, dtype=bool)
    frame[y0:y1, x0:x1] = True
    frame &= ~erode(frame, 1)
    along = int(np.count_nonzero(mask & frame)) / max(1, int(np.count_nonzero(mask & contour)))
    edges = float(picture.features[..., _EDGE_FEATURE][contour].mean()) if contour.any() else 0.0
    size = int(np.count_nonzero(mask)) / (height * width)
    return edges * (1.0 - min(1.0, 1.5 * along)) * float(np.sqrt(size))


def _moving_apart(moving: Moving, mask: Mask, window: IntBox) -> float:
    """Return how much more an answer counts for holding what moves, and only that; 0 when still."""
    x0, y0, x1, y1 = window
    moves = np.maximum(moving.evidence, 0.0)
    held = float(moves[mask].sum()) / max(float(moves[y0:y1, x0:x1].sum()), 1e-6)
    pure = float(moving.evidence[mask].mean())
    return _MOTION_SAYS * moving.strength * (pure + held)
