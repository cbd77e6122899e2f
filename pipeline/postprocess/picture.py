"""One frame on its way through the render, and backgrounds, as planes of 8-bit 4:2:0 BT.709."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from utils.alpha_levels import AlphaLevels
from utils.types import Frame

Plane = npt.NDArray[np.uint8]
DeepFrame = npt.NDArray[np.uint16]
"""uint16 RGB (H, W, 3), full range 0..65535."""
NEUTRAL = 128
LUMA_BLACK = 16
KR, KB = 0.2126, 0.0722
"""Luma weights of red and blue, ITU-R BT.709."""


@dataclass(frozen=True, slots=True)
class Planes:
    """Luma (H, W) and both chroma planes (ceil(H/2), ceil(W/2)), uint8, limited range."""

    y: Plane
    u: Plane
    v: Plane

    @classmethod
    def of_samples(cls, samples: Plane, size_wh: tuple[int, int]) -> Planes:
        """Return views into a raw yuv420p frame."""
        width, height = size_wh
        half_width, half_height = (width + 1) // 2, (height + 1) // 2
        luma, chroma = width * height, half_width * half_height
        half = (half_height, half_width)
        return cls(
            samples[:luma].reshape(height, width),
            samples[luma : luma + chroma].reshape(half),
            samples[luma + chroma :].reshape(half),
        )

    @classmethod
    def of_rgb(cls, picture: Frame) -> Planes:
        """Convert full-range RGB, uint8 (H, W, 3); chroma is the mean of each 2x2 block."""
        y, cb, cr = rgb_to_ycbcr(picture)
        height, width = y.shape
        half_wh = ((width + 1) // 2, (height + 1) // 2)
        even_wh = (2 * half_wh[0], 2 * half_wh[1])

        import cv2

        def halve(plane: npt.NDArray[np.float32]) -> Plane:
            padded = cv2.copyMakeBorder(
                plane, 0, even_wh[1] - height, 0, even_wh[0] - width, cv2.BORDER_REPLICATE
            )
            return _to_bytes(cv2.resize(padded, half_wh, interpolation=cv2.INTER_AREA))

        return cls(_to_bytes(y), halve(cb), halve(cr))


def rgb_to_ycbcr(
    picture: Frame | npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return Y, Cb, Cr, float32 (H, W), BT.709 limited range at 8 bits: 16..235, 16..240.

    Args:
        picture: RGB (H, W, 3), uint8, or float32 in 0..255 with fractions.
    """
    red, green, blue = (picture[..., i].astype(np.float32) for i in range(3))
    luma = np.float32(KR) * red + np.float32(1 - KR - KB) * green + np.float32(KB) * blue
    y = 16 + luma * np.float32(219 / 255)
    cb = 128 + (blue - luma) * np.float32(224 / 255 / (2 * (1 - KB)))
    cr = 128 + (red - luma) * np.float32(224 / 255 / (2 * (1 - KR)))
    return y, cb, cr


def _to_bytes(values: npt.ArrayLike) -> Plane:
    rounded: Plane = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


@dataclass(frozen=True, slots=True)
class Picture:
    """One matted frame: alpha uint8 (H, W), its half-size mean, and the foreground's own colour.

    `levels` (alpha at the precision that the job keeps), `planes` (8-bit 4:2:0) and `rgb` (uint8 (H, W, 3),
    straight) are there only when an output wants them; `deep_rgb` (uint16) besides only where the source
    has more than 8 bits. Nobody writes into these arrays.
    """

    index: int
    pts: int
    duration: int
    alpha: Plane
    half_alpha: Plane
    levels: AlphaLevels | None = None
    planes: Planes | None = None
    rgb: Frame | None = None
    deep_rgb: DeepFrame | None = None

    @property
    def needed_levels(self) -> AlphaLevels:
        """Alpha's levels, uint16 (H, W), for an output that asked for 16 bits."""
        if self.levels is None:
            raise RuntimeError("no output asked for levels")
        return self.levels

    @property
    def needed_planes(self) -> Planes:
        """The planes, for an output that asked for them."""
        if self.planes is None:
            raise RuntimeError("no output asked for planes")
        return self.planes

    @property
    def needed_rgb(self) -> Frame:
        """The colour, uint8 RGB (H, W, 3), for an output that asked for it."""
        if self.rgb is None:
            raise RuntimeError("no output asked for RGB")
        return self.rgb

    @property
    def rgb16(self) -> DeepFrame:
        """The colour at 16 bits, uint16 RGB (H, W, 3), full range."""
        if self.deep_rgb is not None:
            return self.deep_rgb
        widened: DeepFrame = self.needed_rgb.astype(np.uint16) * np.uint16(257)
        return widened
