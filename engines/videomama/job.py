"""Runs one clip through VideoMaMa, shot by shot: plans them, counts progress, reads the clip once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engines.base import FrameSource, MattedFrame, RunContext
from engines.videomama.batch_size import BatchLimits
from engines.videomama.cache import WorkCache, make_key
from engines.videomama.guarded_call import GuardedCalls
from engines.videomama.inputs import FrameReader
from engines.videomama.latents import ShotInput
from engines.videomama.masks import ClipMasks
from engines.videomama.networks import Networks
from engines.videomama.options import JobOptions
from engines.videomama.runtime import JobRuntime
from engines.videomama.shot import Shot, ShotRun, plan_shots

PROTOCOL_VERSION = 2
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
        self._model = model
        self._masks = masks
        self._options = options
        self._context = context
        self._space = space
        self._reader = FrameReader(frames, context.first)
        self.shots = plan_shots(masks, frames.size_wh, context.cuts, options)
        folder = context.cache_dir / "videomama" if context.cache_dir is not None else None
        self.cache = WorkCache(folder, space.disk_reserve_bytes)
        self._guarded = GuardedCalls(model.networks, context)
        self._key = make_key(PROTOCOL_VERSION, model.identity)
        self._units = sum(shot.plan.units for shot in self.shots)
        self._done = 0
        self._is_told = False

    @property
    def flop(self) -> float:
        """Operations of the published weights for this clip."""
        return sum(shot.flop for shot in self.shots)

    def run(self) -> Iterator[MattedFrame]:
        """Yield the alpha of every frame in ascending order; see `MattingEngine.process`."""
        self._context.report("matte", 0, self._units)
        try:
            for shot in self.shots:
                for matted in self._run_of(shot).run():
                    self._context.check_cancelled()
                    yield matted
        finally:
            self._reader.close()

    def _run_of(self, shot: Shot) -> ShotRun:
        limits = self._limits(shot)
        runtime = JobRuntime(self._model.networks, self._guarded, self.cache, limits)
        inputs = ShotInput(self._reader, self._masks, shot.geometry, self._options.hard_mask)
        return ShotRun(shot, runtime, inputs, self._options, self._key, self._step)

    def _limits(self, shot: Shot) -> BatchLimits:
        """Return the batch limits of a shot; the user is told once where they are below the options."""
        longest = len(shot.plan.windows[0])
        limits = BatchLimits(
            longest,
            shot.geometry.canvas_pixels,
            self._model.networks.value_bytes,
            self._space.device_bytes,
            self._options.decode_context,
        )
        if shot.plan.active and limits.is_reduced(longest) and not self._is_told:
            self._is_told = True
            self._context.on_notice(limits.notice)
        return limits

    def _step(self) -> None:
        self._done += 1
        self._context.report("matte", self._done, self._units)
