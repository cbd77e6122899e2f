"""The guide's masks, read once and packed; pure array work."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engines.base import FrameSource
from utils.errors import UnusablePrompt
from utils.mask_utils import check_keyframe_mask
from utils.types import Mask


class PackedMasks:
    """The guide, read once and checked before any work; one bit a pixel.

    Args:
        guide: masks by frame index, bool (H, W).
        start: the frame that must have one, not empty.
        frames: the clip, for its size and length.

    Raises:
        UnusablePrompt: a mask is missing, empty where it must not be, or of another size.
    """

    def __init__(self, guide: Mapping[int, Mask], start: int, frames: FrameSource) -> None:
        if start not in guide:
            raise UnusablePrompt("prompt.mask_missing", frame=start)
        width, height = frames.size_wh
        self._shape = height, width
        self._bits: dict[int, npt.NDArray[np.uint8]] = {}
        self.is_empty: dict[int, bool] = {}
        for index in sorted(index for index in guide if 0 <= index < len(frames)):
            mask = guide[index]
            empty = index != start and mask.shape == self._shape and not mask.any()
            self.is_empty[index] = empty
            if not empty:
                self._bits[index] = np.packbits(check_keyframe_mask(mask, frames.size_wh, index))

    def mask(self, index: int) -> Mask:
        """Return the mask of a frame that has one which is not empty, bool (H, W)."""
        height, width = self._shape
        bits = np.unpackbits(self._bits[index], count=height * width)
        return bits.astype(bool).reshape(self._shape)
