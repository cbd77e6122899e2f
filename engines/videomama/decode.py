"""Decodes blended latents to alpha in chunks, each with context frames that are discarded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.videomama.cache import make_key
from engines.videomama.plan import Chunk, ShotPlan, Span, split
from engines.videomama.runtime import JobRuntime
from engines.videomama.unet import WindowPredictor

FULL = 65535
"""Alpha is quantised to 16 bit, cached or not, so that a resumed job is bit-identical."""


class ChunkDecoder:
    """Alphas of the canvas by chunk, through the cache."""

    def __init__(self, runtime: JobRuntime, predictor: WindowPredictor, plan: ShotPlan) -> None:
        self._runtime = runtime
        self._predictor = predictor
        self._plan = plan

    def cached(self, chunk: Chunk) -> list[npt.NDArray[np.uint16]] | None:
        """Return the chunk's alphas where the cache holds all of them, else None."""
        key = self._key(chunk)
        found = []
        for frame in chunk.kept:
            array = self._runtime.cache.get("alpha", frame, key, keep=False)
            if array is None:
                return None
            found.append(array.astype(np.uint16))
        return found

    def decode(self, chunk: Chunk) -> list[npt.NDArray[np.uint16]]:
        """Return the chunk's alphas, uint16 (H, W) with 65535 for 1, and cache them."""
        latents = self._predictor.blended(chunk.with_context)

        def decode() -> npt.NDArray[np.float32]:
            size = self._runtime.limits.decode
            pieces = []
            for piece in split(chunk.kept, size.frames):
                around = piece.widened(size.context, chunk.with_context)
                alpha = self._runtime.networks.decode(latents[_within(around, chunk.with_context)])
                pieces.append(alpha[_within(piece, around)])
            return np.concatenate(pieces)

        alpha = self._runtime.guarded.run(
            chunk.kept.start,
            decode,
            self._runtime.limits.shrink_decode,
            lambda: self._runtime.limits.notice,
        )
        made = list(np.rint(alpha * FULL).astype(np.uint16))
        key = self._key(chunk)
        for frame, array in zip(chunk.kept, made, strict=True):
            self._runtime.cache.put("alpha", frame, key, array, keep=False)
        return made

    def _key(self, chunk: Chunk) -> bytes:
        windows = self._plan.covering(chunk.with_context)
        return make_key("alpha", chunk, *(self._predictor.key(index) for index in windows))


def _within(span: Span, outer: Span) -> slice:
    return slice(span.start - outer.start, span.stop - outer.start)
