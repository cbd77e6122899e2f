"""A clip in two parts, from a corrected frame backwards and from it forwards, so that each may end early."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from engines.base import MattedFrame, RunContext
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.splice import Convergence
from pipeline.video_io import read_master, read_master_frame
from utils.alpha_levels import to_float, to_levels
from utils.prefetch import ended
from utils.types import Mask, Progress


class GuidePart(Mapping[int, Mask]):
    """Masks of `count` frames of a guide from `first` on, numbered from 0; each is read when asked for."""

    def __init__(self, guide: Mapping[int, Mask], first: int, count: int) -> None:
        self._guide = guide
        self._first = first
        self._frames = dict.fromkeys(frame - first for frame in guide if 0 <= frame - first < count)

    def __getitem__(self, index: int) -> Mask:
        if index not in self:
            raise KeyError(index)
        return self._guide[index + self._first]

    def __contains__(self, index: object) -> bool:
        return index in self._frames

    def __iter__(self) -> Iterator[int]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)


Process: TypeAlias = Callable[
    [FrameRange, Mapping[int, Mask], int, RunContext], Iterator[MattedFrame]
]
"""Runs an engine on frames with their guide from a start frame."""


@dataclass(slots=True)
class Backwards:
    """The kept alpha that a run back from its start frame compares with.

    `first` is the frame of the kept alpha that the run's frames begin with; below `settled`, a frame of the
    run, no key frame changed. `reached` becomes the first frame of the run that was matted.
    """

    master: Path
    first: int
    settled: int
    reached: int = 0

    def matte(
        self,
        process: Process,
        frames: FrameRange,
        guide: Mapping[int, Mask],
        start: int,
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """Yield every frame: back from before `start` until the alpha is the kept one, then those from it on.

        Frames that are not reached come from the kept alpha.

        Args:
            guide: masks by frame index, bool (H, W), as far as the engine needs them.
        """
        back = counted(context, 0, frames)
        before = process(frames.part(0, start), GuidePart(guide, 0, start + 1), start, back)
        yield from self._until_settled(before, start)
        kept_alphas = itertools.islice(read_master(self.master, self.first), self.reached)
        for index, kept in enumerate(kept_alphas):
            yield MattedFrame(index, to_float(kept))
        rest = frames.part(start, len(frames) - 1)
        on = counted(context, start, frames)
        onwards = process(rest, GuidePart(guide, start, len(rest)), 0, on)
        with ended(onwards) as items:
            for item in items:
                yield replace(item, index=item.index + start)

    def _until_settled(self, before: Iterator[MattedFrame], start: int) -> Iterator[MattedFrame]:
        """Yield the frames before `start`, from it backwards, until the alpha is the kept one; sets `reached`."""
        convergence = Convergence()
        with ended(before) as items:
            for item in items:
                if item.index == start:
                    continue
                if item.index >= self.settled:
                    yield item
                    continue
                alpha = to_levels(item.alpha)
                kept = read_master_frame(self.master, self.first + item.index)
                for index, mixed in convergence.take(item.index, alpha, kept):
                    yield MattedFrame(index, to_float(mixed), item.confidence)
                if convergence.is_over:
                    self.reached = item.index
                    break
            for index, made in convergence.rest():
                yield MattedFrame(index, to_float(made))


def counted(context: RunContext, done: int, frames: FrameRange) -> RunContext:
    """Return the context for one part of the frames, which begins with frame `done`: its progress is that of all."""

    def report(progress: Progress) -> None:
        whole = Progress(progress.stage, progress.done + done, len(frames))
        context.on_progress(whole)

    confirmed = frozenset(frame - done for frame in context.confirmed if frame >= done)
    bounds = {frame - done: mask for frame, mask in context.bounds.items() if frame >= done}
    return replace(
        context,
        on_progress=report,
        confirmed=confirmed,
        bounds=bounds,
        first=context.first + done,
    )
