"""A clip as the passes over it read it: frames, flow, and the networks' answers, made ahead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

from engines.base import FrameSource, RunContext
from engines.builtin.descriptors import DescriptorMaps
from engines.builtin.foreground import ForegroundMaps
from engines.builtin.tracking.crop import LEAD, AskAhead, CropReliance
from engines.builtin.tracking.steps import (
    WAITING,
    Step,
    read_steps,
    with_descriptors,
    with_foreground,
    with_later,
)
from engines.builtin.tracking.target_foreground import ForegroundView
from utils.exposure import AS_IT_IS, Exposure
from utils.prefetch import ahead
from utils.types import FloatMap, IntBox


@dataclass(frozen=True, slots=True)
class Clip:
    """What a pass reads: the frames, the job they belong to, and its networks' answers.

    `confirmed`: indices of the frames that the networks are asked about whatever their intervals say.
    `exposure`: of the frame that tracking starts from; dark frames are tracked exposed where its gain is above 1.
    `on_further_step`: called for each frame of a pass between key frames, whose answers are not given to the caller.
    """

    frames: FrameSource
    context: RunContext
    foreground: ForegroundMaps
    descriptors: DescriptorMaps | None = None
    confirmed: Collection[int] = ()
    exposure: Exposure = AS_IT_IS
    on_further_step: Callable[[], None] = lambda: None

    def number(self, index: int) -> int:
        """Return the number that a frame of `frames` has in the whole clip, which is what users are told."""
        return index + self.context.first

    def steps(self, first: int, stop: int, step: int) -> Iterator[Step]:
        """Yield `read_steps` with the networks' answers, made ahead of the reader.

        Flow and networks each have a thread of their own.
        """

        def plain() -> Iterator[Step]:
            return ahead(lambda: read_steps(self.frames, first, stop, step, self.exposure))

        def described() -> Iterator[Step]:
            maps = self.descriptors
            if maps is None or not maps.is_active:
                return plain()
            return ahead(lambda: with_descriptors(plain(), maps, self.confirmed))

        if not self.foreground.is_active:
            yield from described()
            return
        answers, reliance = self.foreground, CropReliance()
        found = ahead(
            lambda: with_foreground(
                with_later(described(), LEAD), answers, reliance, self.confirmed
            ),
            WAITING,
        )
        with closing(found) as steps, ThreadPoolExecutor(1, "crops") as thread:  # type: ignore[type-var]
            for one in steps:
                yield replace(one, reliance=reliance, ask_ahead=self._ask_ahead(one.later, thread))
                reliance.end_frame()

    def _ask_ahead(self, later: Step | None, thread: ThreadPoolExecutor) -> AskAhead | None:
        """Return what begins a question about a later step's crop; None where it has none."""
        if later is None or not self._asks_crop_at(later.index):
            return None
        frame, (height, width) = later.frame, later.working.luma.shape

        def begin(box: IntBox) -> None:
            thread.submit(self.foreground.crop, frame, box, (width, height))

        return begin

    def _may_leave_out(self, later: Step | None) -> bool:
        """Tell whether a later step's crop is one of those that need not be asked about."""
        return (
            later is not None
            and later.index not in self.confirmed
            and self.foreground.crop_may_be_left_out(later.index)
        )

    def _asks_crop_at(self, index: int) -> bool:
        return self.foreground.asks_crop_at(index, index in self.confirmed)

    @property
    def asks_networks(self) -> bool:
        """True while there is a network that answers about frames."""
        maps = self.descriptors
        return self.foreground.is_active or (maps is not None and maps.is_active)

    def last_unaffected(self, index: int, direction: int) -> int:
        """Return the last frame on the way to `index` that no answer about that frame is carried back to.

        It is one of those that are asked about in any case. It may lie beyond the clip.
        """
        period, first = 2 * self.foreground.interval, self.context.first
        number = self.number(index)
        turns = (number - 1) // period if direction > 0 else number // period + 1
        return turns * period - first

    def view(self, step: Step) -> ForegroundView | None:
        """Return what a tracker may ask the network about a step's frame; None without an answer."""
        if step.foreground is None:
            return None
        height, width = step.working.luma.shape

        def ask(box: IntBox) -> FloatMap | None:
            return self.foreground.crop(step.frame, box, (width, height))

        return ForegroundView(
            step.foreground,
            ask if self._asks_crop_at(step.index) else None,
            None if step.reliance is None else step.reliance.record,
            step.ask_ahead,
            self._may_leave_out(step.later),
        )
