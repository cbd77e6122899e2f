"""Chooses the foreground network that knows a job's target best, by the confirmed mask it starts from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np

from engines.base import FrameSource
from engines.builtin.foreground import ForegroundMaps
from engines.builtin.tracking.answer_trust import overlap_near
from engines.builtin.tracking.crop import crop_around
from engines.builtin.vision.arrays import resize_map, resize_mask
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import check_keyframe_mask, intersection_over_union
from utils.types import FloatMap, Frame, Mask

_LEAST_SEEN = 0.7
"""Share of the confirmed mask below which a network knows a part of the target at most, such as a horse's rider."""
_TIE = 0.02
"""Difference in overlap that decides nothing."""


def choose_network(
    candidates: Sequence[ForegroundMaps],
    frames: FrameSource,
    targets: Collection[Mask],
    start: int,
    first: int = 0,
) -> ForegroundMaps | None:
    """Return the answers of the network whose foreground overlaps the targets best on the start frame.

    None where each of them misses a good part of the targets. The networks are loaded and asked at the same time:
    a job's first frame waits for them, and nothing else runs then.

    Args:
        candidates: each network's answers; of two equally good ones the later is taken.
        frames: the clip.
        targets: confirmed masks of the start frame, bool (H, W).
        start: index of the start frame.
        first: number that frame 0 has in the clip, for errors' texts.

    Raises:
        UnusablePrompt: a mask is empty, full, or of another size.
    """
    target = np.zeros(frames.size_wh[::-1], dtype=bool)
    for mask in targets:
        target |= check_keyframe_mask(mask, frames.size_wh, start + first)
    small = resize_mask(target, processing_size(frames.size_wh))
    best, most = None, 0.0
    with closing(frames.read(start, start + 1)) as reader:  # type: ignore[type-var]
        frame = next(reader)
    with ThreadPoolExecutor(max(len(candidates), 1)) as threads:
        found = list(threads.map(lambda maps: _answers(maps, frame, start, small), candidates))
    for maps, answers in zip(candidates, found, strict=True):
        if max((_seen(answer, small) for answer in answers), default=0.0) < _LEAST_SEEN:
            continue
        overlap = max(_knowledge(answer, small) for answer in answers)
        if overlap > most - _TIE:
            best, most = maps, overlap
    return best


def _answers(maps: ForegroundMaps, frame: Frame, index: int, target: Mask) -> list[FloatMap]:
    """Return the answers on the frame and on a crop around the target, bool (h, w), as maps of that size."""
    size_wh = target.shape[1], target.shape[0]
    whole = maps.at(index, frame, is_needed=True)
    found = [] if whole is None else [resize_map(whole, size_wh)]
    box = crop_around(target)
    part = None if box is None else maps.crop(frame, box, size_wh)
    if box is not None and part is not None:
        x0, y0, x1, y1 = box
        found.append(np.zeros(target.shape, dtype=np.float32))
        found[-1][y0:y1, x0:x1] = part
    return found


def _knowledge(answer: FloatMap, target: Mask) -> float:
    """Return how well an answer knows the target, in [0, 1]: the mean of its overlap with it nearby and everywhere.

    Of two networks that show it equally well, the one is better that shows nothing else.
    """
    return 0.5 * (overlap_near(answer, target) + intersection_over_union(answer > 0.5, target))


def _seen(answer: FloatMap, target: Mask) -> float:
    found = int(np.count_nonzero(target & (answer > 0.5)))
    return found / max(int(np.count_nonzero(target)), 1)
