"""One clip through VideoMaMa: the order of the steps, progress, and what may be forgotten when.

Work is pulled by the chunk that is to be decoded next. So the first alphas leave early, memory does
not grow with the clip, and what the cache holds already is never asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.base import FrameSource, MattedFrame, RunContext
from engines.videomama.batch_size import Room
from engines.videomama.cache import WorkCache, make_key
from engines.videomama.decode import FULL, ChunkDecoder
from engines.videomama.geometry import alpha_to_source, plan_geometry
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.latents import LatentStore
from engines.videomama.masks import MaskBook
from engines.videomama.networks import Networks
from engines.videomama.plan import DECODE_CONTEXT, Chunk, Span, plan_clip
from engines.videomama.unet import WindowPredictor
from utils.types import Alpha

PROTOCOL_VERSION = 1
"""Raise it when the same inputs give other results: it invalidates what jobs have cached."""


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What `process` was asked for; see `VideoMaMaEngine.option_specs`."""

    pixel_budget: int
    window: int
    overlap: int
    seed: int
    hard_mask: bool


class ClipJob:
    """One run over one clip; nothing of it outlives it but what the cache folder keeps."""

    def __init__(
        self,
        networks: Networks,
        model_identity: object,
        frames: FrameSource,
        masks: MaskBook,
        options: JobOptions,
        context: RunContext,
        free_bytes: int | None,
        keep_free_bytes: int = 0,
    ) -> None:
        """Plan the run; nothing heavy happens here.

        Args:
            networks: loaded.
            model_identity: tells these weights, on this device, from others.
            frames: the clip.
            masks: its masks.
            options: of the run.
            context: of the job.
            free_bytes: device bytes the run may use; None to assume enough.
            keep_free_bytes: bytes of the disk that the cache leaves free.
        """
        self._masks = masks
        self._context = context
        self.geometry = plan_geometry(frames.size_wh, masks.box, options.pixel_budget)
        empty = [masks.is_empty(frame) for frame in range(len(masks))]
        self.plan = plan_clip(empty, options.window, options.overlap)
        longest = len(self.plan.windows[0])
        self.room = Room(longest, self.geometry.canvas_pixels, networks.value_bytes, free_bytes)
        folder = context.cache_dir / "videomama" if context.cache_dir is not None else None
        self.cache = WorkCache(folder, keep_free_bytes)
        guarded = GuardedCalls(networks, context.on_notice)
        model_key = make_key(PROTOCOL_VERSION, model_identity)
        plan_key = make_key(model_key, len(masks), options.window, options.overlap)
        self._latents = LatentStore(
            networks,
            guarded,
            self.cache,
            frames,
            masks,
            self.geometry,
            options.hard_mask,
            model_key,
        )
        self._predictor = WindowPredictor(
            networks,
            guarded,
            self.cache,
            self._latents,
            self.plan,
            self.room,
            options.seed,
            plan_key,
        )
        self._decoder = ChunkDecoder(
            networks, guarded, self.cache, self._predictor, self.plan, self.room
        )
        self._done = 0
        self._last_window = -1

    def run(self) -> Iterator[MattedFrame]:
        """Yield the alpha of every frame in ascending order; see `MattingEngine.process`."""
        self._tell_small_room()
        self._step(0)
        try:
            position = 0
            for chunk in self.plan.chunks:
                yield from self._blank(Span(position, chunk.kept.start))
                yield from self._chunk(chunk)
                position = chunk.kept.stop
                self._forget(chunk)
            yield from self._blank(Span(position, len(self._masks)))
        finally:
            self._latents.close()

    def _chunk(self, chunk: Chunk) -> Iterator[MattedFrame]:
        needed = self.plan.holding(chunk.wanted)
        for index in needed:
            self._take_in(self.plan.windows[index])
        alphas = self._decoder.kept(chunk)
        for index in needed:
            if alphas is None:
                self._predictor.get(index)
            if index > self._last_window:
                self._last_window = index
                self._step()
        for frame, alpha in zip(
            chunk.kept, self._decoder.decode(chunk) if alphas is None else alphas, strict=True
        ):
            self._step()
            yield MattedFrame(frame, self._finished(frame, alpha))

    def _take_in(self, span: Span) -> None:
        for frame in span:
            if not self._latents.knows(frame):
                self._latents.take_in(frame)
                self._step()

    def _blank(self, span: Span) -> Iterator[MattedFrame]:
        for frame in span:
            self._context.check_cancelled()
            yield MattedFrame(frame, np.zeros(self.geometry.source_hw, np.float32))

    def _finished(self, frame: int, alpha: npt.NDArray[np.uint16]) -> Alpha:
        if self._masks.is_empty(frame):
            return np.zeros(self.geometry.source_hw, np.float32)
        return alpha_to_source(alpha.astype(np.float32) / np.float32(FULL), self.geometry)

    def _forget(self, chunk: Chunk) -> None:
        """Drop from memory what no later chunk needs."""
        next_frame = chunk.kept.stop - DECODE_CONTEXT
        later = [index for index in self.plan.active if self.plan.windows[index].stop > next_frame]
        self.cache.forget_before("windows", later[0] if later else len(self.plan.windows))
        unpredicted = [index for index in self.plan.active if index > self._last_window]
        start = self.plan.windows[unpredicted[0]].start if unpredicted else len(self._masks)
        self.cache.forget_before("latents", start)

    def _step(self, units: int = 1) -> None:
        self._done += units
        self._context.report("matte", self._done, self.plan.units)

    def _tell_small_room(self) -> None:
        if self.plan.active and self.room.is_small(len(self.plan.windows[0])):
            self._context.on_notice(self.room.notice)
