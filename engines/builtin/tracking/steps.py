"""The frames of a pass one by one, each with the flow to its neighbours and the networks' answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from engines.base import FrameSource
from engines.builtin.descriptors import DescriptorMaps
from engines.builtin.foreground import ForegroundMaps
from engines.builtin.tracking.answer_agreement import agreement
from engines.builtin.tracking.crop import AskAhead, CropReliance
from engines.builtin.tracking.estimate import NextFrame
from engines.builtin.tracking.foreground_evidence import Foreground
from engines.builtin.tracking.relighting import Relighting
from engines.builtin.vision.area_mean import reduce_picture
from engines.builtin.vision.arrays import resize_map
from engines.builtin.vision.flow import FlowEstimator, FlowPair, reversed_flow
from engines.builtin.vision.processing_size import (
    ProcessingFrame,
    processing_size,
    to_processing_size,
)
from utils.exposure import AS_IT_IS, Exposure, gain_beside, multiplied
from utils.scene_cut import CutDetector
from utils.types import FloatImage, FloatMap, Frame

_AGREES = 0.5
"""Agreement of an answer with the one two intervals before from which the frame between them is not asked about."""
_LOOK_AHEAD = 5
"""Frames that wait for a network's next answer at most."""
WAITING = 4
"""Steps with answers that wait for a pass's trackers at most.

A network answers a whole frame and a crop one after the other, each for about as long as three frames take: the next
whole frame is asked about as soon as the crop is answered, and its answer is there before the trackers need it.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One frame of a pass: the full frame, its copy at processing size, and the flow to the previous one.

    `flow` is None on the first frame of a pass, `next_frame` on the last. `foreground` is None without
    a network. `descriptors`, float32 (h', w', C), is None between the frames that are asked about. `reliance`
    records whether a tracker relies on crops here. Where `is_cut`, another scene begins and the flow leads nowhere.
    `later` is the step `LEAD` frames later, without answers, None at the end of a pass; `ask_ahead` begins the question
    about the crop of its frame, None where there is none to ask.
    """

    index: int
    frame: Frame
    working: ProcessingFrame
    flow: FlowPair | None
    next_frame: NextFrame | None = None
    foreground: Foreground | None = None
    descriptors: FloatImage | None = None
    reliance: CropReliance | None = None
    is_cut: bool = False
    later: Step | None = None
    ask_ahead: AskAhead | None = None


def read_steps(
    frames: FrameSource, first: int, stop: int, step: int, exposure: Exposure = AS_IT_IS
) -> Iterator[Step]:
    """Yield frames first, first + step, … without `stop`, each with the flow to its neighbours.

    Of a dark clip, with an `exposure` whose gain is above 1, what is `working` is exposed; see `gain_beside`. Where the
    light changes, it is in the light before; see `Relighting`.
    """
    size_wh = processing_size(frames.size_wh)
    estimator, cuts, relighting = FlowEstimator(), CutDetector(), Relighting()
    waiting: Step | None = None
    reader = frames.read(first, stop, 1 if step > 0 else -1)
    try:
        for offset, frame in enumerate(reader):
            is_cut = cuts.is_cut(frame)
            gain = gain_beside(frame, exposure)
            small = reduce_picture(frame, size_wh)
            seen = relighting.relit(small, gain, is_cut)
            if seen is None:
                seen = small if gain == 1.0 else multiplied(frame, gain)
            working = to_processing_size(seen, size_wh)
            flow = None
            if waiting is not None:
                flow = estimator.between(waiting.working, working)
                yield replace(waiting, next_frame=NextFrame(working.lab, flow.from_previous))
            waiting = Step(first + offset * step, frame, working, flow, is_cut=is_cut)
        if waiting is not None:
            yield waiting
    finally:
        close = getattr(reader, "close", None)
        if close is not None:
            close()


def with_later(steps: Iterator[Step], lead: int) -> Iterator[Step]:
    """Yield each step with the one that comes `lead` steps later, None at the end.

    It comes before `with_foreground`: a later frame is known here long before a network has answered on it.
    """
    waiting: deque[Step] = deque()
    with closing(steps):  # type: ignore[type-var]
        for step in steps:
            waiting.append(step)
            if len(waiting) > lead:
                yield replace(waiting.popleft(), later=step)
        yield from waiting


def with_descriptors(
    steps: Iterator[Step], maps: DescriptorMaps, needed: Collection[int] = ()
) -> Iterator[Step]:
    """Yield the steps with the descriptors of those frames that are asked about, the `needed` ones among them."""
    with closing(steps):  # type: ignore[type-var]
        for step in steps:
            is_needed = step.is_cut or step.index in needed
            yield replace(step, descriptors=maps.at(step.index, step.frame, is_needed))


def with_foreground(
    steps: Iterator[Step],
    maps: ForegroundMaps,
    reliance: CropReliance | None = None,
    needed: Collection[int] = (),
) -> Iterator[Step]:
    """Yield the steps with the network's answers, carried along the flow between the asked frames.

    A frame between two of them has both answers, the nearer and the more reliable counting for more. While the
    trackers rely on crops, by their `reliance`, every second question about a whole frame is left out. A question to
    a network that takes long waits for the next one, and is left out where those before and after it agree: flow
    carries the answer well there.
    The first frame of a scene is asked about, since no answer is carried over a cut, and so are those whose indices
    are `needed`.
    """
    last: Foreground | None = None
    waiting: list[Step] = []
    put_off: int | None = None
    with closing(steps):  # type: ignore[type-var]
        for place, step in enumerate(steps):
            answer, is_needed = None, step.is_cut or step.index in needed
            is_asked = is_needed or not _is_spared(step.index, place, maps, reliance)
            if is_asked and not is_needed and last is not None and maps.may_wait(step.index):
                put_off = len(waiting)
            elif is_asked:
                answer = maps.at(step.index, step.frame, is_needed)
            if answer is None:
                last = _carried(last, step.flow) if maps.is_active else None
                waiting.append(replace(step, foreground=last))
                if last is None or len(waiting) > _LOOK_AHEAD:
                    yield from waiting
                    waiting, put_off = [], None
                continue
            asked = _answered(step, answer)
            if put_off is not None and _agrees(_carried(last, step.flow), asked):
                put_off = None
            waiting = yield from _settled(waiting, put_off, maps)
            last = asked.foreground
            yield from waiting if step.is_cut else _with_next_answer(waiting, asked)
            waiting, put_off = [], None
            yield asked
        yield from (yield from _settled(waiting, put_off, maps))


def _settled(
    waiting: list[Step], put_off: int | None, maps: ForegroundMaps
) -> Generator[Step, None, list[Step]]:
    """Ask about the step of that place in `waiting`, None for none; yield those it settles, return those that wait on."""
    if put_off is None:
        return waiting
    ready, rest = _asked_between(waiting, put_off, maps)
    yield from ready
    return rest


def _answered(step: Step, answer: FloatMap) -> Step:
    """Return a step with the network's answer about its frame."""
    height, width = step.working.luma.shape
    small = resize_map(answer, (width, height))
    return replace(step, foreground=Foreground(small, np.ones_like(small)))


def _agrees(before: Foreground | None, asked: Step) -> bool:
    """Tell whether a step's answer is about what the one before, carried to its frame, would have been."""
    if before is None or asked.foreground is None or asked.is_cut:
        return False
    return agreement(before.probability, asked.foreground.probability) >= _AGREES


def _asked_between(
    waiting: list[Step], place: int, maps: ForegroundMaps
) -> tuple[list[Step], list[Step]]:
    """Ask about one of the steps that wait for the next answer, by its place among them.

    Returns those up to it, with its answer, and those that still wait.
    """
    answer = maps.at(waiting[place].index, waiting[place].frame)
    if answer is None:
        return [], waiting
    asked = _answered(waiting[place], answer)
    ready = [*_with_next_answer(waiting[:place], asked), asked]
    last, behind = asked.foreground, []
    for step in waiting[place + 1 :]:
        last = _carried(last, step.flow)
        behind.append(replace(step, foreground=last))
    return ready, behind


def _is_spared(index: int, place: int, maps: ForegroundMaps, reliance: CropReliance | None) -> bool:
    """Tell whether a frame, by its index and its place in the pass, need not be asked about for its crops."""
    if reliance is None or not maps.may_be_left_out(index):
        return False
    # The frame one interval ago was asked about and went on to the trackers, which have taken all but `WAITING` by
    # now, and have finished the one before those.
    return reliance.at(place - maps.interval - WAITING - 1)


def _carried(answer: Foreground | None, flow: FlowPair | None) -> Foreground | None:
    """Return an answer carried to the next frame of a pass along its flow; None where either is."""
    return None if answer is None or flow is None else answer.carried(flow)


def _with_next_answer(waiting: list[Step], asked: Step) -> list[Step]:
    """Return the steps that wait for an asked one's answer with that and the one before them."""
    found: list[Step] = []
    answer, after = asked.foreground, asked
    for number, step in enumerate(reversed(waiting), start=1):
        if after.flow is not None:
            answer = _carried(answer, reversed_flow(after.flow, step.working, after.working))
        before = step.foreground
        if answer is not None and before is not None:
            distance = len(waiting) + 1 - number
            both = _mean_answer((before, distance), (answer, number))
            found.append(replace(step, foreground=both))
        else:
            found.append(step)
        after = step
    return found[::-1]


def _mean_answer(*answers: tuple[Foreground, int]) -> Foreground:
    """Return the mean of answers that were carried over some frames, by reliability over distance."""
    weights = np.stack([one.reliability / np.float32(distance) for one, distance in answers])
    weights /= np.maximum(weights.sum(axis=0), np.float32(1e-6))
    probabilities = np.stack([one.probability for one, _ in answers])
    reliabilities = np.stack([one.reliability for one, _ in answers])
    return Foreground((weights * probabilities).sum(axis=0), (weights * reliabilities).sum(axis=0))
