"""A shot's first frames, matted from both directions; it opens no stream and knows no target's mask.

From empty states the network is ragged, and what it takes for a person in the first frames it may keep for half
a second. So the frames after a shot's first go through it in reverse order before that one, and their alphas of this
reverse run are taken for most of them: they know what follows, such as a hand that comes out of motion blur.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engines.onnx.runtime.interface import NetworkStream, Tensor
from engines.onnx.target import TargetAgreement
from utils.exposure import multiplied
from utils.heap import return_free_memory
from utils.types import Alpha, Frame, Mask

WARM_UP_STEPS = 2
"""Further steps on a frame by itself: an alpha from empty states is ragged at the edges."""
_MARKED_FRAMES, _LEAST_FRAMES = 24, 8
"""Frames that lead to a shot's first where a target is marked, and elsewhere or where memory allows no more.

Without a mark the network is most of a job's work, and there is nobody to be told apart."""
_MEMORY_BYTES = 320_000_000
_BYTES_PER_PIXEL = 6
"""A waiting frame, its mask and its alpha of the reverse run."""
_GIVEN_BACK_EVERY = 4
"""Frames that waited after which their memory goes back to the system; each time, some of it is mapped again."""
_FADE = 3.0
"""The reverse run gives way to the forward run over the last one of so many parts of the frames."""


@dataclass(frozen=True, slots=True)
class Step:
    """A frame on its way.

    Attributes:
        index: its number.
        seen: what the network is to see of it, uint8 RGB (H, W, 3), before `gain`.
        starts: it is a shot's first.
        mask: the target's, bool (H, W); None without a target.
        picture: the whole frame by `reduced_picture`, where there is a target.
        agreement: of the network with the mask, where they were compared.
        gain: factor by which the network sees its levels, at least 1.
        lasting: the largest factor that any later frame of the shot gets, at least 1.
    """

    index: int
    seen: Frame
    starts: bool
    mask: Mask | None = None
    picture: Frame | None = None
    agreement: TargetAgreement | None = None
    gain: float = 1.0
    lasting: float = 1.0

    @property
    def exposed(self) -> Frame:
        """`seen`, times `gain`."""
        return multiplied(self.seen, self.gain)


def lead_in_frames(size_wh: tuple[int, int], marked: bool) -> int:
    """Return how many frames of a size, in pixels, lead to a shot's first one."""
    if not marked:
        return _LEAST_FRAMES
    affordable = _MEMORY_BYTES // (size_wh[0] * size_wh[1] * _BYTES_PER_PIXEL)
    return min(max(affordable, _LEAST_FRAMES), _MARKED_FRAMES)


def lead_in_bytes(size_wh: tuple[int, int]) -> int:
    """Return the memory that a shot's first frames take at most while they wait."""
    return lead_in_frames(size_wh, True) * size_wh[0] * size_wh[1] * _BYTES_PER_PIXEL


def matte_shots(
    steps: Iterable[Step], stream: NetworkStream, lead_in: int, check_cancelled: Callable[[], None]
) -> Iterator[tuple[Step, Alpha]]:
    """Yield the steps in order, each with the network's alpha, float32 (H, W).

    A shot's first frames have no larger gain than may follow the last of them, so that no dark frame of a fade from black
    sets it.

    Args:
        steps: the frames of one or more shots; each shot's first one says that it starts.
        stream: the network; its states are set to zero at each shot's start.
        lead_in: frames that lead to a shot's first one; fewer in a shorter shot.
        check_cancelled: called before each frame of the reverse run; it raises where the job is cancelled.
    """
    begun: list[Step] = []
    for item in steps:
        if begun and (item.starts or len(begun) > lead_in):
            yield from _both_ways(begun, stream, check_cancelled)
        if begun or item.starts:
            begun.append(item)
        else:
            yield item, alpha_of(stream.step(item.exposed))
    if begun:
        yield from _both_ways(begun, stream, check_cancelled)


def _both_ways(
    begun: list[Step], stream: NetworkStream, check_cancelled: Callable[[], None]
) -> Iterator[tuple[Step, Alpha]]:
    """Yield a shot's first steps with their alphas and take them off the list; one of one frame leads to itself."""
    stream.reset()
    largest = begun[-1].lasting
    for place, item in enumerate(begun):
        if item.gain > largest:
            begun[place] = replace(item, gain=largest)
    reverse = []
    for item in reversed(begun[1:]):
        check_cancelled()
        # Half precision: alphas of the full size wait here.
        reverse.append(alpha_of(stream.step(item.exposed)).astype(np.float16))
    if not reverse:
        for _ in range(WARM_UP_STEPS):
            stream.step(begun[0].exposed)
    count = len(begun)
    begun.reverse()
    for place in range(count):
        if place % _GIVEN_BACK_EVERY == 0:
            # The frames that waited lie between blocks in use, and what the encoders take from here on would not fit there.
            return_free_memory()
        # Off the list at once: while these frames are matted, the encoders fill their queues.
        item = begun.pop()
        alpha = alpha_of(stream.step(item.exposed))
        if place:
            share = np.float32(min(_FADE * (count - place) / count, 1.0))
            alpha += share * (reverse.pop() - alpha)
        yield item, alpha
        del item, alpha
    return_free_memory()


def alpha_of(outputs: tuple[Tensor, ...]) -> Alpha:
    """Return the alpha, float32 (H, W) in [0, 1], of a stream's outputs."""
    alpha: Alpha = np.clip(outputs[0][0, 0], 0.0, 1.0, dtype=np.float32)
    return alpha
