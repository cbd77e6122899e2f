"""The crop around a target that a foreground network is asked about, and whether a pass relies on such crops."""

from __future__ import annotations

from collections.abc import Callable

from utils.mask_utils import bounding_box, grow_box
from utils.types import IntBox, Mask

AskAhead = Callable[[IntBox], None]
"""Begins a question about a crop of a later frame in another thread; its answer is kept for whoever asks then."""
LEAD = 3
"""Frames before a crop's own at which the network is asked about it: about as long as its answer takes."""

_MARGIN = 0.4
"""Margin of the crop around the expected target, as a share of its box, `_MARGIN_PIXELS` at least."""
_MARGIN_PIXELS = 8
_GRID = 16
"""Pixels that a crop's sides are multiples of, so that passes that differ a little share an answer."""
_LARGEST_CROP = 0.95
"""Share of the frame from which a crop would show the network the same picture again."""


def crop_around(mask: Mask, motion: tuple[float, float] = (0.0, 0.0)) -> IntBox | None:
    """Return the crop that a network is asked about for a mask, bool (h, w), that moves on by x and y pixels.

    None for an empty mask, and where the crop would show nearly the whole frame or nothing of it.
    """
    found = bounding_box(mask)
    if found is None:
        return None
    height, width = mask.shape
    size_wh = width, height
    box = _moved(found, motion, size_wh)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    x0, y0, x1, y1 = crop = _on_grid(grow_box(box, size_wh, _MARGIN, _MARGIN_PIXELS), size_wh)
    return None if (x1 - x0) * (y1 - y0) > _LARGEST_CROP * width * height else crop


def _moved(box: IntBox, motion: tuple[float, float], size_wh: tuple[int, int]) -> IntBox:
    """Return what lies within a picture of `size_wh` of a box moved by x and y pixels; it may be empty."""
    x, y = round(motion[0]), round(motion[1])
    width, height = size_wh
    return max(box[0] + x, 0), max(box[1] + y, 0), min(box[2] + x, width), min(box[3] + y, height)


def _on_grid(box: IntBox, size_wh: tuple[int, int]) -> IntBox:
    """Return a box grown to the grid, within a picture of `size_wh`."""
    x0, y0, x1, y1 = box
    width, height = size_wh
    return (
        x0 // _GRID * _GRID,
        y0 // _GRID * _GRID,
        min(-(-x1 // _GRID) * _GRID, width),
        min(-(-y1 // _GRID) * _GRID, height),
    )


class CropReliance:
    """Whether all trackers of a pass rely on answers about crops, frame by frame in the pass's order.

    The trackers record it in one thread, and the network's thread reads what they recorded so many frames ago that it is
    certainly there, whatever the threads' speed: the same frames are asked about in each run.
    """

    def __init__(self) -> None:
        self._recorded: list[bool] = []
        self._here: bool | None = None

    def record(self, relies: bool) -> None:
        """Note whether one tracker relies on its crops at the current frame."""
        self._here = relies and self._here is not False

    def end_frame(self) -> None:
        """Go on to the next frame; one of which nothing was recorded relies on none."""
        self._recorded.append(bool(self._here))
        self._here = None

    def at(self, place: int) -> bool:
        """Return what was recorded of a frame by its place in the pass; False before the pass."""
        return place >= 0 and self._recorded[place]
