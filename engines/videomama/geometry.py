"""Maps source pixels to the model's canvas and back: crop, scale, pad; keeps the aspect ratio.

torch is imported inside the functions that need it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from utils.types import Alpha, Frame, Mask

if TYPE_CHECKING:
    import torch

MULTIPLE = 8
"""The VAE halves each side three times."""
MIN_SIDE = 16
"""A latent of one value has no statistics to normalise by."""
CROP_MARGIN_SHARE = 0.10
CROP_MARGIN_PX = 32
CROP_MAX_COVER = 0.90
"""A crop of this share of the frame or more is not made: it saves too little for the lost context."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Crop, scale and padding between the source frame and the model's canvas.

    `crop` is x0, y0, x1, y1 in source pixels, half-open. The crop is scaled to `inner_hw` and padded
    at the right and bottom to `canvas_hw`, whose sides are multiples of 8.
    """

    source_hw: tuple[int, int]
    crop: tuple[int, int, int, int]
    inner_hw: tuple[int, int]
    canvas_hw: tuple[int, int]

    @property
    def latent_hw(self) -> tuple[int, int]:
        """Height and width of the latents."""
        return self.canvas_hw[0] // MULTIPLE, self.canvas_hw[1] // MULTIPLE

    @property
    def canvas_pixels(self) -> int:
        """Pixels that the model sees."""
        return self.canvas_hw[0] * self.canvas_hw[1]

    def cropped(self, image: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Return the crop of an image (H, W[, C]) of the source's size, as a view."""
        x0, y0, x1, y1 = self.crop
        return image[y0:y1, x0:x1]


def plan_geometry(
    size_wh: tuple[int, int], box: tuple[int, int, int, int] | None, pixel_budget: int
) -> Geometry:
    """Return the geometry of a shot: one crop and one size for all its frames.

    Args:
        size_wh: width and height of the source in pixels.
        box: x0, y0, x1, y1 around every mask of the shot, half-open; None where all are empty.
        pixel_budget: most pixels the scaled crop may have; small crops are never enlarged.
    """
    width, height = size_wh
    crop = (0, 0, width, height)
    if box is not None:
        x0, x1 = _widened(box[0], box[2], width)
        y0, y1 = _widened(box[1], box[3], height)
        if (x1 - x0) * (y1 - y0) < CROP_MAX_COVER * width * height:
            crop = (x0, y0, x1, y1)
    crop_h, crop_w = crop[3] - crop[1], crop[2] - crop[0]
    scale = min(1.0, math.sqrt(pixel_budget / (crop_h * crop_w)))
    inner = (max(1, round(crop_h * scale)), max(1, round(crop_w * scale)))
    canvas = (max(MIN_SIDE, _round_up(inner[0])), max(MIN_SIDE, _round_up(inner[1])))
    return Geometry((height, width), crop, inner, canvas)


def frame_to_canvas(frame: Frame, geometry: Geometry) -> torch.Tensor:
    """Return the frame as the VAE wants it: float32 (3, H, W) in [-1, 1], contiguous, on the CPU."""
    import torch

    pixels = np.require(geometry.cropped(frame), requirements=["C", "W"])
    image = torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float()
    return _to_canvas(image, geometry) / 255.0 * 2.0 - 1.0


def mask_to_canvas(mask: Mask, geometry: Geometry, hard: bool) -> torch.Tensor:
    """Return the mask as the VAE wants it: float32 (3, H, W) in [-1, 1], contiguous, on the CPU.

    Args:
        mask: bool (H, W) of the source's size; scaling leaves grey edges, as in training.
        geometry: of the shot.
        hard: threshold once more after scaling, so that no grey is left.
    """
    import torch

    pixels = np.require(geometry.cropped(mask), requirements=["C", "W"])
    image = _to_canvas(torch.from_numpy(pixels).float()[None], geometry)
    if hard:
        image = (image > 0.5).float()
    return (image * 2.0 - 1.0).repeat(3, 1, 1)


def alpha_to_source(alpha: Alpha, geometry: Geometry) -> Alpha:
    """Return alpha (H, W) of the canvas as alpha of the source's size, 0 outside the crop."""
    import torch
    from torch.nn import functional

    x0, y0, x1, y1 = geometry.crop
    inner = np.ascontiguousarray(alpha[: geometry.inner_hw[0], : geometry.inner_hw[1]])
    if inner.shape != (y1 - y0, x1 - x0):
        scaled = functional.interpolate(
            torch.from_numpy(inner)[None, None], size=(y1 - y0, x1 - x0), mode="bilinear"
        )
        inner = scaled[0, 0].numpy()
    if (y1 - y0, x1 - x0) == geometry.source_hw:
        return inner
    full = np.zeros(geometry.source_hw, np.float32)
    full[y0:y1, x0:x1] = inner
    return full


def _to_canvas(image: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    from torch.nn import functional

    batch = image[None]
    if tuple(batch.shape[-2:]) != geometry.inner_hw:
        batch = functional.interpolate(
            batch, size=geometry.inner_hw, mode="bilinear", antialias=True
        )
    right = geometry.canvas_hw[1] - geometry.inner_hw[1]
    bottom = geometry.canvas_hw[0] - geometry.inner_hw[0]
    if right or bottom:
        batch = functional.pad(batch, (0, right, 0, bottom), mode="replicate")
    return batch[0].contiguous()


def _widened(low: int, high: int, limit: int) -> tuple[int, int]:
    """Return the interval with its margin, its length a multiple of 8, inside 0 … limit."""
    margin = max(CROP_MARGIN_PX, math.ceil((high - low) * CROP_MARGIN_SHARE))
    low, high = max(0, low - margin), min(limit, high + margin)
    length = _round_up(high - low)
    if length >= limit:
        return 0, limit
    low = min(low, limit - length)
    return low, low + length


def _round_up(value: int) -> int:
    return -(-value // MULTIPLE) * MULTIPLE
