"""A user's mask of a frame as a pass takes it: its straight thin parts, which are followed apart, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

from engines.builtin.tracking.thin_line_tracking import ThinLineTracker, without_lines
from engines.builtin.vision.arrays import resize_mask
from engines.builtin.vision.processing_size import processing_size
from utils.mask_utils import check_keyframe_mask
from utils.types import Frame, Mask


@dataclass(frozen=True, slots=True)
class ConfirmedMask:
    """What a user's mask, bool (H, W), says of its frame: all of it is `whole`.

    `lines` begin at the frame; `rest`, bool (h, w) at processing size, is the target without them. Nothing is
    selected where the user states that the object is not there.
    """

    whole: Mask
    lines: ThinLineTracker
    rest: Mask

    @property
    def is_empty(self) -> bool:
        """Tell whether the mask selects nothing."""
        return not self.whole.any()


def confirmed_mask(
    frame: Frame, mask: Mask, number: int, *, may_be_empty: bool = False
) -> ConfirmedMask:
    """Return a user's mask of a frame, looked at once for all who track from it.

    Args:
        frame: uint8 RGB (H, W, 3).
        mask: bool (H, W).
        number: the frame's in the clip, for errors' texts.
        may_be_empty: it may state that the object is not there.

    Raises:
        UnusablePrompt: see `check_keyframe_mask`.
    """
    size_wh = frame.shape[1], frame.shape[0]
    is_absent = may_be_empty and not mask.any()
    whole = mask if is_absent else check_keyframe_mask(mask, size_wh, number)
    lines = ThinLineTracker(frame, whole)
    rest = resize_mask(without_lines(whole, lines.lines), processing_size(size_wh))
    return ConfirmedMask(whole, lines, rest)
