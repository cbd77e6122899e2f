"""Edge controls on a finished alpha: pure array work, no files and no state."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from utils.errors import BadRequest
from utils.types import Alpha

GROW_LIMIT_PX = 50.0
FEATHER_LIMIT_PX = 50.0
GAMMA_RANGE = (0.1, 10.0)


@dataclass(frozen=True, slots=True)
class EdgeControls:
    """How a matte's edge is shaped; the defaults change nothing.

    `grow_px` moves the edge outwards (negative: inwards), in pixels. `feather_px` is the sigma of a
    blur of the edge, in pixels. `black_point` and `white_point`, in [0, 1], are the alphas that
    become 0 and 1; `gamma` above 1 lightens the values between. `despill` in [0, 1] takes the
    green or blue of a screen out of the edge's colours.
    """

    grow_px: float = 0.0
    feather_px: float = 0.0
    black_point: float = 0.0
    white_point: float = 1.0
    gamma: float = 1.0
    despill: float = 0.0

    def __post_init__(self) -> None:
        _check("grow_px", self.grow_px, -GROW_LIMIT_PX, GROW_LIMIT_PX)
        _check("feather_px", self.feather_px, 0.0, FEATHER_LIMIT_PX)
        _check("black_point", self.black_point, 0.0, 0.99)
        _check("white_point", self.white_point, 0.01, 1.0)
        _check("gamma", self.gamma, *GAMMA_RANGE)
        _check("despill", self.despill, 0.0, 1.0)
        if self.white_point - self.black_point < 0.01:
            raise _problem("white_point", self.white_point, f"> {self.black_point}")

    @property
    def changes_alpha(self) -> bool:
        """True when alpha would not come out as it went in."""
        return bool(self.grow_px or self.feather_px) or self.changes_levels

    @property
    def changes_levels(self) -> bool:
        """True when the levels differ from the identity."""
        return (self.black_point, self.white_point, self.gamma) != (0.0, 1.0, 1.0)


def _problem(name: str, value: float, allowed: str) -> BadRequest:
    return BadRequest("job.value", name=name, value=value, allowed=allowed)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise _problem(name, value, f"{low} … {high}")


def apply_edges(alpha: Alpha, controls: EdgeControls) -> Alpha:
    """Return alpha, float32 (H, W) in [0, 1], shaped by the controls; the same object when they are neutral.

    Order: levels, grow, feather; so that the black point cleans noise before it could grow.
    """
    if not controls.changes_alpha:
        return alpha
    levels: npt.NDArray[np.float32] = np.asarray(alpha, np.float32)
    if controls.changes_levels:
        levels = _levels(levels, controls)
    if controls.grow_px:
        levels = _grow(levels, controls.grow_px)
    if controls.feather_px:
        levels = _feather(levels, controls.feather_px)
    return levels


def apply_edges_bytes(
    alpha: npt.NDArray[np.uint8], controls: EdgeControls
) -> npt.NDArray[np.uint8]:
    """As `apply_edges`, for uint8 (H, W) with 255 = foreground; rounded to the nearest level."""
    if not controls.changes_alpha:
        return alpha
    if controls.changes_levels:
        ramp = np.arange(256, dtype=np.float32)[None, :] / np.float32(255.0)
        alpha = np.asarray(cv2.LUT(alpha, _round(_levels(ramp, controls))), np.uint8)
    if not (controls.grow_px or controls.feather_px):
        return alpha
    scaled = alpha.astype(np.float32) * np.float32(1.0 / 255.0)
    shape = EdgeControls(grow_px=controls.grow_px, feather_px=controls.feather_px)
    return _round(apply_edges(scaled, shape))


def _round(alpha: Alpha) -> npt.NDArray[np.uint8]:
    rounded: npt.NDArray[np.uint8] = np.clip(np.rint(alpha * 255.0), 0, 255).astype(np.uint8)
    return rounded


def _levels(alpha: Alpha, controls: EdgeControls) -> Alpha:
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
