"""A mask that the user brings as a PNG: read, checked against the clip, and kept as a keyframe."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from engines.base import Instance
from pipeline.selection.mask_values import target_of
from pipeline.selection.painting import painted
from pipeline.session.keyframes import Found, store_keyframe
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, Keyframe
from utils.errors import UnusablePrompt
from utils.file_kinds import HEAD_BYTES, is_text, kind_of
from utils.types import Mask, Message, Prompt

PAINT_ENGINE = "paint"
"""Engine name recorded for a mask that is painted, alone or over a result."""
MASK_ENGINE = "mask"
"""Engine name recorded for a mask the user brought."""

_PNG_PROBLEMS = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for files that are damaged on purpose."""


def read_mask_file(path: Path, size_wh: tuple[int, int], frame_index: int = 0) -> Mask:
    """Read a mask the user brought (PNG): white, or the alpha where there is one, is the target.

    A mask of the size that the clip had before an encoder stretched it to whole macroblocks (1080 lines
    to 1088) is stretched with it; see `is_stretched`.

    Returns:
        bool (H, W) of the clip's displayed size.

    Raises:
        UnusablePrompt: not a PNG, of another size than the clip, or it selects nothing or everything.
    """
    width, height = size_wh
    mask_wh = _png_size(path)
    if mask_wh != size_wh and not is_stretched(mask_wh, size_wh):
        is_turned = mask_wh == (height, width)
        raise UnusablePrompt(
            "prompt.mask_turned" if is_turned else "prompt.mask_size",
            mask_width=mask_wh[0],
            mask_height=mask_wh[1],
            width=width,
            height=height,
        )
    try:
        with Image.open(path, formats=["PNG"]) as image:
            mask = target_of(_small_levels(path, image))
        if mask_wh != size_wh:
            mask = np.asarray(Image.fromarray(mask).resize(size_wh, Image.Resampling.NEAREST))
    except _PNG_PROBLEMS as error:
        raise UnusablePrompt("prompt.mask_unreadable", detail=str(error)) from error
    check_selects(mask, frame_index)
    return mask


def _small_levels(path: Path, image: Image.Image) -> Image.Image:
    """Return a colour picture of 16 bits that holds levels of 8 as such: Pillow keeps the upper 8 bits alone."""
    import cv2

    if image.mode not in ("RGB", "RGBA") or image.getextrema() != ((0, 0),) * len(image.mode):
        return image
    deep = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if deep is None or deep.dtype != np.uint16 or deep.ndim != 3:
        return image
    return Image.fromarray(deep[..., 2::-1].astype(np.uint8))


def check_selects(mask: Mask, frame_index: int) -> None:
    """Check that a mask, bool (H, W), tells a target from a background.

    Raises:
        UnusablePrompt: it selects nothing or everything.
    """
    if not mask.any():
        raise UnusablePrompt("prompt.mask_empty", frame=frame_index)
    if mask.all():
        raise UnusablePrompt("prompt.mask_full", frame=frame_index)


def store_mask(
    session: Session,
    frame_index: int,
    prompt: Prompt,
    notices: tuple[Message, ...] = (),
    *,
    engine: str = "",
    own_mask: bool = False,
    target: int = FIRST_TARGET,
) -> Keyframe:
    """Put the prompt's mask, bool (H, W) of the clip's size, or strokes alone, in as a keyframe.

    Args:
        engine: name of what made the mask; "" for a mask that the user brought or painted.

    Raises:
        UnusablePrompt: the strokes leave nothing.
    """
    if prompt.mask is None:
        width, height = session.clip.size_wh
        base = np.zeros((height, width), np.bool_)
    else:
        base = prompt.mask
    instances = painted([Instance(base, 1.0)], prompt)
    made_by = engine or (MASK_ENGINE if own_mask else PAINT_ENGINE)
    found = Found(instances, made_by, prompt, notices=notices, own_mask=own_mask, target=target)
    return store_keyframe(session, frame_index, found)


MACROBLOCK = 16
"""Side of a coding block, in pixels, that some writers stretch clips to."""


def is_stretched(mask_wh: tuple[int, int], clip_wh: tuple[int, int]) -> bool:
    """Return whether the clip's size is the mask's, each side rounded up to whole macroblocks."""
    rounded = tuple(-(-side // MACROBLOCK) * MACROBLOCK for side in mask_wh)
    return mask_wh != clip_wh and rounded == clip_wh


def mask_notices(path: Path, clip_wh: tuple[int, int]) -> tuple[Message, ...]:
    """Return what the user should know of a mask that `read_mask_file` took."""
    mask_wh = _png_size(path)
    if not is_stretched(mask_wh, clip_wh):
        return ()
    values: dict[str, str | int | float | Message] = {
        "mask_width": mask_wh[0],
        "mask_height": mask_wh[1],
        "width": clip_wh[0],
        "height": clip_wh[1],
    }
    return (Message("prompt.mask_stretched", values),)


def _png_size(path: Path) -> tuple[int, int]:
    """Return a PNG's width and height from its header alone: nothing is unpacked for a bomb.

    Raises:
        UnusablePrompt: it is another kind of file, or none that can be read.
    """
    problem = UnusablePrompt("prompt.mask_unreadable")
    if not os.path.lexists(path):
        raise UnusablePrompt("prompt.mask_no_file")
    if path.is_symlink() or not path.is_file():
        raise problem
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as error:
        raise problem from error
    kind = kind_of(head)
    is_png = kind in ("PNG", "APNG")
    if kind and not is_png:
        raise UnusablePrompt("prompt.mask_other_kind", kind=kind)
    if not kind and is_text(head):
        raise UnusablePrompt("prompt.mask_text")
    if len(head) < 24 or not is_png or head[12:16] != b"IHDR":
        raise problem
    width, height = struct.unpack(">II", head[16:24])
    return width, height
