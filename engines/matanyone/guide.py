"""The guide's masks, read once and packed; pure array work."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engines.base import FrameSource
from utils.errors import UnusablePrompt
from utils.mask_utils import bounding_box, check_keyframe_mask
from utils.packed_mask import PackedMask
from utils.types import IntBox, Mask


class PackedMasks:
    """The guide, read once and checked before any work; one bit a pixel.

    Args:
        guide: masks by frame index, bool (H, W).
        start: the frame that must have one, not empty.
        frames: the clip, for its size and length.
        seeds: frames whose masks seed the network; the others only tell where the target is. None: all.
        first: number that frame 0 has in the clip, for errors' texts.

    Raises:
        UnusablePrompt: a mask is missing, empty where it must not be, or of another size.
    """

    def __init__(
        self,
        guide: Mapping[int, Mask],
        start: int,
        frames: FrameSource,
        seeds: Collection[int] | None = None,
        first: int = 0,
    ) -> None:
        if start not in guide:
            raise UnusablePrompt("prompt.mask_missing", frame=start + first)
        width, height = frames.size_wh
        self._masks: dict[int, PackedMask] = {}
        self.is_empty: dict[int, bool] = {}
        """For each frame that seeds the network, whether its mask is empty."""
        self.box: IntBox | None = None
        """Around all masks of the guide, in pixels; None where all are empty."""
        for index in sorted(index for index in guide if 0 <= index < len(frames)):
            mask = guide[index]
            self.box = joined_box(self.box, bounding_box(mask))
            if seeds is not None and index != start and index not in seeds:
                continue
            empty = index != start and mask.shape == (height, width) and not mask.any()
            self.is_empty[index] = empty
            if not empty:
                checked = check_keyframe_mask(mask, frames.size_wh, index + first)
                self._masks[index] = PackedMask.of(checked)

    def mask(self, index: int) -> Mask:
        """Return the mask of a frame that has one which is not empty, bool (H, W)."""
        return self._masks[index].unpacked()


def joined_box(first: IntBox | None, second: IntBox | None) -> IntBox | None:
    """Return the box around both, in pixels; None where there is neither."""
    if first is None or second is None:
        return first or second
    low = min(first[0], second[0]), min(first[1], second[1])
    return (*low, max(first[2], second[2]), max(first[3], second[3]))
