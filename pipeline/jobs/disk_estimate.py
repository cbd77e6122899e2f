"""An estimate of the bytes a job will write; it reads no disk."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.storage.disk import MEGABYTE
from pipeline.video_io.outputs import registry

_MASTER, _MASKS, _CACHE = 0.1, 0.01, 0.6
"""Generous bytes a pixel of what a job keeps beside its outputs, from measured clips."""


def estimate_bytes(
    size_wh: tuple[int, int], frame_count: int, outputs: Sequence[str], *, with_cache: bool = False
) -> int:
    """Return the bytes a job will write at most, for the usual clip.

    Args:
        with_cache: the engine keeps its unfinished work on disk, so that it can resume.
    """
    pixels = size_wh[0] * size_wh[1] * frame_count
    kept = _MASTER + _MASKS + (_CACHE if with_cache else 0.0)
    return int(pixels * kept) + registry.estimate_bytes(pixels, outputs) + MEGABYTE
