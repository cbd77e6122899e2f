"""The masks of a job as the networks read them: checked, one frame at a time; pure array work."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from utils.errors import UnusablePrompt
from utils.mask_utils import check_keyframe_mask
from utils.types import Mask


class TargetGuide:
    """The masks of a job, read once; `None` for every frame where everyone is wanted.

    Args:
        guide: masks by frame index, bool (H, W); empty for everyone.
        size_wh: width and height that every mask must have, in pixels.
        first: number that frame 0 has in the clip, for errors' texts.
    """

    def __init__(self, guide: Mapping[int, Mask], size_wh: tuple[int, int], first: int = 0) -> None:
        self._guide = guide
        self._first = first
        self._shape = size_wh[1], size_wh[0]
        self.is_empty = not guide

    def mask(self, index: int) -> Mask | None:
        """Return the mask of a frame, bool (H, W).

        Raises:
            UnusablePrompt: there is none, or it is of another size.
        """
        if self.is_empty:
            return None
        if index not in self._guide:
            raise UnusablePrompt("engine.mask_missing", frame=index + self._first)
        mask = np.ascontiguousarray(self._guide[index], dtype=bool)
        if mask.shape != self._shape:
            height, width = (*mask.shape, 1, 1)[:2]
            raise UnusablePrompt(
                "prompt.mask_size",
                mask_width=width,
                mask_height=height,
                width=self._shape[1],
                height=self._shape[0],
            )
        return mask

    def check_start(self, start: int, *, is_tracked: bool = False) -> None:
        """Check the mask of the frame that matting starts from, where there is one.

        Args:
            is_tracked: nobody confirmed it, so that it may be empty or cover everything.

        Raises:
            UnusablePrompt: it is missing, of another size, or selects nothing.
        """
        mask = self.mask(start)
        if mask is not None and not is_tracked:
            check_keyframe_mask(mask, (self._shape[1], self._shape[0]), start + self._first)
