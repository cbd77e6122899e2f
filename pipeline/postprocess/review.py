"""Places of a result worth a look: area jumps, holes, and frames the engine was not confident of."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.types import Alpha, Mask

SMALL_SIDE = 320
"""Longest side at which alpha is measured, in pixels."""
AREA_JUMP = 0.25
"""Change of area against the frames around, as a share, from which a frame is listed."""
HOLE_SHARE = 0.02
"""Share of the target's area that holes gain against the frames around, from which a frame is listed."""
LOW_CONFIDENCE = 0.5
DISAGREEMENT = 0.15
"""Share of what alpha and tracked mask cover together that only one of them has, from which a frame is listed."""
_AROUND = 5
"""Frames on each side that a frame is compared with."""
_MERGED = 5
"""Frames nearer than this with the same reason are one place."""
MOST_PLACES = 50


@dataclass(frozen=True, slots=True)
class FrameMeasure:
    """A frame's matte in shares: `area` of the picture, `holes` of the target's own filled area.

    `disagreement` as `disagreement()` gives it; 0 where the target was not tracked.
    """

    area: float
    holes: float
    disagreement: float = 0.0


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """A frame to look at; `amount` in [0, 1] is how bad it is.

    `reason` is "area", "holes", "confidence" or "disagreement".
    """

    frame: int
    reason: str
    amount: float


def measure(levels: AlphaLevels) -> FrameMeasure:
    """Return what is compared of a matte, levels (H, W); alpha from one half on is the target."""
    height, width = levels.shape
    scale = min(1.0, SMALL_SIDE / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = cv2.resize(levels, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else levels
    mask = (small > OPAQUE // 2).astype(np.uint8)
    area = float(mask.mean())
    if not area:
        return FrameMeasure(0.0, 0.0)
    # What the background reaches from outside the picture is no hole.
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    cv2.floodFill(framed, None, (0, 0), 2)
    holes = float((framed == 0).mean()) * framed.size / mask.size
    return FrameMeasure(area, holes / (area + holes))


def disagreement(alpha: Alpha, mask: Mask) -> float:
    """Return the share of what alpha, (H, W) in [0, 1], and mask (H, W) cover together that only one has."""
    height, width = mask.shape
    scale = min(1.0, SMALL_SIDE / max(height, width))
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    shapes = [
        cv2.resize(np.asarray(one, np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
        for one in (alpha, mask)
    ]
    together = int(np.count_nonzero(shapes[0] | shapes[1]))
    return float(np.count_nonzero(shapes[0] ^ shapes[1])) / together if together else 0.0


def places_to_review(
    measures: Sequence[FrameMeasure],
    confidence: Sequence[float],
    first: int,
    confirmed: Container[int] = (),
) -> list[ReviewPlace]:
    """Return frames to look at, in the clip's order; of frames close together only the worst.

    Args:
        measures, confidence: of every matted frame, from the clip's frame `first` on.
        confirmed: frames with marks of the user's own, which need no look.
    """
    found: list[ReviewPlace] = []
    areas = np.array([one.area for one in measures])
    holes = np.array([one.holes for one in measures])
    for index in range(len(measures)):
        frame = first + index
        if frame in confirmed:
            continue
        around = _around(index, len(measures))
        usual = float(np.median(areas[around]))
        jump = abs(float(areas[index]) - usual) / max(usual, float(areas[index]), 1e-6)
        gained = float(holes[index]) - float(np.median(holes[around]))
        if usual > 0 and jump >= AREA_JUMP:
            found.append(ReviewPlace(frame, "area", min(jump, 1.0)))
        if gained >= HOLE_SHARE:
            found.append(ReviewPlace(frame, "holes", min(gained, 1.0)))
        if measures[index].disagreement >= DISAGREEMENT:
            found.append(ReviewPlace(frame, "disagreement", measures[index].disagreement))
        if index < len(confidence) and confidence[index] < LOW_CONFIDENCE:
            found.append(ReviewPlace(frame, "confidence", 1.0 - confidence[index]))
    worst = sorted(_merged(found), key=lambda place: -place.amount)[:MOST_PLACES]
    return sorted(worst, key=lambda place: place.frame)


def _around(index: int, count: int) -> list[int]:
    near = range(max(index - _AROUND, 0), min(index + _AROUND + 1, count))
    return [other for other in near if other != index] or [index]


def _merged(places: Sequence[ReviewPlace]) -> list[ReviewPlace]:
    """Keep the worst of places with the same reason that follow each other closely."""
    kept: list[ReviewPlace] = []
    newest: dict[str, int] = {}
    last_frame: dict[str, int] = {}
    for place in places:
        at = newest.get(place.reason)
        if at is not None and place.frame - last_frame[place.reason] < _MERGED:
            if place.amount > kept[at].amount:
                kept[at] = place
        else:
            newest[place.reason] = len(kept)
            kept.append(place)
        last_frame[place.reason] = place.frame
    return kept
