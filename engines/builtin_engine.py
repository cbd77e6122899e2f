"""The engine of a fresh machine: selection, tracking and matting without learned weights or torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import cv2

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    Instance,
    MattedFrame,
    OptionValue,
    Requirement,
    RunContext,
    TrackedFrame,
)
from engines.builtin.alpha import AlphaMaker
from engines.builtin.passes import track
from engines.builtin.selection import BuiltinSegmentation
from utils.errors import UnusablePrompt
from utils.mask_utils import check_keyframe_mask
from utils.types import Frame, Mask, Message, Prompt

if TYPE_CHECKING:
    from config import Settings


class BuiltinEngine(Engine):
    """Classical tracking and matting on the CPU; see docs/quality.md for how far it reaches."""

    name = "builtin"
    label = Message("engine.builtin.label")
    description = Message("engine.builtin.description")
    capabilities = frozenset(
        {Capability.POINTS, Capability.BOX, Capability.TRACK, Capability.MATTE}
    )
    guide_kind = "first_mask"

    def __init__(self, settings: Settings) -> None:
        self._threads = settings.cpu_threads

    @property
    def weight_bytes(self) -> int:
        """There are no weights: 0."""
        return 0

    def requirements(self) -> tuple[Requirement, ...]:
        """Everything it needs is installed with the program."""
        return ()

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """It needs nothing of a GPU: 0."""
        return 0

    def load_model(self, device: DeviceName) -> None:
        """Set the number of threads; there is nothing to load."""
        if self._threads:
            cv2.setNumThreads(self._threads)

    def unload(self) -> None:
        """There is nothing to drop."""

    def open_image(self, image: Frame) -> BuiltinSegmentation:
        """See `Segmenter.open_image`."""
        return BuiltinSegmentation(image, self.name)

    def segment_image(self, image: Frame, prompt: Prompt) -> list[Instance]:
        """See `Segmenter.segment_image`."""
        return self.open_image(image).segment(prompt)

    def track_video(
        self,
        frames: FrameSource,
        masks: Mapping[int, Mapping[int, Mask]],
        start: int,
        context: RunContext,
    ) -> Iterator[TrackedFrame]:
        """See `Tracker.track_video`."""
        guide = {index: by_object[1] for index, by_object in masks.items() if 1 in by_object}
        if start not in guide:
            raise UnusablePrompt("prompt.mask_missing", frame=start)
        check_keyframe_mask(guide[start], frames.size_wh, start)
        maker = AlphaMaker(frames.size_wh)
        for done, (step, belief) in enumerate(track(frames, guide, start, context), start=1):
            mask = maker.alpha(step.frame, belief.probability) > 0.5
            context.report("track", done, len(frames))
            yield TrackedFrame(step.index, {1: mask}, belief.confidence)

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `Matter.process`."""
        if start not in guide:
            raise UnusablePrompt("prompt.mask_missing", frame=start)
        check_keyframe_mask(guide[start], frames.size_wh, start)
        maker = AlphaMaker(frames.size_wh)
        for done, (step, belief) in enumerate(track(frames, guide, start, context), start=1):
            alpha = maker.alpha(step.frame, belief.probability)
            context.report("matte", done, len(frames))
            yield MattedFrame(step.index, alpha, belief.confidence)
