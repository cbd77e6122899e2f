"""Where a user's marks let a target be on the frames that they are made on: it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.selection.mask_upload import MASK_ENGINE
from pipeline.selection.source_alpha import SOURCE_ENGINE
from pipeline.session.masks import read_mask
from pipeline.session.session import Session
from pipeline.session.state import Keyframe
from utils.types import Mask

_OUTSIDE_SHARE = 0.02
"""Share of the mask outside the drawn box from which other marks have carried the selection beyond the box."""


def target_bounds(session: Session, guide: Mapping[int, Mask], first: int) -> dict[int, Mask]:
    """Return where a target's marks let it be, bool (H, W), by the guide's frames; frames without a word on it are left out.

    A mask that the user brought ends where the target does. A drawn box holds all of the target, unless what was marked
    with it lies outside as well, such as a stroke or a click on a raised hand.

    Args:
        guide: the target's confirmed masks, bool (H, W), by frames counted from `first`.
        first: the clip's frame that the guide counts from.
    """
    found = {}
    with session.masks_lock():
        for keyframe in session.state.all_keyframes:
            mask = guide.get(keyframe.frame - first)
            if mask is None or not _has_made(session, keyframe, mask):
                continue
            is_brought = keyframe.engine in (MASK_ENGINE, SOURCE_ENGINE)
            bounds = mask if is_brought else _box(keyframe, mask)
            if bounds is not None:
                found[keyframe.frame - first] = bounds
    return found


def _box(keyframe: Keyframe, mask: Mask) -> Mask | None:
    """Return the drawn box as a mask, bool (H, W); None without one, or where the selection goes beyond it."""
    box = keyframe.prompt.box
    if box is None:
        return None
    inside = np.zeros_like(mask)
    columns = sorted((round(box.x0), round(box.x1)))
    rows = sorted((round(box.y0), round(box.y1)))
    inside[max(0, rows[0]) : rows[1], max(0, columns[0]) : columns[1]] = True
    if np.count_nonzero(mask & ~inside) > _OUTSIDE_SHARE * np.count_nonzero(mask):
        return None
    # A box around the upper body alone leaves the legs below; somebody else reaches out of the other sides.
    inside[max(0, rows[0]) :, max(0, columns[0]) : columns[1]] = True
    return inside


def _has_made(session: Session, keyframe: Keyframe, mask: Mask) -> bool:
    """Tell whether a mask is what a key frame keeps: other targets have key frames on the same frame."""
    paths = [session.instance_path(keyframe.frame, one, keyframe.target) for one in keyframe.kept]
    kept = [read_mask(path) for path in paths]
    return bool(kept) and np.array_equal(np.logical_or.reduce(kept), mask)
