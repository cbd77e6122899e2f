"""The protocols of engines that turn masks into alpha mattes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from engines.base.frames import FrameSource
from engines.base.run_context import RunContext
from engines.base.values import Agreement, MattedFrame
from utils.options import OptionValue
from utils.types import Mask


@runtime_checkable
class MattingEngine(Protocol):
    """Turns masks into alpha mattes."""

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """Yield every frame of the clip once: start-1 … 0 first, then start … the last.

        An engine whose protocol forbids that order may yield in ascending order instead.

        Args:
            guide: masks by frame index, bool (H, W). "first_mask" engines need `guide[start]`, and
                use the others as corrections where they can; "mask_per_frame" engines need all.
                Engines with `Capability.EVERYONE` also take an empty guide, with `start` 0.
                The mapping may read from disk: ask for each mask once.
            options: values for `option_specs()`, validated by `resolve_options`.

        Raises:
            UnusablePrompt: a mask is missing, empty where it must not be, or of another size.
            OutOfGpuMemory: the smallest setting did not fit either.
        """


@runtime_checkable
class JointMattingEngine(Protocol):
    """A matting engine that mattes several targets in one run for less than a run for each.

    It is a `MattingEngine` as well. The pipeline uses it for targets that start on the same frame, unless
    `wants_tracked_masks` is true.
    """

    def process_together(
        self,
        frames: FrameSource,
        guides: Sequence[Mapping[int, Mask]],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[tuple[MattedFrame, ...]]:
        """Yield every frame once, in the order of `MattingEngine.process`: one matte of each target.

        Each target's mattes equal those of a run of its own, as long as memory suffices. Progress counts
        the steps of all targets.

        Args:
            guides: of each target, as `process` takes it; the other arguments and what is raised too.
        """

    def working_bytes_together(self, size_wh: tuple[int, int], targets: int) -> int:
        """As `Engine.working_bytes`, for a run of so many targets."""


@runtime_checkable
class TargetCheck(Protocol):
    """An engine that finds its subjects by itself and can say whether a target is one of them."""

    def agrees_with_target(
        self, frames: FrameSource, masks: Mapping[int, Mask], context: RunContext
    ) -> Agreement:
        """Compare on the frames that have a mask, bool (H, W); the engine must be loaded."""
