"""Backgrounds and stills: what a frame looks like over a colour, a pattern or a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from pipeline.postprocess.appearance import Appearance
from pipeline.postprocess.edges import apply_edges
from pipeline.postprocess.foreground import despill, estimate_colour
from pipeline.postprocess.picture import Planes
from utils.alpha_levels import AlphaBytes, float_to_bytes
from utils.errors import BadRequest
from utils.image_utils import (
    GREY_LEVEL,
    checkerboard,
    compose_over,
    cover,
    parse_colour,
    solid,
)
from utils.types import Alpha, Frame

PICTURE_SIDE_LIMIT = 8192
_GREYS = {"grey": GREY_LEVEL, "black": 0, "white": 255}


def background_picture(wanted: str, size_wh: tuple[int, int]) -> Frame:
    """Return the background, uint8 RGB (H, W, 3).

    Raises:
        BadRequest: neither a colour nor a name nor a picture that can be read.
    """
    if wanted == "checker":
        return checkerboard(size_wh)
    if wanted in _GREYS:
        level = _GREYS[wanted]
        return solid(size_wh, (level, level, level))
    if wanted.startswith("#"):
        try:
            return solid(size_wh, parse_colour(wanted))
        except ValueError as error:
            raise BadRequest("job.colour", value=wanted[:60]) from error
    pixels = cv2.imread(str(Path(wanted)), cv2.IMREAD_COLOR)
    if pixels is None:
        raise BadRequest("job.background_picture", limit=PICTURE_SIDE_LIMIT)
    return cover(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), size_wh)


def background_planes(wanted: str, size_wh: tuple[int, int]) -> Planes:
    """Return the background as BT.709 planes; raises as `background_picture`."""
    return Planes.of_rgb(background_picture(wanted, size_wh))


def compose_still(
    frame: Frame, alpha: Alpha, appearance: Appearance, source_alpha: AlphaBytes | None = None
) -> Frame:
    """Return what `foreground.mp4` shows of a frame, uint8 RGB (H, W, 3).

    Args:
        frame: uint8 RGB (H, W, 3).
        alpha: float32 (H, W) in [0, 1], before the edge controls.
        source_alpha: the clip's own transparency, uint8 (H, W), where it has one.

    Raises:
        BadRequest: the background can't be used.
    """
    edged = apply_edges(alpha, appearance.edges)
    height, width = frame.shape[:2]
    background = background_picture(appearance.foreground_background, (width, height))
    levels = float_to_bytes(edged)
    colour = estimate_colour(frame, levels, source_alpha=source_alpha)
    clean = despill(colour, levels, appearance.edges.despill)
    return compose_over(clean, edged, background)
