"""Which parts that networks deny are the target's even so: a mask without networks has them, and other evidence agrees."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engines.builtin.selection.box_window import BoxWindow
from engines.builtin.selection.descriptor_cue import Values, log_odds_by_likeness
from utils.mask_utils import components, intersection_over_union
from utils.types import FloatImage, FloatMap, Mask

_LEAST_PART = 0.02
"""Share of both masks from which on a part is judged."""
_COVERED = 0.9
"""Share of a descriptor's cell that lies in a part, from which on it describes that part."""
_DEEP = np.ones((3, 3), dtype=np.uint8)
"""Cells around one that lie in the part too: each descriptor tells of its neighbours as well, such as the arm beside a gap."""
_FEWEST = 4
"""Descriptors from which on they tell of a part, or of what it is compared with."""
_FEWEST_SHALLOW = 2
"""The same of a part too narrow for deep ones, where they are no more than one cue of several."""
_LIKENESS = 3.0
"""Weight of descriptors' log odds beside all other evidence on a part."""
_CLEAR = 2.0
"""Log odds, all in all, from which on a part that networks deny is the target's even so."""
_SAME = 0.6
"""Overlap from which on the two masks are of one object, and differ in parts of it."""


class BoxParts:
    """The parts of a drawn box that only the mask without networks has.

    Such a mask and networks err in other ways: it takes what has the target's colours, and a network leaves out what is unlike
    the things it knows, such as a dress. Descriptors of a third kind decide between them, or all evidence on a part together:
    each mask's rounds have learned from its own errors.
    """

    def __init__(
        self,
        described: Callable[[], FloatImage | None],
        view: BoxWindow,
        small_wh: tuple[int, int],
    ) -> None:
        """Prepare for a box.

        Args:
            described: gives the picture's descriptors, of length 1, float32 (h', w', C); None without a network.
                Asked only where there is a part to judge.
            view: the box and its crop.
            small_wh: size of the small picture.
        """
        self._described = described
        self._view = view
        self._small_wh = small_wh

    def joined(self, found: Mask, alone: Mask, evidence: FloatMap) -> Mask:
        """Return the networks' mask with the parts of the one without them that are the target's.

        A part is, where inside of it descriptors are more like what both masks have than like anything that both lack; or
        where these masks are of one object and all evidence together clearly speaks for it, on average over the part.

        Args:
            found: mask by all evidence, bool (h, w), of the crop.
            alone: that without networks.
            evidence: sum of what networks and the other evidence say, log odds float32 (h, w).
        """
        names, areas = components(alone & ~found)
        least = _LEAST_PART * np.count_nonzero(alone | found)
        parts = [names == name for name in range(1, len(areas)) if areas[name] >= least]
        grid = self._described() if parts else None
        if grid is None:
            return found
        ours, others = self._inside(found & alone, grid), self._inside(~found & ~alone, grid)
        is_known = min(np.count_nonzero(ours), np.count_nonzero(others)) >= _FEWEST
        is_same = intersection_over_union(found, alone) >= _SAME
        joined = found.copy()
        for part in parts:
            count, likeness = self._likeness(part, grid, ours, others) if is_known else (0, 0.0)
            is_alike = count >= _FEWEST and likeness > 0.0
            odds = float(evidence[part].mean()) + _LIKENESS * likeness
            if is_alike or (is_same and odds > _CLEAR):
                joined |= part
        return joined

    def _likeness(
        self, part: Mask, grid: FloatImage, ours: Mask, others: Mask
    ) -> tuple[int, float]:
        """Return how many deep cells a part has, and how much more like `ours` than `others` it is, as log odds; 0 for unknown."""
        cells = self._inside(part, grid)
        eroded = cv2.erode(
            cells.astype(np.uint8), _DEEP, borderType=cv2.BORDER_CONSTANT, borderValue=0
        )
        deep = eroded > 0
        count = int(np.count_nonzero(deep))
        asked = deep if count >= _FEWEST else cells
        if np.count_nonzero(asked) < _FEWEST_SHALLOW:
            return count, 0.0
        rows: Values = grid[asked]
        return count, float(log_odds_by_likeness(rows @ grid[ours].T, rows @ grid[others].T).mean())

    def _inside(self, mask: Mask, grid: FloatImage) -> Mask:
        """Return the cells of the grid, bool (h', w'), that lie in a mask of the crop; what the crop doesn't show is in none."""
        placed = self._view.placed(mask, self._small_wh).astype(np.float32)
        shares = cv2.resize(placed, grid.shape[1::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(shares > _COVERED)
