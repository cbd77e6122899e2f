"""Which frames form a window, how windows are blended, and which frames are decoded together.

Pure arithmetic: no torch, no pixels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DECODE_CHUNK = 8
"""Frames decoded together: the decoder's temporal convolutions make the result depend on it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `start` up to but without `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.stop))

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.stop

    def widened(self, margin: int, limits: Span) -> Span:
        """Return the span with `margin` frames more on each side, kept inside `limits`."""
        return Span(max(limits.start, self.start - margin), min(limits.stop, self.stop + margin))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Frames to decode together: those kept, and `context` frames on each side, which are discarded."""

    kept: Span
    run: Span
    """The contiguous span of predicted frames that contains the chunk."""
    context: int = 0

    @property
    def with_context(self) -> Span:
        """The kept frames and their context."""
        return self.kept.widened(self.context, self.run)


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """The plan of a shot: its windows, which of them are predicted, the chunks to decode."""

    windows: tuple[Span, ...]
    active: tuple[int, ...]
    """Indices of the windows in which a mask is not empty; the others are not predicted."""
    chunks: tuple[Chunk, ...]

    @property
    def encoded_frames(self) -> int:
        """Frames covered by a predicted window."""
        return sum(len(run) for run in covered_runs(self.windows, self.active))

    @property
    def units(self) -> int:
        """Frames to encode, windows to predict and frames to decode."""
        return self.encoded_frames + len(self.active) + sum(len(c.kept) for c in self.chunks)

    def covering(self, span: Span) -> tuple[int, ...]:
        """Return the predicted windows that cover a frame of the span."""
        return tuple(
            index
            for index in self.active
            if self.windows[index].start < span.stop and span.start < self.windows[index].stop
        )


def split_at_cuts(frames: int, cuts: Sequence[int]) -> tuple[Span, ...]:
    """Return the shots of a clip: what lies between its cuts, each the first frame of a scene."""
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < frames}), frames]
    return tuple(Span(start, stop) for start, stop in itertools.pairwise(bounds))


def plan_shot(
    empty: Sequence[bool], shot: Span, window: int, overlap: int, decode_context: int = 0
) -> ShotPlan:
    """Return the plan of a shot; frames are numbered as in the clip.

    Args:
        empty: for each frame of the clip, whether its mask is empty.
        shot: its frames.
        window: see `plan_windows`.
        overlap: see `plan_windows`.
        decode_context: frames decoded with a chunk on each side and discarded.
    """
    windows = tuple(
        Span(shot.start + span.start, shot.start + span.stop)
        for span in plan_windows(len(shot), window, overlap)
    )
    active = tuple(
        index for index, span in enumerate(windows) if not all(empty[frame] for frame in span)
    )
    chunks = tuple(
        Chunk(kept, run, decode_context)
        for run in covered_runs(windows, active)
        for kept in split(run, DECODE_CHUNK)
        if not all(empty[frame] for frame in kept)
    )
    return ShotPlan(windows, active, chunks)


def plan_windows(frames: int, window: int, overlap: int) -> tuple[Span, ...]:
    """Return the fewest windows that cover all frames, evenly spread, of one length.

    A clip of at most `window` frames is one window. Neighbours share `overlap` frames, or one or two more:
    windows are as short as that allows, so that no frame is predicted more often than it is blended.

    Args:
        frames: length of the clip, at least 1.
        window: greatest length of a window, at least 1.
        overlap: frames that neighbours share at least, less than `window`.
    """
    if frames <= window:
        return (Span(0, frames),)
    count = math.ceil((frames - overlap) / (window - overlap))
    length = math.ceil((frames + (count - 1) * overlap) / count)
    last = frames - length
    starts = [(2 * index * last + count - 1) // (2 * (count - 1)) for index in range(count)]
    return tuple(Span(start, start + length) for start in starts)


def blend_weights(windows: Sequence[Span], index: int) -> npt.NDArray[np.float64]:
    """Return the weight of each frame of one window: 1 inside, linear over what neighbours share.

    Not normalised: divide by the sum over all windows that cover the frame.

    Returns:
        float64 (T,) in (0, 1].
    """
    span = windows[index]
    before = windows[index - 1].stop - span.start if index else 0
    after = span.stop - windows[index + 1].start if index + 1 < len(windows) else 0
    place = np.arange(len(span), dtype=np.float64)
    rising = (place + 1) / (max(before, 0) + 1)
    falling = (len(span) - place) / (max(after, 0) + 1)
    weights: npt.NDArray[np.float64] = np.minimum(1.0, np.minimum(rising, falling))
    return weights


def normalised_weights(
    windows: Sequence[Span], active: Sequence[int], frame: int
) -> list[tuple[int, float]]:
    """Return the active windows that cover the frame with their normalised weights.

    Args:
        windows: the whole plan.
        active: indices of the windows that were predicted, ascending.
        frame: a frame that at least one active window covers.
    """
    covering = [index for index in active if frame in windows[index]]
    weights = [
        float(blend_weights(windows, index)[frame - windows[index].start]) for index in covering
    ]
    total = math.fsum(weights)
    return [(index, weight / total) for index, weight in zip(covering, weights, strict=True)]


def covered_runs(windows: Sequence[Span], active: Sequence[int]) -> tuple[Span, ...]:
    """Return the contiguous spans of frames covered by active windows, ascending."""
    runs: list[Span] = []
    for index in active:
        span = windows[index]
        if runs and span.start <= runs[-1].stop:
            runs[-1] = Span(runs[-1].start, span.stop)
        else:
            runs.append(span)
    return tuple(runs)


def split(span: Span, length: int) -> Iterator[Span]:
    """Yield the span in pieces of `length` frames; the last one may be shorter."""
    for start in range(span.start, span.stop, length):
        yield Span(start, min(start + length, span.stop))
