"""Alphas in frame order from an engine that works backwards first; memory stays flat."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from engines.base import MattedFrame
from utils.alpha_levels import AlphaLevels, to_levels
from utils.errors import EngineError


def in_order(
    matted: Iterable[MattedFrame],
    frame_count: int,
    size_wh: tuple[int, int],
    spool: Path,
    name: str,
    first: int = 0,
) -> Iterator[tuple[AlphaLevels, float]]:
    """Yield (alpha levels (H, W), confidence) of frames 0 … frame_count-1 in order.

    Frames that come early wait in the folder `spool`, compressed; it is removed at the end.

    Args:
        name: the engine's name, for the error text.
        first: the clip's frame that frame 0 is, for the error text.

    Raises:
        EngineError: an alpha is of another size, has a value that is not finite, or the engine gave a
            frame twice, one too many or one too few.
    """
    waiting: dict[int, float] = {}
    wanted = 0
    try:
        for item in matted:
            alpha = _checked(item, size_wh, name, first)
            if not wanted <= item.index < frame_count or item.index in waiting:
                raise EngineError(
                    "engine.bad_alpha",
                    name=name,
                    frame=item.index + first,
                    problem=f"{item.index} / {frame_count}",
                )
            if item.index != wanted:
                spool.mkdir(parents=True, exist_ok=True)
                (spool / f"{item.index}.z").write_bytes(zlib.compress(alpha.tobytes(), 1))
                waiting[item.index] = item.confidence
                continue
            yield alpha, item.confidence
            wanted += 1
            while wanted in waiting:
                yield _take(spool, wanted, size_wh), waiting.pop(wanted)
                wanted += 1
        if wanted != frame_count:
            raise EngineError("job.frames_missing", got=wanted + len(waiting), wanted=frame_count)
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def _checked(item: MattedFrame, size_wh: tuple[int, int], name: str, first: int) -> AlphaLevels:
    height_width, frame = (size_wh[1], size_wh[0]), item.index + first
    if item.alpha.shape != height_width:
        raise EngineError("engine.bad_alpha", name=name, frame=frame, problem=f"{item.alpha.shape}")
    if not np.isfinite(item.alpha).all():
        raise EngineError("engine.bad_alpha", name=name, frame=frame, problem="NaN")
    return to_levels(item.alpha)


def _take(spool: Path, index: int, size_wh: tuple[int, int]) -> AlphaLevels:
    path = spool / f"{index}.z"
    pixels = zlib.decompress(path.read_bytes())
    path.unlink()
    return np.frombuffer(pixels, np.uint16).reshape(size_wh[1], size_wh[0])
