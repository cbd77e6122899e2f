"""Masks of a session on disk: 1-bit PNGs, one a frame."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from utils.partial_names import own_partial_path
from utils.types import Mask


class MaskFolder(Mapping[int, Mask]):
    """Masks on disk by frame number, `000000.png` and on, each read when asked for."""

    def __init__(self, folder: Path, first: int = 0) -> None:
        self._folder = folder
        self._first = first

    def path(self, index: int) -> Path:
        """The file of a frame, counted from the range's first."""
        return self._folder / f"{index + self._first:06d}.png"

    def __getitem__(self, index: int) -> Mask:
        try:
            return read_mask(self.path(index))
        except FileNotFoundError as error:
            raise KeyError(index) from error

    def __contains__(self, index: object) -> bool:
        return isinstance(index, int) and self.path(index).is_file()

    def __iter__(self) -> Iterator[int]:
        return iter(
            sorted(int(path.stem) - self._first for path in self._folder.glob("*[0-9].png"))
        )

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("*[0-9].png"))


def read_mask(path: Path) -> Mask:
    """Read a mask PNG of ours; return bool (H, W)."""
    with Image.open(path) as image:
        mask: Mask = np.asarray(image.convert("L")) > 127
    return mask


def write_mask(path: Path, mask: Mask) -> None:
    """Write a mask, bool (H, W), as a 1-bit PNG, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = own_partial_path(path)
    try:
        Image.fromarray(mask).save(temporary, format="PNG", compress_level=1)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
