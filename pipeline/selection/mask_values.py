"""Which pixels of a mask picture are the target: white, the one other colour beside black, or the alpha."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from utils.errors import UnusablePrompt
from utils.types import Mask

WHITE_FROM = 200
"""A picture that reaches this level of 255 is painted in white, soft edges and all."""
_MOST_CLASSES = 8
_LARGEST_CLASS = 20
_LEAST_SHARE = 0.001
"""A class number covers more than this share of a picture; the steps of a soft edge don't."""
_HUE_SPREAD = 0.25
"""Difference in a channel, as a share of the greatest one, that makes another colour."""
_MID_LEVELS, _MOST_MID_SHARE = (0.2, 0.8), 0.5
"""Levels that are neither black nor white, and the share of a mask that soft edges and noise may have of them."""
_SHOWN_VALUES = 8
_AREA_PX = 5
"""Side of a square of one level that makes it an area; the steps of a soft edge are narrower."""


def target_of(image: Image.Image) -> Mask:
    """Return the target, bool (H, W).

    Where there is transparency, it tells. Else a picture of two values means the higher one: white on
    black, class numbers 0 and 1, one colour of a palette or of a brush, 16 bits that hold 0 and 255.
    More values are taken as a white mask with soft edges where they reach white.

    Raises:
        UnusablePrompt: several classes, greys or colours, or none that is bright: with the values found.
    """
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
        if alpha.min() < 255:
            # A brush at part of its opacity is paint too.
            return np.asarray(alpha > alpha.max() // 2, dtype=np.bool_)
    levels, is_coloured = _levels(image)
    values, counts = np.unique(levels, return_counts=True)
    if len(values) <= 2:
        return np.asarray(levels > (0 if len(values) == 1 else values[0]))
    classes = (values > 0) & (values <= _LARGEST_CLASS) & (counts > _LEAST_SHARE * levels.size)
    has_few = len(values) <= _MOST_CLASSES
    if has_few and (classes.any() or any(_is_area(levels == value) for value in values[1:-1])):
        raise _problem(values)
    top = 65_535 if values[-1] > 255 else 255
    if values[-1] < WHITE_FROM * (top // 255) and not is_coloured:
        raise _problem(values)
    is_between = (levels > _MID_LEVELS[0] * top) & (levels < _MID_LEVELS[1] * top)
    if not is_coloured and is_between.mean() > _MOST_MID_SHARE:
        raise _problem(values)  # a picture rather than a mask
    return np.asarray(levels > (values[-1] // 2 if is_coloured else top // 2))


def _levels(image: Image.Image) -> tuple[npt.NDArray[np.int64], bool]:
    """Return one level a pixel, and whether all of it is one colour rather than grey.

    Raises:
        UnusablePrompt: several colours.
    """
    if image.mode in ("1", "L", "I", "F", "I;16", "I;16B"):
        return np.asarray(
            image.convert("I") if image.mode != "1" else image.convert("L"), np.int64
        ), False
    pixels = np.asarray(image.convert("RGB"), np.int64)
    levels = pixels.max(axis=-1)
    bright = pixels[levels > 0.5 * max(levels.max(), 1)]
    if not len(bright):
        return levels, False
    hues = bright / bright.max(axis=-1, keepdims=True)
    is_grey = np.ptp(bright, axis=-1).max() <= 8
    if np.ptp(hues, axis=0).max() > _HUE_SPREAD and not is_grey:
        colours = np.unique(bright, axis=0)
        usual = np.median(hues, axis=0)
        if len(colours) <= _MOST_CLASSES or _has_second_hue(pixels, levels, usual):
            shown = ", ".join("#" + "".join(f"{c:02X}" for c in colour) for colour in colours[:4])
            raise UnusablePrompt("prompt.mask_colours", colours=len(colours), values=shown)
        is_grey = np.ptp(usual) <= _HUE_SPREAD
    return levels, not is_grey


def _has_second_hue(
    pixels: npt.NDArray[np.int64], levels: npt.NDArray[np.int64], usual: npt.NDArray[np.float64]
) -> bool:
    """Return whether an area has another hue than the usual; the noise of a JPEG has it at edges alone.

    Args:
        pixels: RGB (H, W, 3), and its greatest channel as `levels` (H, W).
        usual: a hue as three channels of which the greatest is 1.
    """
    is_bright = levels > levels.max() // 2
    hues = pixels / np.maximum(levels, 1)[..., None]
    is_other = np.abs(hues - usual).max(axis=-1) > _HUE_SPREAD
    return _is_area(is_bright & is_other)


def _is_area(mask: Mask) -> bool:
    """Return whether a level, bool (H, W), fills a square: of three levels the middle one may be meant or not."""
    import cv2

    square = np.ones((_AREA_PX, _AREA_PX), np.uint8)
    return bool(cv2.erode(mask.astype(np.uint8), square, borderValue=0).any())


def _problem(values: npt.NDArray[np.int64]) -> UnusablePrompt:
    shown = ", ".join(str(value) for value in values[:_SHOWN_VALUES])
    more = ", …" if len(values) > _SHOWN_VALUES else ""
    return UnusablePrompt("prompt.mask_values", values=shown + more)
