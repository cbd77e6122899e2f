"""Pure functions on images: backgrounds, compositing, scaling, and their bytes on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from utils.partial_names import own_partial_path
from utils.types import Alpha, Frame

CHECKER_CELL_PX = 16
CHECKER_LEVELS = (204, 153)
"""Light and dark grey of the checkerboard."""
GREY_LEVEL = 128
JPEG_QUALITY = 92
_Picture = TypeVar("_Picture", Frame, Alpha)


def parse_colour(text: str) -> tuple[int, int, int]:
    """Return (red, green, blue), each 0..255, of "#RRGGBB".

    Raises:
        ValueError: it is not written like that.
    """
    if len(text) != 7 or not text.startswith("#"):
        raise ValueError(f"not a colour: {text[:20]}")
    value = int(text[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def solid(size_wh: tuple[int, int], colour: tuple[int, int, int]) -> Frame:
    """Return a picture of one colour, uint8 RGB (H, W, 3)."""
    width, height = size_wh
    return np.full((height, width, 3), colour, np.uint8)


def checkerboard(size_wh: tuple[int, int], cell_px: int = CHECKER_CELL_PX) -> Frame:
    """Return a grey checkerboard, uint8 RGB (H, W, 3); the upper left cell is the light one."""
    width, height = size_wh
    odd_rows, odd_columns = (np.arange(length) // cell_px % 2 == 1 for length in (height, width))
    light, dark = CHECKER_LEVELS
    levels = np.where(odd_rows[:, None] ^ odd_columns, np.uint8(dark), np.uint8(light))
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB), np.uint8)


def cover(picture: Frame, size_wh: tuple[int, int]) -> Frame:
    """Scale and crop a picture, uint8 RGB (H, W, 3), around its middle so that it fills the size, never stretched."""
    width, height = size_wh
    scale = max(width / picture.shape[1], height / picture.shape[0])
    inner_wh = (
        max(round(picture.shape[1] * scale), width),
        max(round(picture.shape[0] * scale), height),
    )
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, inner_wh, interpolation=interpolation)
    left, top = (inner_wh[0] - width) // 2, (inner_wh[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def compose_over(frame: Frame, alpha: Alpha, background: Frame) -> Frame:
    """Return the frame blended over a background: alpha * frame + (1 - alpha) * background, uint8 RGB (H, W, 3).

    Args:
        frame, background: uint8 RGB (H, W, 3).
        alpha: float32 (H, W) in [0, 1].
    """
    front = np.ascontiguousarray(alpha)
    return np.asarray(cv2.blendLinear(frame, background, front, np.float32(1.0) - front), np.uint8)


def compose_over_checker(frame: Frame, alpha: Alpha) -> Frame:
    """See `compose_over`, with a checkerboard as the background."""
    return compose_over(frame, alpha, checkerboard((frame.shape[1], frame.shape[0])))


def shrink_to(picture: _Picture, long_side: int) -> _Picture:
    """Scale a picture (H, W, 3) or an alpha (H, W) down so that its longer side is at most `long_side` pixels."""
    height, width = picture.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return picture
    size_wh = (max(round(width * scale), 1), max(round(height * scale), 1))
    shrunk = cv2.resize(picture, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, picture.dtype)


def encode_image(picture: npt.NDArray[np.uint8], suffix: str, quality: int = JPEG_QUALITY) -> bytes:
    """Return the picture, uint8 RGB (H, W, 3) or grey (H, W), as JPEG or PNG bytes.

    Raises:
        ValueError: the suffix is neither .jpg nor .png.
    """
    if suffix not in (".jpg", ".jpeg", ".png"):
        raise ValueError(f"not an image suffix: {suffix}")
    pixels = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR) if picture.ndim == 3 else picture
    parameters = (
        [cv2.IMWRITE_PNG_COMPRESSION, 1]
        if suffix == ".png"
        else [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    succeeded, encoded = cv2.imencode(suffix, pixels, parameters)
    if not succeeded:
        raise ValueError(f"picture of shape {picture.shape} can't be encoded")
    return encoded.tobytes()


def write_image(path: Path, picture: npt.NDArray[np.uint8], quality: int = JPEG_QUALITY) -> None:
    """Write the picture, uint8 RGB (H, W, 3) or grey (H, W), so that readers never see half of it.

    Raises:
        OSError: the disk is full or the folder can't be written.
        ValueError: the suffix is neither .jpg nor .png.
    """
    write_bytes(path, encode_image(picture, path.suffix.lower(), quality))


def write_bytes(path: Path, content: bytes) -> None:
    """Write an encoded picture so that readers never see half of it.

    Raises:
        OSError: the disk is full or the folder can't be written.
    """
    temporary = own_partial_path(path)  # two threads or pages may make the same picture at once
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
