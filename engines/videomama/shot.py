"""Runs one shot through VideoMaMa: encode, predict windows, decode, and drop what is no longer needed.

The chunk to be decoded next pulls what it needs. So the first alphas are early, memory does not grow
with the clip, and what is cached is not computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engines.base import MattedFrame
from engines.videomama import cost
from engines.videomama.cache import make_key
from engines.videomama.decode import FULL, ChunkDecoder
from engines.videomama.geometry import Geometry, alpha_to_source, plan_geometry
from engines.videomama.latents import LatentStore, ShotInput
from engines.videomama.masks import ClipMasks
from engines.videomama.options import JobOptions
from engines.videomama.plan import Chunk, ShotPlan, Span, plan_shot, split_at_cuts
from engines.videomama.runtime import JobRuntime
from engines.videomama.unet import WindowPredictor
from utils.types import Alpha


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames with no cut among them: they share a crop and windows, which no frame of another shot joins."""

    frames: Span
    geometry: Geometry
    plan: ShotPlan

    @property
    def flop(self) -> float:
        """Operations of the published weights for this shot."""
        return cost.shot_flop(self.geometry.canvas_pixels, self.plan)


def plan_shots(
    masks: ClipMasks, size_wh: tuple[int, int], cuts: Sequence[int], options: JobOptions
) -> tuple[Shot, ...]:
    """Return the shots of a clip, each with the crop around its own masks.

    Args:
        masks: of the clip.
        size_wh: width and height of its frames.
        cuts: frames that begin a new scene.
        options: of the job.
    """
    empty = [masks.is_empty(frame) for frame in range(len(masks))]
    return tuple(
        Shot(
            frames,
            plan_geometry(size_wh, masks.box_around(frames), options.pixel_budget),
            plan_shot(empty, frames, options.window, options.overlap, options.decode_context),
        )
        for frames in split_at_cuts(len(masks), cuts)
    )


class ShotRun:
    """One run over one shot.

    Args:
        shot: its plan.
        runtime: networks, cache and batch limits; the limits are this shot's.
        inputs: frames and masks of the clip, mapped to the shot's canvas.
        options: of the job.
        model_key: of the model and the protocol.
        step: called after each frame encoded, window predicted and frame decoded; checks for a cancel.
    """

    def __init__(
        self,
        shot: Shot,
        runtime: JobRuntime,
        inputs: ShotInput,
        options: JobOptions,
        model_key: bytes,
        step: Callable[[], None],
    ) -> None:
        self._shot = shot
        self._cache = runtime.cache
        self._masks = inputs.masks
        self._step = step
        self._latents = LatentStore(runtime, inputs, model_key)
        plan_key = make_key(model_key, shot.frames, options.window, options.overlap)
        self._predictor = WindowPredictor(runtime, self._latents, shot.plan, options, plan_key)
        self._decoder = ChunkDecoder(runtime, self._predictor, shot.plan)
        self._last_window = -1

    def run(self) -> Iterator[MattedFrame]:
        """Yield the alpha of every frame of the shot in ascending order."""
        position = self._shot.frames.start
        for chunk in self._shot.plan.chunks:
            yield from self._zeros(Span(position, chunk.kept.start))
            yield from self._chunk(chunk)
            position = chunk.kept.stop
            self._evict(chunk)
        yield from self._zeros(Span(position, self._shot.frames.stop))

    def _chunk(self, chunk: Chunk) -> Iterator[MattedFrame]:
        plan = self._shot.plan
        needed = plan.covering(chunk.with_context)
        for index in needed:
            self._ingest_window(plan.windows[index])
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
            yield MattedFrame(frame, np.zeros(self._shot.geometry.source_hw, np.float32))

    def _finished(self, frame: int, alpha: npt.NDArray[np.uint16]) -> Alpha:
        geometry = self._shot.geometry
        if self._masks.is_empty(frame):
            return np.zeros(geometry.source_hw, np.float32)
        return alpha_to_source(alpha.astype(np.float32) / np.float32(FULL), geometry)

    def _evict(self, chunk: Chunk) -> None:
        """Drop from memory what no later chunk needs."""
        plan = self._shot.plan
        next_frame = chunk.kept.stop - chunk.context
        later = [index for index in plan.active if plan.windows[index].stop > next_frame]
        self._cache.evict_before("windows", later[0] if later else len(plan.windows))
        unpredicted = [index for index in plan.active if index > self._last_window]
        start = plan.windows[unpredicted[0]].start if unpredicted else self._shot.frames.stop
        self._cache.evict_before("latents", start)
