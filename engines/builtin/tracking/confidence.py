"""Confidence of a tracked frame from its quality indicators: low where a user should check the mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.mask_utils import dilate, erode, intersection_over_union
from utils.types import FloatImage, FloatMap, Mask

_BAND = 3
"""Pixels on either side of a contour that count as it."""
_FEW = 32
"""Pixels of a region from which on its motion tells a change of scale."""
_LARGEST_SHARE = 1.1
"""Area, as a share of the expected one, beyond which detached parts are another object's."""
_FARTHEST = 0.2
"""Smallest factor by which scale change is allowed to reduce the expected area."""
_CONTOUR_COST = 0.8
"""Confidence that a mask loses per share of its area that lies on the contour, up to `_THINNEST`."""
_THINNEST = 0.4
_DRIFT = 0.05
"""What a mask loses with the distance from the confirmed frame: errors that no indicator shows add up on the way."""
_DRIFT_FRAMES = 10
"""Distance from it, in frames, in which all but 1 / e of that is lost."""
_LEAST = 0.25
"""Confidence that stands for a score of 0; 1 stands for 1."""


@dataclass(frozen=True, slots=True)
class ContourZones:
    """A mask and the zones around its contour, each bool (h, w): what overlaps and margins are measured on.

    `contour`: up to 3 pixels from it on both sides. `beside`: up to 9 pixels outside; `around`: of these, those
    beyond 3 pixels.
    """

    mask: Mask
    contour: Mask
    beside: Mask
    around: Mask

    @classmethod
    def of(cls, mask: Mask) -> ContourZones:
        """Return the zones of a mask, bool (h, w)."""
        near, far = dilate(mask, _BAND), dilate(mask, 3 * _BAND)
        return cls(mask, near & ~erode(mask, _BAND), far & ~mask, far & ~near)

    def within(self, window: tuple[int, int, int, int]) -> ContourZones:
        """Return their part in a window (x0, y0, x1, y1)."""
        x0, y0, x1, y1 = window
        view = np.s_[y0:y1, x0:x1]
        return ContourZones(
            self.mask[view], self.contour[view], self.beside[view], self.around[view]
        )


@dataclass(frozen=True, slots=True)
class QualityIndicators:
    """Quality indicators of a tracked frame, each in [0, 1], 1 is good.

    `contour_margin`: mean certainty of the evidence along the contour. `appearance_match`: share of
    the inside that resembles the confirmed frames, and of the surroundings that does not.
    `temporal_overlap`: with the previous region, warped along the flow. `area_share`: area against the
    expected one, since an object is lost bit by bit more often than at once. `expected_overlap`: with the
    object by the evidence, before it was regularised and parts were dropped.
    """

    contour_margin: float
    appearance_match: float
    temporal_overlap: float
    area_share: float
    expected_overlap: float


@dataclass(frozen=True, slots=True)
class NetworkAgreement:
    """How a network's foreground agrees with a tracked mask, each in [0, 1].

    `overlap`: of the mask with the foreground near it. `consistency`: 1 where the network shows the
    expected mask as well as it showed the confirmed one, less where it suddenly misses it. `trust`: how
    far it showed the confirmed mask and nothing else.
    """

    overlap: float
    consistency: float
    trust: float


class ExpectedArea:
    """Expected area of the object: the confirmed one, less what left the picture, scaled with distance."""

    def __init__(self, confirmed: Mask) -> None:
        """Begin at a confirmed frame's mask, bool (h, w)."""
        self._confirmed = float(np.count_nonzero(confirmed))
        self._scale = 1.0
        self._kept = 1.0

    def follow(self, region: Mask, flow: FloatImage) -> None:
        """Advance one frame: `region` (h, w) bool of the last frame moves by `flow` (h, w, 2), in pixels."""
        sums = np.zeros(8)
        _add_up_moves(region, flow, sums)
        count, inside, x, y, to_x, to_y, squares, products = sums
        if count < _FEW:
            return
        self._kept *= inside / count
        spread = squares - (x * x + y * y) / count
        growth = (products - (x * to_x + y * to_y) / count) / spread
        self._scale *= float(np.clip(growth, 0.9, 1.1)) ** 2

    def amend(self, tracked: Mask, corrected: Mask) -> None:
        """Go on from a corrected mask, bool (h, w): expect what it added too, and no more where it took away.

        What was added may have been missing from the expected area, which is then as before.
        """
        before, area = (float(np.count_nonzero(mask)) for mask in (tracked, corrected))
        expected = max(self._area(), 1.0)
        gained = max(0.0, area - max(before, expected))
        wanted = expected + gained if area > before else min(expected, area)
        self._confirmed *= wanted / expected

    def share(self, area: float) -> float:
        """Return `area`, in pixels, as a share of the expected one, in [0, 1].

        Scale change accumulates the flow's errors, so only half of it (in logarithms) is used, and
        never growth beyond the confirmed size.
        """
        return float(min(1.0, area / max(self._area(), 1.0)))

    def largest(self) -> float:
        """Return the largest plausible area of the object, in pixels: 1.1 times the expected one.

        All of the flow's scale change counts here, growth too.
        """
        return _LARGEST_SHARE * self._confirmed * self._kept * self._scale

    def missing(self, area: float) -> float:
        """Return how much of the expected area is not in `area`, in pixels, at least 0."""
        return max(0.0, self._area() - area)

    def _area(self) -> float:
        gone_away = np.sqrt(np.clip(self._scale, _FARTHEST, 1.0))
        return float(self._confirmed * self._kept * gone_away)


@compiled
def _add_up_moves(region: Mask, flow: FloatImage, sums: npt.NDArray[np.float64]) -> None:
    """Add up, over the pixels of a region (h, w) that moves by a flow (h, w, 2), into `sums` (8,).

    Their number, how many stay in the picture, their places x and y and where they go, the squared lengths of the
    places, and the products of both.
    """
    height, width = region.shape
    for row in range(height):
        for column in range(width):
            if not region[row, column]:
                continue
            x, y = float(column), float(row)
            to_x, to_y = x + flow[row, column, 0], y + flow[row, column, 1]
            sums[0] += 1.0
            if 0.0 <= to_x <= width - 1.0 and 0.0 <= to_y <= height - 1.0:
                sums[1] += 1.0
            sums[2] += x
            sums[3] += y
            sums[4] += to_x
            sums[5] += to_y
            sums[6] += x * x + y * y
            sums[7] += x * to_x + y * to_y


def quality_indicators(
    zones: ContourZones,
    expected: Mask,
    log_odds: FloatMap,
    key: FloatMap,
    area_share: float,
) -> QualityIndicators:
    """Return the quality indicators of a frame; every array is (h, w) of the tracked window.

    Args:
        zones: of the estimated mask.
        expected: the previous frame's region, warped along the flow.
        log_odds: the combined evidence.
        key: log odds by the confirmed frames alone, in [-3, 3].
        area_share: `ExpectedArea.share` of the region.
    """
    region = zones.mask
    if not region.any():
        return QualityIndicators(0.0, 0.0, 0.0, 0.0, 0.0)
    inside = float((key[region] > 0).mean())
    outside = float((key[zones.around] < 0).mean()) if zones.around.any() else 1.0
    probability = np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float32)
    return QualityIndicators(
        contour_margin=contour_margin(log_odds, zones),
        appearance_match=0.5 * (inside + outside),
        temporal_overlap=intersection_over_union(region, expected),
        area_share=area_share,
        expected_overlap=soft_overlap(probability, zones),
    )


def contour_margin(log_odds: FloatMap, zones: ContourZones) -> float:
    """Return the mean certainty of evidence, log odds float32 (h, w), along a mask's contour, in [0, 1]; 0 without one."""
    band = zones.contour
    return float(np.tanh(0.5 * np.abs(log_odds[band])).mean()) if band.any() else 0.0


def contour_cost(region: Mask) -> float:
    """Return what a mask, bool (h, w), with anything in it loses of its predicted overlap by its contour's errors."""
    contour = np.count_nonzero(dilate(region, 1) & ~erode(region, 1))
    return _CONTOUR_COST * min(contour / np.count_nonzero(region), _THINNEST)


def soft_overlap(probability: FloatMap, zones: ContourZones) -> float:
    """Return the overlap, in [0, 1], of a mask with an object of which probabilities are known, float32 (h, w).

    Only of what lies in the mask and near it counts: they may show others like it.
    """
    union = np.count_nonzero(zones.mask) + float(probability[zones.beside].sum())
    return float(probability[zones.mask].sum()) / max(union, 1.0)


def predicted_overlap(
    indicators: QualityIndicators,
    region: Mask,
    agreement: NetworkAgreement | None = None,
    propagated_overlap: float | None = None,
    frames_since_confirmed: int = 0,
) -> float:
    """Return the confidence of a frame in [0, 1]: about the overlap that its mask has with the truth.

    The mean of the network's agreement, appearance, contour margin, area, and the overlaps with the evidence
    and with propagated labels, less the contour's share: an error of a pixel costs a thin mask more
    than a compact one. A network that suddenly misses the target counts for less. The area counts where there
    are no labels, which show a lost part and where the target is merely occluded or farther away than expected;
    where a network is trusted, less of it is no sign of a loss. Drift counts as far as it is to be expected.

    Args:
        indicators: of the frame.
        region: the estimated mask, bool (h, w).
        agreement: of a network with the mask; None without a network.
        propagated_overlap: `LabelPropagation.overlap` of the mask; None without descriptors.
        frames_since_confirmed: that the pass has tracked since its confirmed frame.
    """
    if not region.any():
        return 0.0
    network = agreement or NetworkAgreement(0.0, 0.0, 0.0)
    labels = 0.0 if propagated_overlap is None else 1.0
    weighted = (
        (indicators.appearance_match, 1.0),
        (indicators.contour_margin, 1.0),
        (indicators.area_share, (1.0 - labels) * (1.0 - network.trust)),
        (indicators.expected_overlap, 1.0),
        (propagated_overlap or 0.0, labels),
        (network.overlap, network.consistency),
    )
    values, weights = zip(*weighted, strict=True)
    score = np.average(values, weights=weights) - contour_cost(region)
    score -= _DRIFT * (1.0 - np.exp(-frames_since_confirmed / _DRIFT_FRAMES))
    return float(np.clip(_LEAST + (1.0 - _LEAST) * score, 0.0, 1.0))
