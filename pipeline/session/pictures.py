"""Pictures that a user gives to a session beside the clip: its own background, and a clean plate."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pipeline.session.session import Session
from pipeline.storage import disk
from utils.errors import BadRequest
from utils.partial_names import own_partial_path
from utils.types import Frame

MAX_PICTURE_SIDE = 8192
"""Longest side of a picture, in pixels."""
SHAPE_TOLERANCE = 0.01
"""Most that a clean plate's ratio of sides may differ from the clip's, as a share."""


class SessionPictures:
    """Takes pictures in; a tiny file may hold one of hundreds of megabytes, so they are decoded one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def set_background(self, session: Session, path: Path) -> None:
        """Keep a picture (PNG or JPEG) as the session's own background, at the size that is needed.

        Raises:
            BadRequest: not such a picture, or too large.
        """
        problem = BadRequest("job.background_picture", limit=MAX_PICTURE_SIDE)
        self._keep(path, session.background_picture, session.clip.size_wh, problem)

    def set_clean_plate(self, session: Session, path: Path) -> None:
        """Keep a picture (PNG or JPEG) of the scene without the target, at the clip's size.

        Raises:
            BadRequest: not such a picture, too large, or of another shape than the clip's.
        """
        size_wh = width, height = session.clip.size_wh
        problem = BadRequest("job.clean_plate", width=width, height=height, limit=MAX_PICTURE_SIDE)
        self._keep(path, session.clean_plate, size_wh, problem, fits=True)

    def _keep(
        self,
        path: Path,
        target: Path,
        size_wh: tuple[int, int],
        problem: BadRequest,
        *,
        fits: bool = False,
    ) -> None:
        """Keep a picture that covers the size, or that has exactly that size where it must fit."""
        if not os.path.lexists(path):
            raise BadRequest("job.picture_no_file")
        temporary = own_partial_path(target)
        try:
            with self._lock:
                picture = _reduced(path, size_wh)
            if picture is None:
                raise problem
            if fits:
                picture = _fitted(picture, size_wh)
            picture.save(temporary, format="PNG")
        except (
            UnidentifiedImageError,
            Image.DecompressionBombError,
            OSError,
            ValueError,
            SyntaxError,
            struct.error,
            zlib.error,
        ) as error:
            temporary.unlink(missing_ok=True)
            if disk.is_full(error):
                raise
            raise problem from error
        temporary.replace(target)


def read_clean_plate(session: Session) -> Frame | None:
    """Return the clean plate, uint8 RGB (H, W, 3) of the clip's size; None where there is none."""
    path = session.clean_plate
    if not path.is_file():
        return None
    with Image.open(path, formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB"))


def clean_plate_token(session: Session) -> str:
    """Return what tells one clean plate from another; "" where there is none."""
    path = session.clean_plate
    return f"{zlib.crc32(path.read_bytes()):08x}" if path.is_file() else ""


def _reduced(path: Path, size_wh: tuple[int, int]) -> Image.Image | None:
    """Decode a picture as RGB by a whole factor smaller, so that it still covers the size; None if too large.

    Closing an image keeps its pixels, so none of the full size outlives this function.
    """
    with Image.open(path, formats=["PNG", "JPEG"]) as image:
        if max(image.size) > MAX_PICTURE_SIDE:
            return None
        image.draft("RGB", size_wh)
        factor = min(image.width // size_wh[0], image.height // size_wh[1])
        smaller = image.reduce(factor) if factor > 1 and image.mode != "P" else image
        return smaller.convert("RGB")


def _fitted(picture: Image.Image, size_wh: tuple[int, int]) -> Image.Image:
    """Return the picture at exactly the size.

    Raises:
        ValueError: its shape is another.
    """
    ratio = picture.width * size_wh[1] / (picture.height * size_wh[0])
    if abs(ratio - 1.0) > SHAPE_TOLERANCE:
        raise ValueError("another shape")
    if picture.size == size_wh:
        return picture
    return picture.resize(size_wh, Image.Resampling.LANCZOS)
