"""The scene without the target, from the clip itself: the temporal median outside of the target's masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np

from engines.base import FrameSource
from utils.mask_utils import dilate
from utils.types import Frame, Mask

PLATE_BYTES = 256_000_000
"""Most memory of the frames that the median is taken of."""
MOST_FRAMES, FEWEST_FRAMES = 31, 5
MISFIT_LEVELS = 8.0
"""Median difference, in levels of 255, between frames and plate from which they don't show the same scene."""
_MARGIN = 0.015
"""What a mask grows by, as a share of the longer side: soft edges, motion blur and close shadows."""
_STRIP_ROWS = 64
"""Rows that the median is taken of at a time: all frames' are in memory."""
_FILL_SIDE = 320
"""Longest side at which what no frame shows is filled, in pixels."""
_OCCLUDED = 256
"""Sorts after every level."""


@dataclass(frozen=True, slots=True)
class PlateSample:
    """A frame, uint8 RGB (H, W, 3), and where the target occludes the scene, bool (H, W)."""

    frame: Frame
    occluded: Mask


def sampled(
    frames: FrameSource, mask_of: Callable[[int], Mask | None], check: Callable[[], None]
) -> list[PlateSample]:
    """Return frames spread over the clip.

    Args:
        mask_of: the target's mask on a frame, bool (H, W); None where it is not known.
        check: called for each frame; what it raises ends the reading.
    """
    width, height = frames.size_wh
    count = int(np.clip(PLATE_BYTES // (4 * width * height), FEWEST_FRAMES, MOST_FRAMES))
    places = np.linspace(0, len(frames) - 1, min(count, len(frames))).round().astype(int)
    radius = max(2, round(_MARGIN * max(frames.size_wh)))
    samples = []
    for index in np.unique(places).tolist():
        check()
        mask = mask_of(index)
        occluded = np.zeros((height, width), bool) if mask is None else dilate(mask, radius)
        with closing(frames.read(index, index + 1)) as reader:  # type: ignore[type-var]
            samples += [PlateSample(frame, occluded) for frame in reader]
    return samples


def temporal_median(samples: Sequence[PlateSample]) -> tuple[Frame, float]:
    """Return the median of what each pixel shows while it isn't occluded, and the share that always is.

    The plate is uint8 RGB (H, W, 3). What is always occluded is filled from its surroundings.
    """
    occluded = np.stack([sample.occluded for sample in samples])
    covered = np.asarray(occluded.all(axis=0))
    plate = np.empty_like(samples[0].frame)
    for top in range(0, len(plate), _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        values = np.stack([sample.frame[rows] for sample in samples]).astype(np.int16)
        values[occluded[:, rows]] = _OCCLUDED
        values.sort(axis=0)
        shown = len(samples) - occluded[:, rows].sum(axis=0)
        middle = np.maximum(shown - 1, 0) // 2
        chosen = np.take_along_axis(values, middle[None, :, :, None], axis=0)[0]
        plate[rows] = np.minimum(chosen, 255)
    return _filled(plate, covered), float(covered.mean())


def misfit(plate: Frame, samples: Iterable[PlateSample]) -> float:
    """Return the median difference of plate, uint8 RGB (H, W, 3), and frames where nothing occludes the scene, in levels.

    The camera's noise leaves it low; a camera that moves, other light or another place doesn't.
    """
    found = []
    for sample in samples:
        difference = cv2.absdiff(plate, sample.frame).max(axis=2)[~sample.occluded]
        if difference.size:
            found.append(float(np.median(difference)))
    return float(np.median(found)) if found else 0.0


def _filled(plate: Frame, covered: Mask) -> Frame:
    if not covered.any() or covered.all():
        return plate
    height, width = covered.shape
    scale = min(1.0, _FILL_SIDE / max(height, width))
    size_wh = max(1, round(width * scale)), max(1, round(height * scale))
    holes = cv2.resize(covered.astype(np.uint8), size_wh, interpolation=cv2.INTER_AREA)
    holes = cv2.dilate(holes, np.ones((3, 3), np.uint8))
    small = cv2.resize(plate, size_wh, interpolation=cv2.INTER_AREA)
    guessed = cv2.resize(cv2.inpaint(small, holes, 3, cv2.INPAINT_TELEA), (width, height))
    return np.where(covered[..., None], guessed, plate)
