"""How rendered files and previews look: backgrounds and edges."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from pipeline.postprocess.edges import EdgeControls, apply_edges
from pipeline.postprocess.foreground import despill, estimate_colour
from pipeline.postprocess.picture import Planes
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

GREEN = "#00FF00"
PICTURE_SIDE_LIMIT = 8192
_GREYS = {"grey": GREY_LEVEL, "black": 0, "white": 255}


@dataclass(frozen=True, slots=True)
class RenderLook:
    """Backgrounds of `foreground.mp4` and `preview.mp4`, and the edge controls.

    A background is "#RRGGBB", "checker", "grey", "black", "white", or the path of a picture that we
    wrote ourselves; a picture is scaled and cropped to fill.
    """

    background: str = GREEN
    preview_background: str = "checker"
    edge: EdgeControls = field(default_factory=EdgeControls)


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


def compose_still(frame: Frame, alpha: Alpha, look: RenderLook) -> Frame:
    """Return what `foreground.mp4` shows of a frame, uint8 RGB (H, W, 3).

    Args:
        frame: uint8 RGB (H, W, 3).
        alpha: float32 (H, W) in [0, 1], before the edge controls.

    Raises:
        BadRequest: the background can't be used.
    """
    edged = apply_edges(alpha, look.edge)
    height, width = frame.shape[:2]
    background = background_picture(look.background, (width, height))
    levels = np.clip(np.rint(edged * np.float32(255.0)), 0, 255).astype(np.uint8)
    clean = despill(estimate_colour(frame, levels), levels, look.edge.despill)
    return compose_over(clean, edged, background)
