"""What a user erased or added by hand on a frame, and whether an alpha follows it; it changes no alpha."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.selection.corrections import is_own_mask
from pipeline.selection.mask_upload import PAINT_ENGINE
from pipeline.session.masks import read_mask
from pipeline.session.session import Session
from pipeline.session.state import Keyframe
from utils.alpha_levels import OPAQUE, AlphaLevels
from utils.mask_utils import inner_distance
from utils.strokes import erased_by, paint, painted_by
from utils.types import Mask, Stroke

_EDGE_SHARE, _LEAST_EDGE_PX = 0.005, 3.0
"""What an edge may be off from a stroke's, as a share of the longer side, and in pixels at least."""
_MISSING_SHARE = 0.5
"""Share of what was painted that must be missing: a brush is wider than what it is meant for."""


@dataclass(frozen=True, slots=True, eq=False)
class HandMarks:
    """A frame's strokes, and what its marks changed: bool (H, W) where they took away, and where they added.

    `adds_to_selection` tells that strokes added to what was selected there, as a bag, instead of correcting a mask.
    """

    strokes: tuple[Stroke, ...]
    erased: Mask
    added: Mask
    adds_to_selection: bool = False

    def are_ignored(self, alpha: AlphaLevels) -> bool:
        """Tell whether the alpha, (H, W), keeps part of what strokes erased, or lacks most of what they painted."""
        kept = alpha > OPAQUE // 2
        if (inner_distance(erased_by(self.strokes, kept.shape) & kept) > _edge_px(kept)).any():
            return True
        painted = painted_by(self.strokes, kept.shape)
        missing = np.count_nonzero(painted & ~kept)
        return bool(missing > _MISSING_SHARE * np.count_nonzero(painted))


def hand_marks(session: Session, guide: Mapping[int, Mask], first: int) -> dict[int, HandMarks]:
    """Return what was changed by hand on a target's key frames, by the guide's frames.

    Whatever an eraser's strokes cover is erased. Beside that, what clicks and strokes changed of an earlier mask counts,
    or else what strokes painted on an answer, but for slivers along the contour. A mask of strokes alone is an outline
    as rough as they are: an engine may find a finer one.

    Args:
        guide: the target's confirmed masks, bool (H, W), by frames counted from `first`.
        first: the clip's frame that the guide counts from.
    """
    found = {}
    for keyframe in session.state.all_keyframes:
        frame = keyframe.frame - first
        mask = guide.get(frame)
        if mask is None:
            continue
        strokes = keyframe.prompt.strokes
        if not np.array_equal(paint(mask, strokes), mask):
            # Another target's strokes would change this one's mask.
            continue
        erased, added = erased_by(strokes, mask.shape), np.zeros_like(mask)
        before = _mask_before(session, keyframe, mask)
        if before is not None:
            erased |= _parts(before & ~mask)
            added = _parts(mask & ~before)
        elif keyframe.engine != PAINT_ENGINE:
            added = _parts(mask & painted_by(strokes, mask.shape))
        if strokes or erased.any() or added.any():
            found[frame] = HandMarks(strokes, erased, added, adds_to_selection=before is None)
    return found


def _mask_before(session: Session, keyframe: Keyframe, mask: Mask) -> Mask | None:
    """Return the mask, bool (H, W), that the marks of a target's key frame correct, None where they are no correction."""
    path = session.base_mask_path(keyframe.frame, keyframe.target)
    if not keyframe.prompt.has_mask or is_own_mask(keyframe) or not path.is_file():
        return None
    kept = [
        read_mask(session.instance_path(keyframe.frame, one, keyframe.target))
        for one in keyframe.kept
    ]
    if not kept or not np.array_equal(np.logical_or.reduce(kept), mask):
        return None
    return read_mask(path)


def _parts(changed: Mask) -> Mask:
    """Return the connected parts, bool (H, W), that are wider than what an edge may be off by."""
    deep = inner_distance(changed) > _edge_px(changed)
    _, labels = cv2.connectedComponents(changed.view(np.uint8))
    return np.isin(labels, np.unique(labels[deep])) & changed


def _edge_px(mask: Mask) -> float:
    return max(_LEAST_EDGE_PX, _EDGE_SHARE * float(max(mask.shape)))
