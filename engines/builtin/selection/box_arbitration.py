"""What the mask without networks settles where foreground networks disagree about a drawn box, or show more than its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from engines.builtin.selection.box_content import share_outside
from engines.builtin.selection.box_sides import distances_of
from utils.mask_utils import components
from utils.types import FloatMap, IntBox, Mask

_AGREES = 5.0
"""How many times as much of what all networks show, as of what none shows, a mask without networks covers at least, so that
it may judge between them."""
_UNDISPUTED = 0.7
"""Share of what networks show and it does not dispute from which on a mask without networks alone says what is another's: one that
lacks a jacket is no judge of its lapel."""
_LEAST_PART = 0.02
"""Share of what a network shows in a box from which on a part of it is judged."""
_COVERED = 0.8
"""Share of a part in the mask without networks from which on that has it too."""
_ENDS, _GOES_ON = 0.1, 0.5
"""Share of foreground beside a part, outside the box, up to which it ends there, and from which on it goes on."""
_NEEDED = 0.04
"""Distance from a side, as a share of the box's size, by which a part that is the object's may bring it nearer."""
_FOREGROUND = 0.5
_DENIED = -4.0
"""Log odds of what is another object's, at most."""


class BoxArbitration:
    """What networks show in one drawn box.

    A network may know a part of the target alone, such as a penguin's black one, and another one all of it; or one shows
    what is behind the target as well. Edges and colours tell these apart.
    """

    def __init__(
        self,
        evidence: Sequence[FloatMap],
        answers: Sequence[FloatMap],
        box: IntBox,
        contents: Callable[[], Sequence[FloatMap]] = tuple,
    ) -> None:
        """Prepare for a box.

        Args:
            evidence: weighted log odds of networks that fit the box alike, float32 (h, w).
            answers: networks' answers that show how foreground goes on outside the box, float32 (h, w) in [0, 1].
            box: the box.
            contents: gives networks' answers on the box's content alone, of the same form; asked only where they decide.
        """
        self._contents = contents
        self._evidence = evidence
        self._answers = [answer > _FOREGROUND for answer in answers]
        self._box = box
        self._inside: Mask = np.zeros(evidence[0].shape, dtype=bool)
        self._inside[box[1] : box[3], box[0] : box[2]] = True
        self._shown = [(one > 0) & self._inside for one in evidence]
        self._by_all = np.logical_and.reduce(self._shown)
        self._by_any = np.logical_or.reduce(self._shown)

    def is_open(self) -> bool:
        """Tell whether a mask without networks may change something."""
        if any(True for _ in self._parts(self._by_any & ~self._by_all)):
            return True
        return bool(self._by_any.any()) and self._beside(self._by_any) >= _ENDS

    def settled(self, alone: Mask) -> FloatMap:
        """Return log odds, float32 (h, w), of networks by a mask without them, bool (h, w): the least, but for two kinds of parts.

        What one network shows and another one denies counts where the mask has it too and it ends with the box. What the
        mask lacks and goes on outside the box is another object's, unless the mask would miss a side without it.
        """
        least: FloatMap = np.minimum.reduce(self._evidence)
        if not self._is_judge(alone):
            return least
        log_odds, most = least.copy(), np.maximum.reduce(self._evidence)
        for shown in self._shown:
            for part in self._parts(shown & ~self._by_all):
                if alone[part].mean() >= _COVERED and self._beside(part) <= _ENDS:
                    log_odds[part] = most[part]
        others = self._of_others((log_odds > 0) & self._inside, alone)
        log_odds[others] = np.minimum(log_odds[others], np.float32(_DENIED))
        return log_odds

    def _of_others(self, found: Mask, alone: Mask) -> Mask:
        """Return what of a mask, bool (h, w), is another object's by the mask without networks.

        Where that lacks much else, networks must deny it too on the box's content alone, which what is behind a target fills.
        """
        parts = [
            part
            for part in self._parts(found & ~alone)
            if self._beside(part) >= _GOES_ON and not self._is_needed(part, found | alone)
        ]
        others: Mask = np.logical_or.reduce([np.zeros_like(found), *parts])
        undisputed = alone[found & ~others]
        if parts and (not undisputed.size or undisputed.mean() < _UNDISPUTED):
            contents = self._contents()
            for part in parts:
                if any((content[part] > _FOREGROUND).mean() >= _COVERED for content in contents):
                    others &= ~part
        return others

    def _is_judge(self, alone: Mask) -> bool:
        shown, denied = alone[self._by_all], alone[self._inside & ~self._by_any]
        return bool(shown.size) and shown.mean() >= _AGREES * (
            denied.mean() if denied.size else 0.0
        )

    def _parts(self, mask: Mask) -> Iterator[Mask]:
        names, areas = components(mask)
        least = _LEAST_PART * np.count_nonzero(self._by_any)
        for name in range(1, len(areas)):
            if areas[name] >= least:
                yield names == name

    def _beside(self, part: Mask) -> float:
        """Return how far foreground goes on outside the box beside a part, in [0, 1], by what shows that part."""
        shares = [
            share_outside(part, answer, self._inside)
            for answer in self._answers
            if answer[part].mean() > _FOREGROUND
        ]
        return max(shares, default=0.0)

    def _is_needed(self, part: Mask, found: Mask) -> bool:
        """Tell whether a part alone brings a mask to a side as near as it comes to most others, since boxes may be drawn large."""
        before, after = (distances_of(mask, self._box) for mask in (found, found & ~part))
        others = (np.median(np.delete(after, side)) for side in range(len(after)))
        gaps = (a - max(b, c) for a, b, c in zip(after, before, others, strict=True))
        return any(gap > _NEEDED for gap in gaps)
