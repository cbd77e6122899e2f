"""Which parts of a matting job several workers can do at the same time; it reads no file and runs nothing.

A part is a target, or frames of one between two seams of its engine (`engines.base.Seam`), so that the parts'
alphas are those of the whole job. A recurrent engine is never divided anywhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engines.base import Seam
from pipeline.jobs.guides import TargetGuide
from pipeline.session.parts import MattePart

LEAST_FRAMES = 96
"""Frames of all targets below which nothing is divided: beginning a part takes a second or two."""
_LONGEST_SHARE = 0.8
"""Share of the job that its longest part may be, or dividing it is not worth while."""


@dataclass(frozen=True, slots=True)
class Division:
    """How a job is divided, and the id that names its parts' files."""

    job_id: str
    parts: tuple[MattePart, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames `first` to `last` that an engine mattes in one direction, from `start` on, which may be beside them."""

    first: int
    last: int
    start: int


def plan_parts(
    guides: Sequence[TargetGuide],
    count: int,
    workers: int,
    seams: frozenset[Seam],
    cuts: Sequence[int],
    *,
    tracks_first: bool,
) -> tuple[MattePart, ...]:
    """Return the parts of a job, those that track before the others; empty where it is not to be divided.

    Args:
        count: number of frames.
        workers: how many can work at the same time.
        seams: the engine's.
        cuts: frames that begin a new scene, in ascending order.
        tracks_first: the engine is given a mask of every frame; a divided target's are made in a part before.
    """
    total = count * len(guides)
    if total < LEAST_FRAMES or workers < 2:
        return ()
    limit = math.ceil(total / workers)
    parts: list[MattePart] = []
    tracking: list[MattePart] = []
    for number, guide in enumerate(guides):
        own = _parts_of(number, guide, count, limit, seams, cuts, only_cuts=tracks_first)
        if tracks_first and len(own) > 1:
            tracking.append(_whole(number, guide, count).model_copy(update={"tracks": True}))
        parts += own
    is_worthwhile = max(part.frames for part in parts) <= _LONGEST_SHARE * total
    return (*tracking, *parts) if is_worthwhile else ()


def _whole(number: int, guide: TargetGuide, count: int) -> MattePart:
    return MattePart(
        target=number, first=0, last=count - 1, read_first=0, read_last=count - 1, start=guide.start
    )


def _parts_of(
    number: int,
    guide: TargetGuide,
    count: int,
    limit: int,
    seams: frozenset[Seam],
    cuts: Sequence[int],
    *,
    only_cuts: bool,
) -> list[MattePart]:
    """Return one target's parts in the order of frames, each of `limit` frames at most as far as seams allow."""
    begins = set(cuts) if Seam.CUTS in seams else set()
    if Seam.KEY_FRAMES in seams and not only_cuts:
        # The engine can't start from a mask that says that the target is not there.
        key_frames = {frame for frame, mask in guide.masks.items() if mask.any()}
    else:
        key_frames = set()
    if not seams or count <= limit:
        return [_whole(number, guide, count)]
    # Without a seam at the start frame an engine works forwards from the first frame on.
    start = guide.start if Seam.START in seams else 0
    backwards = _backwards(start, begins, key_frames)
    forwards = _forwards(start, count, begins | key_frames)
    runs = [*_joined(backwards, limit, forwards=False), *_joined(forwards, limit, forwards=True)]
    if len(runs) == 1:
        return [_whole(number, guide, count)]
    return [
        MattePart(
            target=number,
            first=run.first,
            last=run.last,
            read_first=run.first,
            read_last=max(run.last, run.start),
            start=run.start,
        )
        for run in runs
    ]


def _forwards(start: int, count: int, begins: set[int]) -> list[_Run]:
    bounds = [start, *sorted(frame for frame in begins if start < frame < count), count]
    return [_Run(first, stop - 1, first) for first, stop in pairwise(bounds)]


def _backwards(start: int, cuts: set[int], key_frames: set[int]) -> list[_Run]:
    """Return the runs before the start frame.

    A cut's run starts from the frame after it, which shows the engine the cut; its alpha is another part's.
    """
    stops = {cut: cut for cut in cuts if 0 < cut < start}
    stops.update({frame + 1: frame for frame in key_frames if 0 <= frame < start})
    bounds = [0, *sorted(stops), start]
    starts = {**stops, start: start}
    return [_Run(first, stop - 1, starts[stop]) for first, stop in pairwise(bounds) if first < stop]


def _joined(runs: Sequence[_Run], limit: int, *, forwards: bool) -> Iterator[_Run]:
    """Yield runs side by side as one, as long as they have no more than `limit` frames together."""
    current: _Run | None = None
    for run in runs:
        if current is not None and run.last - current.first + 1 <= limit:
            current = _Run(current.first, run.last, current.start if forwards else run.start)
            continue
        if current is not None:
            yield current
        current = run
    if current is not None:
        yield current
