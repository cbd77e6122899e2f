"""The fixed region of the picture that a job computes on; pure array work.

The region is the same for every frame of the range: one that moves with the target would make fine detail
such as hair change from frame to frame with the sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engines.base import FrameSource
from utils.mask_utils import grow_box
from utils.types import Alpha, Frame, IntBox, Mask

_MARGIN_SHARE = 0.1
_MARGIN_PX = 48
"""Room for hair and motion blur outside the masks, and for context."""
_MAX_SHARE = 0.8
"""A region that covers more of the picture saves too little for the context it loses."""


@dataclass(frozen=True, slots=True)
class Region:
    """A box of the picture; `picture_wh` is the size of whole frames, in pixels."""

    box: IntBox
    picture_wh: tuple[int, int]

    @classmethod
    def whole(cls, picture_wh: tuple[int, int]) -> Region:
        """Return the region that is the whole picture."""
        return cls((0, 0, *picture_wh), picture_wh)

    @classmethod
    def around(cls, box: IntBox | None, picture_wh: tuple[int, int]) -> Region:
        """Return the region for masks that lie within `box`; the whole picture where that is as good."""
        if box is None:
            return cls.whole(picture_wh)
        grown = grow_box(box, picture_wh, _MARGIN_SHARE, _MARGIN_PX)
        region = cls(grown, picture_wh)
        return region if region.share <= _MAX_SHARE else cls.whole(picture_wh)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        x0, y0, x1, y1 = self.box
        return x1 - x0, y1 - y0

    @property
    def share(self) -> float:
        """Share of the picture's area, in (0, 1]."""
        width, height = self.size_wh
        return width * height / (self.picture_wh[0] * self.picture_wh[1])

    @property
    def is_whole(self) -> bool:
        """True where nothing is cropped."""
        return self.size_wh == self.picture_wh

    def crop_mask(self, mask: Mask) -> Mask:
        """Return the region of a mask, bool (H, W), as a view."""
        x0, y0, x1, y1 = self.box
        return mask[y0:y1, x0:x1]

    def paste(self, alpha: Alpha) -> Alpha:
        """Return the region's alpha in a whole picture, float32 (H, W), 0 outside."""
        if self.is_whole:
            return alpha
        x0, y0, x1, y1 = self.box
        whole = np.zeros(self.picture_wh[::-1], np.float32)
        whole[y0:y1, x0:x1] = alpha
        return whole


class RegionFrames:
    """A `FrameSource` of the region of every frame."""

    def __init__(self, frames: FrameSource, region: Region) -> None:
        self._frames = frames
        self._region = region

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the region, in pixels."""
        return self._region.size_wh

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, start: int, stop: int, step: Literal[1, -1] = 1) -> Iterator[Frame]:
        """See `FrameSource.read`."""
        x0, y0, x1, y1 = self._region.box
        frames = self._frames.read(start, stop, step)
        try:
            for frame in frames:
                yield frame[y0:y1, x0:x1]
        finally:
            close = getattr(frames, "close", None)
            if close is not None:
                close()
