"""Find uncertain alpha where earlier frames showed the same background; pure array work on reduced frames.

By one frame's colours a strip of wall between coat and hand can't be told from a thumb. But wall moves with the camera:
a clean plate of what earlier frames of the pass showed beside the target matches it. Such a match counts where no opaque
part of the target nearby has as similar colours, and where the alpha has no strands of hair.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from engines.onnx.broad_doubt import smoothness
from utils.background_plate import KNOWN, BackgroundPlate, Plate
from utils.types import FloatMap, Frame, Mask

_CLEAR, _MARGIN = 0.03, 2
"""Alpha up to which the background is seen, and distance from the mask and from more alpha, in reduced pixels."""
_APART = 4.0
"""Distance from the mask, in reduced pixels, from which pixels tell how the camera moves."""
_CORNERS, _LEAST_CORNERS = 400, 8
"""Corners that are followed from frame to frame at most, and at least."""
_DOUBTED, _OPAQUE = 0.92, 0.97
"""Alpha up to which it is uncertain, and from which it counts as opaque."""
_FAINT = 0.02
"""Alpha up to which there is nothing to take."""
_SAME, _DIFFERENT = 8.0, 24.0
"""Difference from the plate, in levels, up to which a pixel shows it, and from which it doesn't."""
_BRIGHT, _LEAST_SHARE = 64.0, 0.25
"""Level of the plate below which these count as a share of themselves, and the least share: noise and contrast are less in the dark."""
_CLOSER, _AS_CLOSE = 0.25, 0.45
"""The same difference as a share of itself and that from the target's colours, up to which it counts, and from which not."""
_LEAST_DIFFERENCE = 2.0
"""Difference from the plate, in levels, that noise alone brings."""
_OWN = 0.95
"""Alpha from which a pixel of the mask shows the target's colours."""
_NEARBY, _STEP = 12, 4
"""Half the side of the window in which they are looked for, and the distance of the places looked at, in reduced pixels."""
_SMOOTH, _STRANDS = 0.025, 0.05
"""See `smoothness`: higher than for uncertain alpha beyond the mask, since the contour of a limb in motion is rough too."""


class SeenBackground:
    """Remembers one pass's background; call it in frame order. It keeps five bytes a reduced pixel."""

    def __init__(self) -> None:
        self._plate: BackgroundPlate | None = None
        self._last: npt.NDArray[np.uint8] | None = None

    def forget(self) -> None:
        """Begin again with the next frame."""
        self._plate = self._last = None

    def __call__(
        self,
        picture: Frame,
        alpha: FloatMap,
        inside: Mask,
        distance: FloatMap,
        detail: Callable[[], FloatMap],
    ) -> FloatMap:
        """Return what of a doubted alpha is background that was seen before, float32 (h, w) in [0, 1].

        Args:
            picture: the reduced frame, uint8 RGB (h, w, 3).
            alpha: the network's, float32 (h, w).
            inside: the tracked mask, bool (h, w).
            distance: distance from the mask in reduced pixels, float32 (h, w), 0 inside.
            detail: gives what the full-size alpha has beyond the reduced one, its absolute value, float32 (h, w); asked
                only where there is something to take.
        """
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        plate = self._moved(grey, (distance > _APART) & (alpha < _CLEAR))
        taken = np.zeros_like(alpha)
        if plate is not None:
            shown = _shown(picture, alpha, plate)
            if shown.any():
                shown *= smoothness(detail(), _SMOOTH, _STRANDS)
                taken = _closer(picture, alpha, inside, plate, shown)
        height, width = alpha.shape
        if self._plate is None:
            self._plate = BackgroundPlate((width, height), (width, height))
        most = cv2.dilate(alpha, np.ones((3, 3), np.uint8))
        self._plate.remember(picture, (most < _CLEAR) & (distance > _MARGIN))
        self._last = grey
        return taken

    def _moved(self, grey: npt.NDArray[np.uint8], background: Mask) -> Plate | None:
        """Return the plate as this frame's camera sees it; None where nothing is known."""
        if self._plate is None or self._last is None:
            return None
        camera = _camera(grey, self._last, background)
        if camera is None:
            self._plate.forget()
            return None
        size_wh = grey.shape[1], grey.shape[0]
        return self._plate.move(camera, size_wh, (0, 0, *size_wh))


def _camera(
    here: npt.NDArray[np.uint8], last: npt.NDArray[np.uint8], background: Mask
) -> npt.NDArray[np.float64] | None:
    """Return the background's homography from a frame to the last one, float64 (3, 3); None where too little shows it.

    Corners are followed by the pyramid of J.-Y. Bouguet, "Pyramidal implementation of the Lucas Kanade feature tracker", 2001.
    """
    corners = cv2.goodFeaturesToTrack(here, _CORNERS, 0.01, 8, mask=background.view(np.uint8))
    if corners is None:
        return None
    there, is_found, _ = cv2.calcOpticalFlowPyrLK(here, last, corners, None)
    found = is_found[:, 0] > 0
    if np.count_nonzero(found) < _LEAST_CORNERS:
        return None
    camera, _ = cv2.findHomography(corners[found], there[found], cv2.RANSAC, 1.0)
    return None if camera is None else np.asarray(camera, np.float64)


def _shown(picture: Frame, alpha: FloatMap, plate: Plate) -> FloatMap:
    """Return how far doubted pixels show the plate, float32 (h, w) in [0, 1]."""
    bright = cv2.blur(_largest(plate), (3, 3)).astype(np.float32) / _BRIGHT
    difference = _difference(picture, plate) / np.clip(bright, _LEAST_SHARE, 1.0)
    shown = np.clip((_DIFFERENT - difference) / (_DIFFERENT - _SAME), 0.0, 1.0)
    shown *= np.clip((_OPAQUE - alpha) / (_OPAQUE - _DOUBTED), 0.0, 1.0)
    shown[(plate[..., 3] < KNOWN) | (alpha < _FAINT)] = 0.0
    return np.asarray(shown, np.float32)


def _closer(
    picture: Frame, alpha: FloatMap, inside: Mask, plate: Plate, shown: FloatMap
) -> FloatMap:
    """Return `shown` where the plate is closer to the picture than the target's colours nearby, float32 (h, w)."""
    rows, columns = np.nonzero(shown)
    difference = np.maximum(_difference(picture, plate)[rows, columns], _LEAST_DIFFERENCE)
    own = _from_target(picture, inside & (alpha > _OWN), rows, columns)
    share = difference / (difference + own)
    taken = np.zeros_like(shown)
    taken[rows, columns] = shown[rows, columns] * np.clip(
        (_AS_CLOSE - share) / (_AS_CLOSE - _CLOSER), 0.0, 1.0
    )
    return np.asarray(cv2.blur(taken, (3, 3)), np.float32)


def _difference(picture: Frame, plate: Plate) -> FloatMap:
    """Return the largest channel's difference from the plate, in levels, a mean of 3 by 3 pixels, float32 (h, w)."""
    largest = _largest(cv2.absdiff(picture, plate[..., :3]))
    return np.asarray(cv2.blur(largest.astype(np.float32), (3, 3)), np.float32)


def _largest(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the largest of the first three channels, uint8 (h, w)."""
    red, green, blue = cv2.split(picture)[:3]
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _from_target(
    picture: Frame, own: Mask, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> FloatMap:
    """Return the difference of some pixels from the second most similar colour of the target nearby, float32 (N,).

    Args:
        picture: the reduced frame, uint8 RGB (h, w, 3).
        own: where it shows the target, bool (h, w).
        rows: of the pixels, (N,).
        columns: of the pixels, (N,).
    """
    soft = cv2.blur(picture, (3, 3)).astype(np.int16)
    # What isn't the target differs from everything.
    colours = np.where(own[..., None], soft, np.int16(1000))
    colours = np.pad(
        colours, ((_NEARBY, _NEARBY), (_NEARBY, _NEARBY), (0, 0)), constant_values=1000
    )
    here = soft[rows, columns]
    least = second = np.full(rows.size, 255, np.int16)
    for down in range(0, 2 * _NEARBY + 1, _STEP):
        for across in range(0, 2 * _NEARBY + 1, _STEP):
            found = np.abs(colours[rows + down, columns + across] - here).max(axis=1)
            second = np.minimum(second, np.maximum(least, found))
            least = np.minimum(least, found)
    return second.astype(np.float32)
