"""Blended latents to alpha: chunk by chunk, with context frames that are thrown away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engines.videomama.batch_size import Room
from engines.videomama.cache import WorkCache, make_key
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.networks import Networks
from engines.videomama.plan import Chunk, ClipPlan, Span, split
from engines.videomama.unet import WindowPredictor

FULL = 65535
"""Alpha is kept in 16 bit, cached or not, so that a resumed job gives the very same bits."""


class ChunkDecoder:
    """Alphas of the canvas by chunk, kept in the cache."""

    def __init__(
        self,
        networks: Networks,
        guarded: GuardedCalls,
        cache: WorkCache,
        predictor: WindowPredictor,
        plan: ClipPlan,
        room: Room,
    ) -> None:
        self._networks = networks
        self._guarded = guarded
        self._cache = cache
        self._predictor = predictor
        self._plan = plan
        self._room = room

    def kept(self, chunk: Chunk) -> list[npt.NDArray[np.uint16]] | None:
        """Return the chunk's alphas where the cache holds all of them, else None."""
        key = self._key(chunk)
        found = []
        for frame in chunk.kept:
            array = self._cache.get("alpha", frame, key, keep=False)
            if array is None:
                return None
            found.append(array.astype(np.uint16))
        return found

    def decode(self, chunk: Chunk) -> list[npt.NDArray[np.uint16]]:
        """Return the chunk's alphas, uint16 (H, W) with 65535 for 1, and cache them."""
        latents = self._predictor.blended(chunk.wanted)

        def decode() -> npt.NDArray[np.float32]:
            size = self._room.decode
            pieces = []
            for piece in split(chunk.kept, size.frames):
                around = piece.widened(size.context, chunk.wanted)
                alpha = self._networks.decode(latents[_within(around, chunk.wanted)])
                pieces.append(alpha[_within(piece, around)])
            return np.concatenate(pieces)

        alpha = self._guarded.run(
            chunk.kept.start,
            decode,
            self._room.shrink_decode,
            lambda: self._room.notice,
        )
        made = list(np.rint(alpha * FULL).astype(np.uint16))
        key = self._key(chunk)
        for frame, array in zip(chunk.kept, made, strict=True):
            self._cache.put("alpha", frame, key, array, keep=False)
        return made

    def _key(self, chunk: Chunk) -> bytes:
        windows = self._plan.holding(chunk.wanted)
        return make_key("alpha", chunk, *(self._predictor.key(index) for index in windows))


def _within(span: Span, outer: Span) -> slice:
    return slice(span.start - outer.start, span.stop - outer.start)
