"""The masks of a clip, each read once and held as compressed bits: a few kB a frame."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np

from utils.errors import UnusablePrompt
from utils.types import Mask

Box: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, half-open."""


class ClipMasks:
    """All masks of a clip, which of them are empty, and the boxes around them."""

    def __init__(
        self,
        guide: Mapping[int, Mask],
        frames: int,
        size_wh: tuple[int, int],
        before_each: Callable[[], None] = lambda: None,
        first: int = 0,
    ) -> None:
        """Read each mask of the guide once.

        Args:
            guide: masks by frame index, bool (H, W); may read from disk.
            frames: length of the clip.
            size_wh: width and height that every mask must have.
            before_each: called before each mask, to check for a cancel.
            first: number that frame 0 has in the clip, for errors' texts.

        Raises:
            UnusablePrompt: a mask is missing or of another size.
        """
        self._shape = (size_wh[1], size_wh[0])
        self._packed: list[bytes] = []
        self._boxes: list[Box | None] = []
        self._first = first
        for index in range(frames):
            before_each()
            self._add(index, self._mask_of(guide, index))

    def __len__(self) -> int:
        return len(self._packed)

    def box_around(self, frames: Iterable[int]) -> Box | None:
        """Return the box around the masks of the frames; None where all of them are empty."""
        boxes = [box for box in map(self._boxes.__getitem__, frames) if box is not None]
        if not boxes:
            return None
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    def is_empty(self, index: int) -> bool:
        """Return whether the frame's mask has no pixel set."""
        return self._boxes[index] is None

    def mask(self, index: int) -> Mask:
        """Return the frame's mask, bool (H, W)."""
        bits = np.frombuffer(zlib.decompress(self._packed[index]), np.uint8)
        count = self._shape[0] * self._shape[1]
        return np.unpackbits(bits, count=count).reshape(self._shape).astype(bool)

    def digest(self, index: int) -> bytes:
        """Return a digest of the frame's mask."""
        return hashlib.blake2b(self._packed[index], digest_size=16).digest()

    def _add(self, index: int, mask: Mask) -> None:
        if mask.shape != self._shape:
            raise UnusablePrompt(
                "prompt.mask_size",
                detail=f"frame {index + self._first}",
                mask_width=mask.shape[-1] if mask.ndim else 0,
                mask_height=mask.shape[0] if mask.ndim else 0,
                width=self._shape[1],
                height=self._shape[0],
            )
        self._packed.append(zlib.compress(np.packbits(mask).tobytes(), 1))
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            self._boxes.append(None)
            return
        columns = np.flatnonzero(mask.any(axis=0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        self._boxes.append(box)

    def _mask_of(self, guide: Mapping[int, Mask], index: int) -> Mask:
        try:
            mask = np.asarray(guide[index])
        except KeyError as error:
            raise UnusablePrompt("engine.mask_missing", frame=index + self._first) from error
        return mask if mask.dtype == np.bool_ else mask > 127
