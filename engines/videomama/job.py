"""Runs one clip through VideoMaMa: order of the steps, progress, eviction from memory.

The chunk to be decoded next pulls what it needs. So the first alphas are early, memory does not grow
with the clip, and what is cached is not computed again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.base import FrameSource, MattedFrame, RunContext
from engines.videomama.batch_size import BatchLimits
from engines.videomama.cache import WorkCache, make_key
from engines.videomama.decode import FULL, ChunkDecoder
from engines.videomama.geometry import alpha_to_source, plan_geometry
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.latents import ClipInput, LatentStore
from engines.videomama.masks import ClipMasks
from engines.videomama.networks import Networks
from engines.videomama.options import JobOptions
from engines.videomama.plan import Chunk, Span, plan_clip
from engines.videomama.runtime import JobRuntime
from engines.videomama.unet import WindowPredictor
from utils.types import Alpha

PROTOCOL_VERSION = 1
"""Increase it when the same inputs give other results: it invalidates cached records."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Networks, and an identity of their weights, device and precision for cache keys."""

    networks: Networks
    identity: object


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """Device bytes the run may use (None: enough), and disk bytes that the cache leaves free."""

    device_bytes: int | None
    disk_reserve_bytes: int = 0


class ClipJob:
    """One run over one clip; only the cache folder outlives it."""

    def __init__(
        self,
        model: LoadedModel,
        frames: FrameSource,
        masks: ClipMasks,
        options: JobOptions,
        context: RunContext,
        space: FreeSpace,
    ) -> None:
        """Plan the run; no network is called here."""
        self._masks = masks
        self._context = context
        self.geometry = plan_geometry(frames.size_wh, masks.box, options.pixel_budget)
        empty = [masks.is_empty(frame) for frame in range(len(masks))]
        self.plan = plan_clip(empty, options.window, options.overlap, options.decode_context)
        longest = len(self.plan.windows[0])
        self.limits = BatchLimits(
            longest,
            self.geometry.canvas_pixels,
            model.networks.value_bytes,
            space.device_bytes,
            options.decode_context,
        )
        folder = context.cache_dir / "videomama" if context.cache_dir is not None else None
        self.cache = WorkCache(folder, space.disk_reserve_bytes)
        guarded = GuardedCalls(model.networks, context.on_notice)
        runtime = JobRuntime(model.networks, guarded, self.cache, self.limits)
        model_key = make_key(PROTOCOL_VERSION, model.identity)
        plan_key = make_key(model_key, len(masks), options.window, options.overlap)
        clip = ClipInput(frames, masks, self.geometry, options.hard_mask)
        self._latents = LatentStore(runtime, clip, model_key)
        self._predictor = WindowPredictor(runtime, self._latents, self.plan, options.seed, plan_key)
        self._decoder = ChunkDecoder(runtime, self._predictor, self.plan)
        self._done = 0
        self._last_window = -1

    def run(self) -> Iterator[MattedFrame]:
        """Yield the alpha of every frame in ascending order; see `MattingEngine.process`."""
        self._notify_reduced_limits()
        self._step(0)
        try:
            position = 0
            for chunk in self.plan.chunks:
                yield from self._zeros(Span(position, chunk.kept.start))
                yield from self._chunk(chunk)
                position = chunk.kept.stop
                self._evict(chunk)
            yield from self._zeros(Span(position, len(self._masks)))
        finally:
            self._latents.close()

    def _chunk(self, chunk: Chunk) -> Iterator[MattedFrame]:
        needed = self.plan.covering(chunk.with_context)
        for index in needed:
            self._ingest_window(self.plan.windows[index])
        alphas = self._decoder.cached(chunk)
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

    def _ingest_window(self, span: Span) -> None:
        for frame in span:
            if not self._latents.is_ingested(frame):
                self._latents.ingest(frame)
                self._step()

    def _zeros(self, span: Span) -> Iterator[MattedFrame]:
        for frame in span:
            self._context.check_cancelled()
            yield MattedFrame(frame, np.zeros(self.geometry.source_hw, np.float32))

    def _finished(self, frame: int, alpha: npt.NDArray[np.uint16]) -> Alpha:
        if self._masks.is_empty(frame):
            return np.zeros(self.geometry.source_hw, np.float32)
        return alpha_to_source(alpha.astype(np.float32) / np.float32(FULL), self.geometry)

    def _evict(self, chunk: Chunk) -> None:
        """Drop from memory what no later chunk needs."""
        next_frame = chunk.kept.stop - chunk.context
        later = [index for index in self.plan.active if self.plan.windows[index].stop > next_frame]
        self.cache.evict_before("windows", later[0] if later else len(self.plan.windows))
        unpredicted = [index for index in self.plan.active if index > self._last_window]
        start = self.plan.windows[unpredicted[0]].start if unpredicted else len(self._masks)
        self.cache.evict_before("latents", start)

    def _step(self, units: int = 1) -> None:
        self._done += units
        self._context.report("matte", self._done, self.plan.units)

    def _notify_reduced_limits(self) -> None:
        if self.plan.active and self.limits.is_reduced(len(self.plan.windows[0])):
            self._context.on_notice(self.limits.notice)
