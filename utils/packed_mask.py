"""A mask that is kept for later, in little memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from utils.types import Mask


@dataclass(frozen=True, slots=True)
class PackedMask:
    """A mask in an eighth of its memory: `bits` has its rows' pixels one after another, `shape` is its (H, W)."""

    bits: npt.NDArray[np.uint8]
    shape: tuple[int, int]

    @classmethod
    def of(cls, mask: Mask) -> PackedMask:
        """Return a mask, bool (H, W), packed."""
        return cls(np.packbits(mask), (mask.shape[0], mask.shape[1]))

    def unpacked(self) -> Mask:
        """Return the mask, bool (H, W), as an array of its own."""
        height, width = self.shape
        return np.unpackbits(self.bits, count=height * width).reshape(self.shape).astype(bool)
