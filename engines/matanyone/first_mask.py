"""Dilates and erodes the first mask as MatAnyone's protocol asks; pure array work."""

from __future__ import annotations

import cv2
import numpy as np

from engines.matanyone.contract import SeedMask
from utils.errors import UnusablePrompt
from utils.types import Mask


def seed_mask(mask: Mask, dilate: int, erode: int, frame: int) -> SeedMask:
    """Return the mask dilated, then eroded, as float32 (H, W) of 0 and 255.

    The protocol is upstream's (`process_video`, `gen_dilate`, `gen_erosion`): elliptical kernels whose
    width is the given number, so 10 and 10 close gaps and leave the outline where it is.

    Args:
        mask: bool (H, W).
        dilate: kernel width in pixels; 0 is off.
        erode: kernel width in pixels; 0 is off.
        frame: the mask's frame in the clip, for the error's text.

    Raises:
        UnusablePrompt: the erosion leaves nothing.
    """
    binary = mask.astype(np.uint8)
    if dilate > 0:
        binary = cv2.dilate(binary, _ellipse(dilate))
    if erode > 0:
        binary = cv2.erode(binary, _ellipse(erode))
    if not binary.any():
        raise UnusablePrompt("engine.matanyone.eroded", frame=frame, erode=erode)
    return binary.astype(np.float32) * 255.0


def _ellipse(width: int) -> cv2.typing.MatLike:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
