"""Distractors: other foreground objects that a network sees beside the target."""

from __future__ import annotations

import numpy as np

from engines.builtin.vision.flow import sample_at
from utils.mask_utils import component_sums, components, dilate, erode, keep_components
from utils.types import FloatImage, FloatMap, Mask

_EDGE = 2
"""Pixels beside the contour that may be the target's own."""
_RIM = 3
"""Half width up to which foreground beside the target is an error of the contour, and no other object."""
_FOREGROUND = 0.5
"""Answer from which on a network shows foreground."""
_BACKGROUND = 0.25
_TARGET = 0.75
"""Shares of the target in a pixel's origin from which on it is known to be background or target."""
_KNOWN_SHARE = 0.5
"""Share of a part's pixels known as background or distractor from which all of it is a distractor."""
_PRESENT = 0.01
"""Area of distractors, as a share of the target's, from which a clip is known to show any."""
_DECAY = 0.97
"""Share of what is remembered of distractors that stays at each new frame."""
_TOUCH = 4
"""Pixels from the target within which a distractor may go behind it."""
_GONE = 0.4, 0.8
"""Shares of the distractors' area from which some, and all, of it counts as occluded: answers differ by less."""
_LARGE = 0.5
"""Area, as a share of the target's confirmed one, from which distractors can be said to have gone behind it."""
_DOUBTED = 0.05
"""Area of distractors, as a share of the target's, at which a part of unknown origin counts half."""


class DistractorMemory:
    """Remembers along the flow where the network's foreground was not the target's.

    A network is wrong by whole objects, not by pixels: what comes out from behind the target joined
    to a distractor belongs to the distractor, however well the network was right at that contour before.
    """

    def __init__(self, answer: FloatMap, mask: Mask) -> None:
        """Start from a confirmed frame's answer, float32 (h, w) in [0, 1], and mask, bool (h, w)."""
        self._found = _outside(answer, mask)
        self._memory = self._found.astype(np.float32)
        self._carried: tuple[FloatImage, FloatMap] | None = None
        self._largest_share = _share(self._found, mask)
        self._area = self._largest_area = 0.0
        self._target_area = max(1.0, float(np.count_nonzero(mask)))
        self._contact = 0.0

    def restarted(self, answer: FloatMap, mask: Mask) -> DistractorMemory:
        """Return the memory of another place, of the same arguments: what was seen is forgotten, the doubt is not."""
        other = DistractorMemory(answer, mask)
        other._largest_share = max(other._largest_share, self._largest_share)
        return other

    @property
    def is_present(self) -> bool:
        """True once the clip has shown distractors."""
        return self._largest_share >= _PRESENT

    @property
    def doubt(self) -> float:
        """Doubt in foreground of unknown origin, in [0, 1]: 0 in a clip without distractors."""
        return self._largest_share / (_DOUBTED + self._largest_share)

    @property
    def occluded(self) -> float:
        """How much of the distractors has lately gone behind the target, in [0, 1].

        By the area that is left of them since one of them touched it. One in front of the target stays in sight, and
        what comes to light beside it is the target's own.
        """
        if self._largest_area < _LARGE * self._target_area:
            return 0.0
        some, whole = _GONE
        gone = self._contact * (1.0 - self._area / self._largest_area)
        return float(np.clip((gone - some) / (whole - some), 0.0, 1.0))

    def support(
        self,
        answer: FloatMap,
        expected: Mask,
        origin: FloatMap,
        to_previous: FloatImage,
        missing: float = 0.0,
    ) -> FloatMap:
        """Return how far the network's foreground speaks for the target at each pixel, float32 (h, w) in [0, 1].

        0 on a distractor; less than 1 outside the expected target in a clip that has shown distractors.

        Args:
            answer: the network's of the frame, float32 (h, w) in [0, 1].
            expected: the target's last mask warped to the frame, bool (h, w).
            origin: the target's share in each pixel's origin in the confirmed frame, float32 (h, w).
            to_previous: flow to the frame that was confirmed or followed last, float32 (h, w, 2).
            missing: area of the target that is not in `expected`, in pixels.
        """
        remembered = self._memory_along(to_previous) > _FOREGROUND
        parts = _outside(answer, expected)
        apart = _apart(parts, answer, expected)
        if not self.is_present or np.count_nonzero(parts & ~apart) <= missing:
            # What joins the target is a part of it that was lost, if nothing else was seen so far or if
            # as much of the target is missing.
            parts = apart
        found = parts
        if parts.any():
            names, areas = components(parts)
            known = component_sums(remembered | (origin < _BACKGROUND), names, areas)
            found = keep_components(parts, known > _KNOWN_SHARE * areas, names)
        around = dilate(found, _EDGE) & ~expected
        self._found = np.asarray(around | (remembered & (origin < _TARGET)))
        self._largest_share = max(self._largest_share, _share(found, expected))
        self._note(np.asarray(self._found & (answer > _FOREGROUND)), expected)
        unknown = ~dilate(expected, _EDGE) & (origin < _TARGET)
        support = np.where(unknown, np.float32(1.0 - self.doubt), np.float32(1.0))
        support[self._found] = 0.0
        return np.asarray(support, dtype=np.float32)

    def follow(self, mask: Mask, to_previous: FloatImage) -> None:
        """Advance to the frame `support` was asked about; its estimated mask of the target, bool (h, w)."""
        before = np.float32(_DECAY) * self._memory_along(to_previous)
        self._carried = None
        self._largest_area *= _DECAY
        self._contact *= _DECAY
        seen = self._found & ~dilate(mask, _EDGE)
        self._memory = np.maximum(before, seen.astype(np.float32))

    def _note(self, shown: Mask, expected: Mask) -> None:
        """Note the area of the distractors that are shown, bool (h, w), and whether they touch the expected target."""
        shown = shown & ~expected
        self._area = float(np.count_nonzero(shown))
        self._largest_area = max(self._largest_area, self._area)
        if (shown & dilate(expected, _TOUCH)).any():
            self._contact = 1.0

    def _memory_along(self, to_previous: FloatImage) -> FloatMap:
        """Return the memory at the frame that the flow comes from: `support` and `follow` share it."""
        if self._carried is None or self._carried[0] is not to_previous:
            self._carried = to_previous, sample_at(self._memory, to_previous)
        return self._carried[1]

    def amend(self, answer: FloatMap, mask: Mask, weight: FloatMap) -> None:
        """Learn the frame followed last again, from a corrected mask, bool (h, w), where `weight` is above one half.

        What it took away is remembered there, but is no reason to doubt the network elsewhere: it was the tracker that
        took it for the target.
        """
        self._carried = None
        confirmed = weight > 0.5
        found = _outside(answer, mask) & confirmed
        self._found = np.asarray(np.where(confirmed, found, self._found))
        self._memory = np.where(confirmed, found, self._memory).astype(np.float32)


def _outside(answer: FloatMap, mask: Mask) -> Mask:
    """Return the parts of foreground outside a mask, bool (h, w), that are no mere rim of it."""
    outside = np.asarray((answer > _FOREGROUND) & ~dilate(mask, _EDGE))
    if not outside.any():
        return outside
    names, areas = components(outside)
    return keep_components(outside, component_sums(erode(outside, _RIM), names, areas) > 0, names)


def _apart(parts: Mask, answer: FloatMap, expected: Mask) -> Mask:
    """Return the parts, bool (h, w), of foreground that nowhere joins the expected target."""
    if not parts.any():
        return parts
    whole, sizes = components(answer > _FOREGROUND)
    return keep_components(parts, component_sums(expected, whole, sizes) == 0, whole)


def _share(found: Mask, target: Mask) -> float:
    return float(np.count_nonzero(found)) / max(float(np.count_nonzero(target)), 1.0)
