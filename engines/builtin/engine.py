"""The built-in engine: selection, tracking and matting on the CPU, without torch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engines.base import (
    Capability,
    DescriptorEstimator,
    DeviceName,
    Engine,
    ForegroundEstimator,
    FrameSource,
    Instance,
    MattedFrame,
    Preference,
    Requirement,
    RunContext,
    Seam,
    TrackedFrame,
)
from engines.builtin.descriptors import DescriptorMaps
from engines.builtin.foreground import BY_SPEED, INTERVAL, ForegroundMaps
from engines.builtin.matting.alpha import AlphaEstimator
from engines.builtin.matting.linear_model import EXACT, ContourError
from engines.builtin.options import BuiltinOptions
from engines.builtin.selection.motion_cue import FAR, NEAR
from engines.builtin.selection.segmentation import BuiltinSegmentation
from engines.builtin.tracking.clip import Clip
from engines.builtin.tracking.estimate import Estimate
from engines.builtin.tracking.network_choice import choose_network
from engines.builtin.tracking.passes import further_steps, in_both_directions, track
from engines.builtin.tracking.steps import Step
from engines.builtin.tracking.thin_lines import drawn
from engines.builtin.vision.arrays import resize_map
from engines.builtin.vision.processing_size import processing_size
from engines.builtin.vision.refined_edges import refine_edges
from engines.builtin.warm_up import warm_up
from engines.builtin.work_meter import WorkMeter
from utils.errors import UnusablePrompt
from utils.exposure import AS_IT_IS, Exposure, exposure_of
from utils.mask_utils import check_keyframe_mask
from utils.options import OptionValue, read_options
from utils.prefetch import ahead
from utils.types import FloatMap, Frame, Mask, Message, Prompt

if TYPE_CHECKING:
    from config import Settings

_TRACKED = ContourError(bias=0.25, deviation=0.6)
"""Error of a tracked contour, in pixels at processing size: flow drags a rim of background along."""
_TARGET = 1
"""Object id of the one target that `process` follows."""


class BuiltinEngine(Engine):
    """Classical tracking and matting on the CPU; see docs/quality.md for how far it reaches."""

    name = "builtin"
    label = Message("engine.builtin.label")
    description = Message("engine.builtin.description")
    capabilities = frozenset(
        {Capability.POINTS, Capability.BOX, Capability.TRACK, Capability.MATTE}
    )
    guide_kind = "first_mask"
    preference = Preference(segment=1, matte_on_cpu=1, matte_on_gpu=1)
    options_type = BuiltinOptions
    neighbour_offsets = (*FAR, *NEAR)
    uses_examples = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_ready = False
        self._foregrounds: tuple[ForegroundEstimator, ...] = ()
        self._descriptors: DescriptorEstimator | None = None

    def use_foreground(self, *foregrounds: ForegroundEstimator) -> None:
        """See `ForegroundConsumer.use_foreground`."""
        self._foregrounds = foregrounds

    def use_descriptors(self, estimator: DescriptorEstimator) -> None:
        """See `DescriptorConsumer.use_descriptors`."""
        self._descriptors = estimator

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

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """See `Engine.seams`; how often the network is asked may depend on how fast it answers."""
        chosen = read_options(BuiltinOptions, options)
        is_by_speed = bool(self._foregrounds) and chosen.network_interval == BY_SPEED
        return frozenset() if is_by_speed else frozenset({Seam.START})

    def load_model(self, device: DeviceName) -> None:
        """Set the number of threads and make the compiled loops ready.

        A machine's first call compiles them, which takes some seconds; later ones find them on disk. No
        network is asked: each loads when a picture needs it.
        """
        if self._settings.cpu_threads:
            cv2.setNumThreads(self._settings.cpu_threads)
        if not self._is_ready:
            warm_up(BuiltinEngine(self._settings))
            self._is_ready = True

    def unload(self) -> None:
        """There is nothing to drop."""

    def open_image(
        self, image: Frame, around: Mapping[int, Frame] | None = None
    ) -> BuiltinSegmentation:
        """See `Segmenter.open_image`."""
        return BuiltinSegmentation(image, self.name, around, self._foregrounds, self._descriptors)

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
        if start not in masks or not masks[start]:
            raise UnusablePrompt("prompt.mask_missing", frame=start + context.first)
        maps = self._network_for(frames, masks[start].values(), start, context, INTERVAL)
        described = self._descriptor_maps(context, INTERVAL)
        meter = WorkMeter(context, "track", len(frames), further_steps(masks))
        exposure = _exposure_at(frames, start)
        clip = Clip(frames, context, maps, described, exposure=exposure, on_further_step=meter.step)
        with closing(track(clip, masks, start)) as steps:  # type: ignore[type-var]
            for step, estimates in steps:
                given = masks.get(step.index, {})
                found = _exclusive_masks(step.frame, estimates, given)
                confidence = min(
                    (estimate.confidence for estimate in estimates.values()), default=0.0
                )
                meter.step()
                yield TrackedFrame(step.index, found, confidence)
        meter.end()

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; a guide with a mask of every frame is matted as it is."""
        if start not in guide:
            raise UnusablePrompt("prompt.mask_missing", frame=start + context.first)
        chosen = read_options(BuiltinOptions, options)
        estimator = AlphaEstimator(frames.size_wh)
        follow, maps, descriptors = _masks_of_guide, ForegroundMaps(None, context), None
        exposure, further = AS_IT_IS, 0
        if len(guide) < len(frames):
            follow, exposure = _tracked, _exposure_at(frames, start)
            further = further_steps(guide)
            descriptors = self._descriptor_maps(context, chosen.network_interval)
            maps = self._network_for(
                frames, (guide[start],), start, context, chosen.network_interval
            )
        meter = WorkMeter(context, "matte", len(frames), further)
        clip = Clip(
            frames, context, maps, descriptors, exposure=exposure, on_further_step=meter.step
        )
        # Reading, tracking and the alpha each have a thread, so that two cores are busy.
        source = ahead(lambda: follow(clip, guide, start), depth=1)
        with closing(source) as steps:  # type: ignore[type-var]
            for step, probability, estimate in steps:
                error = EXACT if step.index in guide else _TRACKED
                flow = None if step.is_cut else step.flow
                alpha = estimator.alpha(step.frame, probability, flow, error)
                lines = drawn(estimate.thin_lines, frames.size_wh)
                if lines is not None:
                    alpha = np.maximum(alpha, lines)
                meter.step()
                yield MattedFrame(step.index, alpha, estimate.confidence)
        meter.end()

    def _descriptor_maps(self, context: RunContext, interval: int) -> DescriptorMaps:
        # They take a tenth of a foreground network's time: no interval needs to be chosen by it.
        return DescriptorMaps(self._descriptors, context, interval or INTERVAL)

    def _network_for(
        self,
        frames: FrameSource,
        targets: Collection[Mask],
        start: int,
        context: RunContext,
        interval: int,
    ) -> ForegroundMaps:
        """Return the answers of the network that knows the targets best; nobody's where none does."""
        candidates = [
            ForegroundMaps(source, context, interval)
            for source in self._foregrounds
            if source.network
        ]
        known = None
        if candidates:
            known = choose_network(candidates, frames, targets, start, context.first)
        return known or ForegroundMaps(None, context)


def _exposure_at(frames: FrameSource, index: int) -> Exposure:
    with closing(frames.read(index, index + 1)) as reader:  # type: ignore[type-var]
        return exposure_of(next(reader))


def _tracked(
    clip: Clip, guide: Mapping[int, Mask], start: int
) -> Iterator[tuple[Step, FloatMap, Estimate]]:
    """Yield each step with the probability float32 (h, w) to matte, and the estimate of the one object."""
    keyframes = {index: _TargetMask(guide, index) for index in guide}
    with closing(track(clip, keyframes, start)) as steps:  # type: ignore[type-var]
        for step, estimates in steps:
            estimate = estimates[_TARGET]
            probability = estimate.probability
            if step.index in guide:
                probability = _upsampled_mask(guide[step.index], clip.frames.size_wh)
            yield step, probability, estimate


def _masks_of_guide(
    clip: Clip, guide: Mapping[int, Mask], start: int
) -> Iterator[tuple[Step, FloatMap, Estimate]]:
    """Yield each step with the guide's mask of that frame, as a map at twice the processing size."""
    with closing(in_both_directions(clip, start)) as steps:  # type: ignore[type-var]
        for step, answered in steps:
            if answered:
                mask = guide[step.index]
                if step.index == start:
                    mask = check_keyframe_mask(mask, clip.frames.size_wh, clip.number(start))
                probability = _upsampled_mask(mask, clip.frames.size_wh)
                yield step, probability, Estimate(probability, 1.0)


def _upsampled_mask(mask: Mask, size_wh: tuple[int, int]) -> FloatMap:
    """Return a mask of `size_wh` as a map, float32 (h, w) in [0, 1], at twice the processing size."""
    width, height = processing_size(size_wh)
    return resize_map(
        mask.astype(np.float32), (min(2 * width, size_wh[0]), min(2 * height, size_wh[1]))
    )


class _TargetMask(Mapping[int, Mask]):
    """The target's mask of one frame, read from the guide on access."""

    def __init__(self, guide: Mapping[int, Mask], index: int) -> None:
        self._guide = guide
        self._index = index

    def __getitem__(self, name: int) -> Mask:
        if name != _TARGET:
            raise KeyError(name)
        return self._guide[self._index]

    def __iter__(self) -> Iterator[int]:
        return iter((_TARGET,))

    def __len__(self) -> int:
        return 1


def _exclusive_masks(
    frame: Frame, estimates: Mapping[int, Estimate], given: Mapping[int, Mask]
) -> dict[int, Mask]:
    """Return disjoint masks at full size: a pixel of several objects goes to the most probable one.

    What the user gave for the frame, bool (H, W) by object id, is the answer there: processing size would lose its thin
    parts and the pixels of its contour.
    """
    masks: dict[int, Mask] = {}
    taken = np.zeros(frame.shape[:2], dtype=bool)
    for name in given:
        masks[name] = given[name].astype(bool) & ~taken
        taken |= masks[name]
    names = [name for name in estimates if name not in given]
    if not names:
        return masks
    stack = np.stack([estimates[name].probability for name in names])
    owner = stack.argmax(axis=0)
    for rank, name in enumerate(names):
        mask = refine_edges(frame, (stack[rank] > 0.5) & (owner == rank))
        lines = drawn(estimates[name].thin_lines, (frame.shape[1], frame.shape[0]))
        if lines is not None:
            mask |= lines > 0.5
        mask &= ~taken
        taken |= mask
        masks[name] = mask
    return masks
