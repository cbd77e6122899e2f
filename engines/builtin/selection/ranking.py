"""Ranks candidate masks of the same clicks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engines.builtin.selection.motion_cue import MotionCue
from engines.builtin.vision.features import edge_strength
from utils.mask_utils import bounding_box, dilate, erode, grow_box, intersection_over_union
from utils.packed_mask import PackedMask
from utils.types import ExpectedSize, FloatImage, FloatMap, IntBox, Mask

_CONTRAST_WEIGHT, _OBJECTNESS_WEIGHT, _MOTION_WEIGHT, _STABILITY_WEIGHT = 0.3, 0.3, 0.1, 1.0
"""Weights of the scores beside the agreement with the other candidates."""
_SIZE_WEIGHT = 0.25
"""Weight of half the squared deviation of a candidate's log area from the expected one: its Gaussian log likelihood."""
_MOST_DEVIATIONS = 4.0
"""Deviations from which on an area is no less likely."""
_LEAST = 0.01
"""Objectness that is added before its logarithm is taken."""
_MOTION_SCALE = 3.0
"""Weight of the mean log odds by motion in a candidate, and of its share of all motion, where motion is clear."""
_RING = 2, 10
"""Inner and outer distance of the surroundings from the contour, in pixels at processing size."""
_BINS = 8
"""Bins of each Lab channel."""
_BIN_SIZES = 12.5, 12.0, 12.0
"""Widths of them, in Lab units."""
_RARE = 0.05
"""Pixels that are added to each bin of a histogram."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mask that a prompt may mean, bool (h, w) at processing size.

    `box` is what it was segmented in; `stability` and `contour_margin`, in [0, 1], are those of `Segmented`.
    `agreement`, in [0, 1], is the median overlap with the other candidates of the same clicks, 1 without any. `full` is the
    mask at full size, (H, W), where it goes on from one that was given.
    """

    mask: Mask
    box: IntBox
    stability: float = 1.0
    contour_margin: float = 1.0
    agreement: float = 1.0
    full: PackedMask | None = None


class CandidateRanking:
    """Candidates for the same clicks, scored each by itself and by its agreement with the others."""

    def __init__(
        self,
        lab: FloatImage,
        motion_cue: MotionCue | None,
        window: IntBox,
        expected: ExpectedSize | None = None,
    ) -> None:
        """Begin with no candidate.

        Args:
            lab: the picture in Lab at working size, float32 (h, w, 3).
            motion_cue: None where motion is unknown.
            window: limit of all candidates (x0, y0, x1, y1).
            expected: the target's size at working size; None where nothing is known of it.
        """
        self._colours = _colour_bins(lab)
        self._edges = edge_strength(lab)
        self._motion_cue = motion_cue
        self._window = window
        self._expected = expected
        self._candidates: list[Candidate] = []
        self._scores: list[float] = []

    def add(self, candidate: Candidate) -> None:
        """Add a candidate; an empty one is ignored."""
        if candidate.mask.any():
            self._candidates.append(candidate)
            self._scores.append(self._score(candidate))

    def best_first(self) -> list[Candidate]:
        """Return the candidates by descending score."""
        ranked = []
        for candidate, score in zip(self._candidates, self._scores, strict=True):
            overlaps = [
                intersection_over_union(candidate.mask, other.mask)
                for other in self._candidates
                if other is not candidate
            ]
            if not overlaps:
                return [candidate]
            agreeing = replace(candidate, agreement=float(np.median(overlaps)))
            ranked.append((score + float(np.mean(overlaps)), agreeing))
        return [candidate for _, candidate in sorted(ranked, key=lambda pair: -pair[0])]

    def _score(self, candidate: Candidate) -> float:
        mask = candidate.mask
        objectness = _objectness(self._edges, mask, candidate.box)
        moves = 0.0
        if self._motion_cue is not None:
            moves = _motion_match(self._motion_cue, mask, self._window)
        unexpected = 0.0 if self._expected is None else _unlikely_size(self._expected, mask)
        return (
            _CONTRAST_WEIGHT * _colour_contrast(self._colours, mask)
            + _OBJECTNESS_WEIGHT * float(np.log(objectness + _LEAST))
            + _MOTION_WEIGHT * moves
            + _STABILITY_WEIGHT * candidate.stability
            - _SIZE_WEIGHT * unexpected
        )


def _colour_bins(lab: FloatImage) -> npt.NDArray[np.int16]:
    """Return the histogram bin of each pixel's colour, int16 (h, w) in [0, 512)."""
    bins = np.zeros(lab.shape[:2], dtype=np.int16)
    for channel, (offset, size) in enumerate(zip((0.0, 48.0, 48.0), _BIN_SIZES, strict=True)):
        places = np.clip((lab[..., channel] + offset) / size, 0, _BINS - 1)
        bins = bins * np.int16(_BINS) + places.astype(np.int16)
    return bins


def _colour_contrast(colours: npt.NDArray[np.int16], mask: Mask) -> float:
    """Return the colour contrast of a candidate to its surroundings: 0 none, 1 disjoint.

    One less the Bhattacharyya coefficient of the two histograms of `colours`, bins (h, w).
    """
    near, far = _RING
    height, width = mask.shape
    x0, y0, x1, y1 = grow_box(bounding_box(mask) or (0, 0, 1, 1), (width, height), 0.0, far)
    around, inside = colours[y0:y1, x0:x1], np.ascontiguousarray(mask[y0:y1, x0:x1])
    ring = dilate(inside, far) & ~dilate(inside, near)
    if not ring.any():
        return 0.0
    return 1.0 - float(np.sqrt(_histogram(around[inside]) * _histogram(around[ring])).sum())


def _histogram(bins: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return the share of the pixels (N,) that is in each bin, float64 (512,)."""
    counts = np.bincount(bins, minlength=_BINS**3) + _RARE
    return np.asarray(counts / counts.sum(), dtype=np.float64)


def _objectness(edges: FloatMap, mask: Mask, box: IntBox) -> float:
    """Return how object-like a candidate is: large, with edges on its contour.

    A contour along the box it was segmented from counts against it, unless the picture ends there.
    """
    height, width = mask.shape
    x0, y0, x1, y1 = box
    contour = dilate(mask, 1) & ~erode(mask, 1)
    frame = np.zeros(mask.shape, dtype=bool)
    frame[y0:y1, x0:x1] = True
    frame &= ~erode(frame, 1)
    along = int(np.count_nonzero(mask & frame)) / max(1, int(np.count_nonzero(mask & contour)))
    strength = float(edges[contour].mean()) if contour.any() else 0.0
    size = int(np.count_nonzero(mask)) / (height * width)
    return strength * (1.0 - min(1.0, 1.5 * along)) * float(np.sqrt(size))


def _unlikely_size(expected: ExpectedSize, mask: Mask) -> float:
    """Return half the squared deviation of a mask's log area from the expected one; the mask is not empty.

    0 for a smaller area than the largest likely one.
    """
    deviations = np.log(np.count_nonzero(mask) / expected.area) / expected.deviation
    if expected.is_largest:
        deviations = max(deviations, 0.0)
    return 0.5 * min(abs(float(deviations)), _MOST_DEVIATIONS) ** 2


def _motion_match(motion_cue: MotionCue, mask: Mask, window: IntBox) -> float:
    """Return how well a candidate coincides with what moves; 0 without motion."""
    x0, y0, x1, y1 = window
    moves = np.maximum(motion_cue.evidence, 0.0)
    held = float(moves[mask].sum()) / max(float(moves[y0:y1, x0:x1].sum()), 1e-6)
    pure = float(motion_cue.evidence[mask].mean())
    return _MOTION_SCALE * motion_cue.strength * (pure + held)
