"""Splits a clip into segments, one recurrent core each, and runs them in order.

A core runs in one direction. From the start frame one runs backwards, then another one forwards; a mask on a
later frame of either direction ends its core and seeds the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from engines.base import FrameSource, MattedFrame, RunContext
from engines.matanyone.contract import SeedMask, StreamCore
from utils.errors import EngineError
from utils.prefetch import ahead
from utils.types import Alpha, Frame, Progress


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames first, first + step, … without `stop`, run by one core.

    `is_empty`: the seed mask is empty, the target absent.
    `drops_first`: the backward run from the start frame, whose alpha comes from the forward run.
    """

    first: int
    stop: int
    step: Literal[1, -1]
    is_empty: bool
    drops_first: bool

    @property
    def length(self) -> int:
        """Number of frames the core sees."""
        return abs(self.stop - self.first)

    @property
    def yields(self) -> int:
        """Number of alphas that reach the caller."""
        return self.length - self.drops_first

    def work_units(self, warmup: int) -> int:
        """Return the number of network steps: seed, first prediction, warm-up, further frames."""
        return self.length if self.is_empty else self.length + 1 + warmup


def plan_segments(seeds: Mapping[int, bool], start: int, count: int) -> list[Segment]:
    """Return the segments in running order: backwards from `start`, then forwards.

    Args:
        seeds: for each frame with a mask, whether that mask is empty; contains `start`.
        start: index of the frame that the user confirmed.
        count: number of frames of the clip.
    """
    segments = []
    backward = [start, *sorted((index for index in seeds if index < start), reverse=True)]
    for first, stop in zip(backward, [*backward[1:], -1], strict=True):
        drops_first = first == start
        # Without this, a core would be warmed up for the dropped start frame alone.
        if abs(stop - first) > drops_first:
            segments.append(Segment(first, stop, -1, seeds[first], drops_first))
    forward = [start, *sorted(index for index in seeds if index > start)]
    for first, stop in zip(forward, [*forward[1:], count], strict=True):
        segments.append(Segment(first, stop, 1, seeds[first], drops_first=False))
    return segments


class WorkMeter:
    """Reports finished network steps; a segment that is run again does not count twice."""

    def __init__(self, segments: Sequence[Segment], warmup: int, context: RunContext) -> None:
        self._total = sum(segment.work_units(warmup) for segment in segments)
        self._context = context
        self._reached = 0
        self._position = 0

    def seek(self, position: int) -> None:
        """Continue counting from this number of steps."""
        self._position = position

    def tick(self) -> None:
        """Count one step; raises `Cancelled` when the job was cancelled."""
        self._position += 1
        self._reached = max(self._reached, self._position)
        self._context.report("matte", self._reached, self._total)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs the segments of one job.

    Args:
        frames: the clip.
        segments: from `plan_segments`.
        seed: gives the seed mask of a frame index.
        warmup: extra predictions of each seed frame.
        meter: counts steps.
        label: the engine's name for an error's text.
        first: the clip's frame that frame 0 is, for the same.
    """

    frames: FrameSource
    segments: Sequence[Segment]
    seed: Callable[[int], SeedMask]
    warmup: int
    meter: WorkMeter
    label: str
    first: int

    def run(self, open_core: Callable[[], StreamCore], done: int) -> Iterator[MattedFrame | None]:
        """Yield all alphas but the first `done`, with fresh cores from the segment they end in.

        None stands for a frame that was computed and whose alpha is not wanted.
        """
        position = 0
        for segment in self.segments:
            self.meter.seek(position)
            position += segment.work_units(self.warmup)
            if done >= segment.yields:
                done -= segment.yields
                continue
            skip = done + segment.drops_first
            done = 0
            alphas = self._absent(segment) if segment.is_empty else self._follow(segment, open_core)
            with closing(alphas):  # type: ignore[type-var]
                for offset, alpha in enumerate(alphas):
                    if offset < skip:
                        yield None
                        continue
                    index = segment.first + offset * segment.step
                    yield MattedFrame(index, checked_alpha(alpha, index + self.first, self.label))

    def _follow(self, segment: Segment, open_core: Callable[[], StreamCore]) -> Iterator[Alpha]:
        mask = self.seed(segment.first)
        core = open_core()
        # Frames are decoded while the network works.
        reader = ahead(lambda: self.frames.read(segment.first, segment.stop, segment.step))
        with closing(reader):  # type: ignore[type-var]
            for offset, frame in enumerate(reader):
                alpha = core.advance(frame) if offset else self._first(core, frame, mask)
                self.meter.tick()
                yield alpha

    def _first(self, core: StreamCore, frame: Frame, mask: SeedMask) -> Alpha:
        core.begin(frame, mask)
        for _ in range(1 + self.warmup):
            self.meter.tick()
            core.settle()
        return core.first_alpha()

    def _absent(self, segment: Segment) -> Iterator[Alpha]:
        width, height = self.frames.size_wh
        for _ in range(segment.length):
            self.meter.tick()
            yield np.zeros((height, width), np.float32)


def in_step(streams: Sequence[Iterator[MattedFrame | None]]) -> Iterator[tuple[MattedFrame, ...]]:
    """Yield the same frame's alphas of several targets' runs, which advance frame by frame in turns."""
    with ExitStack() as closed:
        for stream in streams:
            closed.enter_context(closing(stream))  # type: ignore[type-var]
        for row in zip(*streams, strict=True):
            yield tuple(
                item if item is not None else next(filter(None, stream))
                for item, stream in zip(row, streams, strict=True)
            )


def shared_progress(context: RunContext, totals: Sequence[int]) -> list[RunContext]:
    """Return a context for each target's meter; what they count together is reported as one run.

    Args:
        totals: steps of each target.
    """
    done = [0] * len(totals)

    def reporting(target: int) -> RunContext:
        def report(progress: Progress) -> None:
            done[target] = progress.done
            context.on_progress(Progress(progress.stage, sum(done), sum(totals)))

        return replace(context, on_progress=report)

    return [reporting(target) for target in range(len(totals))]


def checked_alpha(alpha: Alpha, frame: int, label: str) -> Alpha:
    """Return the alpha, float32 (H, W), clipped to [0, 1].

    Raises:
        EngineError: a value is not finite.
    """
    if not np.isfinite(alpha).all():
        raise EngineError("engine.bad_alpha", name=label, frame=frame, problem="NaN")
    return np.clip(alpha, 0.0, 1.0, out=alpha)
