"""Frame networks with a second input: depth, or the scene without the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from engines.base import DeviceName, FrameSource, Preference, Requirement, RunContext
from engines.frame_models.clean_plate import (
    MISFIT_LEVELS,
    PLATE_BYTES,
    misfit,
    sampled,
    temporal_median,
)
from engines.frame_models.engine import FrameEngine, SecondInput
from engines.frame_models.options import CleanPlateOptions, SmoothingOptions
from engines.onnx.guide import TargetGuide
from engines.onnx.network_engine import NetworkFile
from engines.onnx.networks import DEPTH_NETWORKS
from engines.onnx.pictures import resized, to_input
from engines.onnx.runtime.interface import NetworkSession
from engines.onnx.signature import alpha_output_of
from engines.onnx.spec import NativeSize
from utils.errors import BadRequest
from utils.types import Alpha, Frame, Message

if TYPE_CHECKING:
    from config import Settings


class DepthEngine(FrameEngine):
    """A network that also sees depth, which another network estimates of the same image."""

    answers_quickly = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        assert self.spec.second_image is not None
        self._depth_spec = DEPTH_NETWORKS[self.spec.second_image.network]
        self._depth_file = NetworkFile(self._depth_spec, settings)
        self._depth_session: NetworkSession | None = None

    @property
    def weight_bytes(self) -> int:
        """Bytes of both networks' files."""
        return super().weight_bytes + self._depth_file.size_bytes

    def requirements(self) -> tuple[Requirement, ...]:
        """The runtime and both networks' files."""
        return (*super().requirements(), *self._depth_file.requirements()[1:])

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        super().load_model(device)
        try:
            self._depth_session = self._depth_file.open(device)
        except BaseException:
            self.unload()
            raise

    def unload(self) -> None:
        """See `Engine.unload`."""
        super().unload()
        self._depth_session = None

    def foreground(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """See `ForegroundNetwork.foreground`."""
        return self._alpha(image, self._depth)

    def _second_input(self, *_: object) -> SecondInput:
        return self._depth

    def _depth(self, image: Frame) -> npt.NDArray[Any]:
        session = self._depth_session
        if session is None:
            raise RuntimeError("load_model comes before work")
        spec = self._depth_spec
        item = session.inputs[0]
        feeds = {item.name: to_input(spec, image, item.dtype)}
        (output,) = session.run(feeds, [alpha_output_of(spec, session.outputs)])
        depth = output.reshape(output.shape[-2:])
        return resized(depth, (image.shape[1], image.shape[0]))


class CleanPlateEngine(FrameEngine):
    """A network that also sees the scene without the target: a user's picture, or the clip's temporal median."""

    description = Message("engine.clean_plate.description")
    options_type = CleanPlateOptions
    preference = Preference()
    takes_clean_plate = True

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`."""
        return super().working_bytes(size_wh) + PLATE_BYTES

    def _check(
        self,
        options: SmoothingOptions,
        size_wh: tuple[int, int],
        masks: TargetGuide,
        context: RunContext,
    ) -> None:
        assert isinstance(self.spec.size, NativeSize)
        assert isinstance(options, CleanPlateOptions)
        least = self.spec.size.least_area
        if size_wh[0] * size_wh[1] < least:
            raise BadRequest("engine.frame_too_small", name=self.label, pixels=least)
        wants_picture = options.clean_plate == "picture" or masks.is_empty
        if wants_picture and (context.clean_plate is None or options.clean_plate == "median"):
            raise BadRequest("engine.no_clean_plate", name=self.label)

    def _second_input(
        self,
        options: SmoothingOptions,
        frames: FrameSource,
        masks: TargetGuide,
        context: RunContext,
    ) -> SecondInput:
        assert isinstance(options, CleanPlateOptions)
        samples = sampled(frames, masks.mask, context.check_cancelled)
        plate = context.clean_plate
        if plate is None or options.clean_plate == "median":
            plate, covered = temporal_median(samples)
            context.details["clean_plate"] = f"median of {len(samples)} frames"
            if covered > 0:
                percent = max(1, round(100 * covered))
                context.on_notice(Message("engine.clean_plate_covered", {"percent": percent}))
        else:
            context.details["clean_plate"] = "picture"
        if misfit(plate, samples) > MISFIT_LEVELS:
            context.on_notice(Message("engine.clean_plate_misfit"))
        chosen = plate
        return lambda _: chosen
