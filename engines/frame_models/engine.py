"""Frame networks as engines: what every declared row of `engines.onnx.networks` has in common.

They know an object's outline and not which object is meant: with a mark their alpha is restricted to the
tracked target. It must not import a runtime before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy.typing as npt

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Preference,
    Requirement,
    RunContext,
    Seam,
)
from engines.frame_models.marked_target import MarkedTarget
from engines.frame_models.options import FrameModelOptions, SmoothingOptions
from engines.onnx.filling_loss import FillingLoss
from engines.onnx.flow_smoothing import FlowSmoother, Sample
from engines.onnx.frame_choice import AlphaSource, FrameChoice
from engines.onnx.guide import TargetGuide
from engines.onnx.network_engine import NetworkFile, note_runtime
from engines.onnx.pictures import fitted, input_size_wh, to_alpha, to_input
from engines.onnx.rembg_compatible import rembg_alpha, rembg_input
from engines.onnx.runtime.choice import memory_errors
from engines.onnx.runtime.interface import NetworkSession
from engines.onnx.signature import alpha_output_of, image_input_of
from engines.onnx.spec import NetworkSpec
from utils.errors import BadRequest
from utils.exposure import exposed
from utils.options import OptionValue, read_options
from utils.prefetch import ahead
from utils.types import Alpha, Frame, Mask, Message

if TYPE_CHECKING:
    from config import Settings

_BYTES_PER_INPUT_PIXEL = 1_400
"""Measured on IS-Net; weights not counted."""

SecondInput: TypeAlias = Callable[[Frame], npt.NDArray[Any]]
"""Makes a frame's second input: a clean plate, uint8 RGB (H, W, 3), or depth, float32 (H, W)."""


class FrameEngine(Engine):
    """One frame network; subclasses, made by `rows` for each row, say which."""

    spec: NetworkSpec
    capabilities = frozenset({Capability.MATTE, Capability.EVERYONE})
    preference = Preference(everyone=1)
    guide_kind = "mask_per_frame"
    description = Message("engine.frame_model.description")
    options_type: type[SmoothingOptions] = FrameModelOptions
    offered_when_missing = False

    def __init__(self, settings: Settings) -> None:
        self._file = NetworkFile(self.spec, settings)
        self._device: DeviceName = "cpu"
        self._session: NetworkSession | None = None

    @property
    def weight_bytes(self) -> int:
        """Bytes of the network's file."""
        return self._file.size_bytes

    def requirements(self) -> tuple[Requirement, ...]:
        """The runtime and the network's file."""
        return self._file.requirements()

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`; it depends on the network's own size."""
        width, height = input_size_wh(self.spec.size, size_wh)
        return width * height * _BYTES_PER_INPUT_PIXEL

    def check_options(self, options: Mapping[str, OptionValue]) -> None:
        """See `Engine.check_options`: rembg has the network, where its results are asked for."""
        chosen = read_options(self.options_type, options, self.option_specs())
        if isinstance(chosen, FrameModelOptions) and chosen.as_rembg and not self.spec.in_rembg:
            raise BadRequest("engine.not_in_rembg", name=self.label)

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        self.unload()
        self._session = self._file.open(device)
        self._device = device

    def unload(self) -> None:
        """See `Engine.unload`."""
        self._session = None

    def release_memory(self) -> None:
        """See `Engine.release_memory`."""
        session = self._session
        if session is not None:
            session.release_memory()

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; an empty guide asks for the main object."""
        self.check_options(options)
        chosen = read_options(self.options_type, options, self.option_specs())
        masks = TargetGuide(guide, frames.size_wh, context.first)
        masks.check_start(start)
        self._check(chosen, frames.size_wh, masks, context)
        note_runtime(self._loaded(), self._device, context)
        return self._run(frames, masks, start, chosen, context)

    def _check(
        self,
        options: SmoothingOptions,
        size_wh: tuple[int, int],
        masks: TargetGuide,
        context: RunContext,
    ) -> None:
        """Check what the network can't do with these frames.

        Raises:
            BadRequest: they are too small, or what the options ask for is not there.
        """

    def _second_input(
        self,
        options: SmoothingOptions,
        frames: FrameSource,
        masks: TargetGuide,
        context: RunContext,
    ) -> SecondInput | None:
        """Return what makes the second input of a job's frames; None for a network that has none."""
        return None

    def _run(
        self,
        frames: FrameSource,
        masks: TargetGuide,
        start: int,
        options: SmoothingOptions,
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        context.check_cancelled()
        as_rembg = isinstance(options, FrameModelOptions) and options.as_rembg
        second = self._second_input(options, frames, masks, context)

        def estimate(frame: Frame) -> Alpha:
            return self._alpha(frame, second, as_rembg=as_rembg)

        done, loss = 0, FillingLoss()
        ways: tuple[tuple[int, Literal[1, -1]], ...] = ((start - 1, -1), (start, 1))
        for first, step in ways:
            stop = len(frames) if step > 0 else -1
            target = MarkedTarget(masks, frames.size_wh, context.confirmed)
            matted = ahead(
                lambda span=(first, stop, step), target=target: self._matte(  # type: ignore[misc]
                    frames, span, options, estimate, target, loss, context
                ),
                depth=1,
            )
            with closing(matted) as pairs:  # type: ignore[type-var]
                for index, alpha in pairs:
                    done += 1
                    context.report("matte", done, len(frames))
                    yield MattedFrame(index, alpha)
        if (notice := loss.message(options.every)) is not None:
            context.on_notice(notice)

    def _matte(
        self,
        frames: FrameSource,
        span: tuple[int, int, Literal[1, -1]],
        options: SmoothingOptions,
        estimate: Callable[[Frame], Alpha],
        target: MarkedTarget,
        loss: FillingLoss,
        context: RunContext,
    ) -> Iterator[tuple[int, Alpha]]:
        """Yield each frame's number and alpha."""
        first, stop, step = span
        if first == stop:
            return
        as_rembg = isinstance(options, FrameModelOptions) and options.as_rembg
        # The mean of several frames is nothing that rembg gives.
        smooths = options.temporal_smoothing and not as_rembg
        smoother = FlowSmoother(frames.size_wh, options.every, smooths, loss)
        samples = _samples(frames, span, options, estimate, target, context)
        with closing(samples), memory_errors():
            for offset, alpha in enumerate(smoother.run(samples)):
                yield first + offset * step, alpha

    def _alpha(
        self,
        image: Frame,
        second: SecondInput | None = None,
        *,
        as_rembg: bool = False,
        picture_wh: tuple[int, int] | None = None,
    ) -> Alpha:
        session = self._loaded()
        name = image_input_of(self.spec, session.inputs)
        dtype = next(item.dtype for item in session.inputs if item.name == name)
        finish = rembg_alpha if as_rembg else to_alpha
        feeds = {
            name: rembg_input(self.spec, image, dtype)
            if as_rembg
            else to_input(self.spec, image, dtype, picture_wh)
        }
        if self.spec.second_image is not None and second is not None:
            further = second(image)
            feeds[self.spec.second_image.input_name] = (
                to_input(self.spec, further, dtype)
                if further.ndim == 3
                else fitted(self.spec.size, further)[None, None].astype(dtype)
            )
        (output,) = session.run(feeds, [alpha_output_of(self.spec, session.outputs)])
        return finish(self.spec, output, (image.shape[1], image.shape[0]))

    def _loaded(self) -> NetworkSession:
        if self._session is None:
            raise RuntimeError("load_model comes before work")
        return self._session


class FrameModelEngine(FrameEngine):
    """A network that sees the image alone."""

    answers_quickly = False

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """See `Engine.seams`; what is learned of a target at the start frame counts for every shot."""
        return frozenset({Seam.START} if is_guided else {Seam.START, Seam.CUTS})

    def foreground(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """See `ForegroundNetwork.foreground` and `NetworkSpec.exposes_dark`."""
        seen = exposed(image) if self.spec.exposes_dark else image
        with memory_errors():
            return self._alpha(seen, picture_wh=picture_wh)


def _samples(
    frames: FrameSource,
    span: tuple[int, int, Literal[1, -1]],
    options: SmoothingOptions,
    estimate: Callable[[Frame], Alpha],
    target: MarkedTarget,
    context: RunContext,
) -> Generator[Sample | None, None, None]:
    """Yield the frames of a span, those that are chosen with the target's alpha by the network."""
    choice = FrameChoice(options.every, options.skip_unchanged)
    source = ahead(lambda: frames.read(*span), depth=2)
    with closing(source) as reader:  # type: ignore[type-var]
        for offset, frame in enumerate(reader):
            context.check_cancelled()
            alpha_source = choice.choose(frame)
            if alpha_source is AlphaSource.SAME:
                yield None
                continue
            alpha = None
            if alpha_source is AlphaSource.MATTED:
                alpha = target(span[0] + offset * span[2], frame, estimate(frame))
            yield Sample(frame, alpha, offset in choice.starts)
