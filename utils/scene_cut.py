"""Scene cut detection between consecutive frames, on thumbnails; keeps one frame at a time."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import FloatImage, FloatMap, Frame

_SMALL_WH = (64, 36)
_BINS = 16
_CHANGE_LEVELS = 20.0
"""Mean change of the thumbnail, in levels of 255, below which there is no cut."""
_SHARED_COLOURS = 0.84
"""Share of the colour histogram in common above which a large change is motion, not a cut."""
_SAME_STRUCTURE = 0.6
"""Correlation of the thumbnails from which a large change is one of the light, such as a flash, not a cut."""
_SAME_DETAIL = 0.25
"""The same of the detail of a place alone, from which it shows what it showed before, whatever its light."""
_PLACES = 4
"""Places in a row, and in a column, that are compared by themselves."""
_CHANGED_LEVELS = 8
"""Change of a pixel, in levels, up to which it tells nothing of a cut: captions and frames stay over one as they are."""
_CHANGED_PLACE_LEVELS = 10.0
"""Mean change of a place, in levels, up to which it is left out, as one that the light does not reach."""
_KEPT_SHARE = 0.6
"""Share of the changed places that keep their detail from which it is the light that changed. Over a cut captions do, too."""
_DETAIL_SIGMA = 3.0
"""Standard deviation, in pixels of the thumbnail, of the surroundings that detail stands out from."""
_LEAST_CONTRAST = np.float32(1.5)
"""Levels added to the contrast by which detail is divided: below it is noise."""
_BLACK = 8
"""Levels of 255 up to which the lines at a thumbnail's border may be bars, as of a letterbox."""
_LEAST_LINES = 8
"""Lines of a thumbnail, across or down, that are compared at least: of a picture as good as black all are."""

_Thumbnail = npt.NDArray[np.int16]


class CutDetector:
    """Compares each frame with the one before: a cut changes the picture, its colours and what is bright and dark.

    A door that opens, a flash that lights what is near or a half of the picture (a rolling shutter) leaves the detail
    nearly everywhere. Subtitles, a logo or a frame that stay over a cut leave it in places.
    """

    def __init__(self) -> None:
        self._small: _Thumbnail | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Return whether a new scene begins with this frame, uint8 RGB (H, W, 3); False at the first."""
        small = cv2.resize(frame, _SMALL_WH, interpolation=cv2.INTER_AREA).astype(np.int16)
        before, self._small = self._small, small
        if before is None:
            return False
        small, before = _without_bars(small, before)
        if float(np.abs(small - before).mean()) <= _CHANGE_LEVELS:
            return False
        shared = float(np.minimum(_colours(small), _colours(before)).sum())
        if shared >= _SHARED_COLOURS or _correlation(small, before) >= _SAME_STRUCTURE:
            return False
        return not _keeps_detail_in_most_places(small, before)


def _without_bars(first: _Thumbnail, second: _Thumbnail) -> tuple[_Thumbnail, _Thumbnail]:
    """Return two thumbnails without the bars that are black in both: these would be the same structure in any two scenes.

    The line beside a bar goes too, since a part of it may be black.
    """
    shown = np.maximum(first, second).max(axis=2) > _BLACK
    bounds = []
    for axis in (1, 0):
        lines = np.flatnonzero(shown.any(axis=axis))
        count = shown.shape[1 - axis]
        if lines.size < _LEAST_LINES:
            return first, second
        start, stop = int(lines[0]), int(lines[-1]) + 1
        bounds.append(slice(start + (start > 0), stop - (stop < count)))
    return first[bounds[0], bounds[1]], second[bounds[0], bounds[1]]


def _colours(small: _Thumbnail) -> npt.NDArray[np.float64]:
    """Return the share of a thumbnail's values in each bin of each channel, float64 (3 bins,)."""
    counts = [np.bincount(small[..., c].ravel() * _BINS // 256, minlength=_BINS) for c in range(3)]
    return np.concatenate(counts) / (3 * small[..., 0].size)


def _correlation(first: _Thumbnail, second: _Thumbnail) -> float:
    """Return the correlation of the grey levels of two pictures (h, w, 3); 0 where one is plain."""
    return _map_correlation(first.mean(axis=2), second.mean(axis=2))


def _map_correlation(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Return the correlation of two arrays of one shape; 0 where one is plain."""
    one, other = first - first.mean(), second - second.mean()
    deviation = float(one.std() * other.std())
    return float((one * other).mean()) / deviation if deviation > 0.0 else 0.0


def _keeps_detail_in_most_places(first: _Thumbnail, second: _Thumbnail) -> bool:
    """Tell whether most places that changed show in both what stands out from its surroundings, whatever their light."""
    one, other = detail(first), detail(second)
    change = np.abs(first - second).mean(axis=2)
    kept = []
    for rows in np.array_split(np.arange(change.shape[0]), _PLACES):
        for columns in np.array_split(np.arange(change.shape[1]), _PLACES):
            place = np.ix_(rows, columns)
            if change[place].mean() > _CHANGED_PLACE_LEVELS:
                has_changed = change[place] > _CHANGED_LEVELS
                alike = _map_correlation(one[place][has_changed], other[place][has_changed])
                kept.append(alike >= _SAME_DETAIL)
    return bool(kept) and float(np.mean(kept)) >= _KEPT_SHARE


def detail(small: npt.NDArray[np.int16] | FloatImage) -> FloatMap:
    """Return how a thumbnail's grey levels, of (h, w, 3), differ from their mean nearby, in units of the contrast there.

    float32 (h, w): the same in any light that varies slowly over the picture.
    """
    grey = small.mean(axis=2, dtype=np.float32)
    apart = grey - cv2.GaussianBlur(grey, (0, 0), _DETAIL_SIGMA)
    contrast = cv2.GaussianBlur(np.square(apart), (0, 0), _DETAIL_SIGMA)
    return np.asarray(apart / (np.sqrt(contrast) + _LEAST_CONTRAST), dtype=np.float32)
