"""Edge controls on a finished alpha: pure array work, no files and no state."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from pipeline.postprocess.appearance import Edges
from utils.alpha_levels import OPAQUE, AlphaLevels, to_float, to_levels
from utils.types import Alpha


def apply_edges(alpha: Alpha, controls: Edges) -> Alpha:
    """Return alpha, float32 (H, W) in [0, 1], shaped by the controls; the same object when they are neutral.

    Order: invert, levels, grow, feather; so that the black point cleans noise before it could grow.
    """
    if not controls.changes_alpha:
        return alpha
    levels: npt.NDArray[np.float32] = np.asarray(alpha, np.float32)
    if controls.invert:
        levels = np.float32(1) - levels
    if controls.changes_levels:
        levels = _levels(levels, controls)
    if controls.grow_px:
        levels = _grow(levels, controls.grow_px)
    if controls.feather_px:
        levels = _feather(levels, controls.feather_px)
    return levels


def apply_edges_levels(alpha: AlphaLevels, controls: Edges) -> AlphaLevels:
    """As `apply_edges`, for whole levels; rounded to the nearest one."""
    if not controls.changes_alpha:
        return alpha
    if controls.grow_px or controls.feather_px:
        return to_levels(apply_edges(to_float(alpha), controls))
    ramp = to_float(np.arange(OPAQUE + 1, dtype=np.uint16)[None, :])
    if controls.invert:
        ramp = np.float32(1) - ramp
    shaped: AlphaLevels = to_levels(_levels(ramp, controls))[0][alpha]
    return shaped


def _levels(alpha: Alpha, controls: Edges) -> Alpha:
    span = controls.white_point - controls.black_point
    stretched = np.clip((alpha - np.float32(controls.black_point)) / np.float32(span), 0.0, 1.0)
    lightened: Alpha = np.power(stretched, np.float32(1.0 / controls.gamma), dtype=np.float32)
    return lightened


def _grow(alpha: Alpha, pixels: float) -> Alpha:
    """Dilate (or erode) by a disc; a fraction of a pixel blends the two nearest discs."""
    morph = cv2.dilate if pixels > 0 else cv2.erode
    distance = abs(pixels)
    whole = int(distance)
    inner = alpha if whole == 0 else np.asarray(morph(alpha, _disc(whole)), np.float32)
    share = np.float32(distance - whole)
    if share == 0:
        return inner
    outer = np.asarray(morph(alpha, _disc(whole + 1)), np.float32)
    blended: Alpha = inner + share * (outer - inner)
    return blended


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _feather(alpha: Alpha, sigma_px: float) -> Alpha:
    """Blur the edge only: three sigmas away from it alpha stays exactly 0 or 1."""
    blurred = cv2.GaussianBlur(alpha, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE)
    flat_low = cv2.dilate(alpha, _disc(max(round(3 * sigma_px), 1))) <= 0
    flat_high = cv2.erode(alpha, _disc(max(round(3 * sigma_px), 1))) >= 1
    clipped: Alpha = np.clip(blurred, 0.0, 1.0)
    clipped[flat_low] = 0.0
    clipped[flat_high] = 1.0
    return clipped
