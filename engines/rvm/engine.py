"""Robust Video Matting: people, by a recurrent network in an ONNX file.

S. Lin et al., "Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022; protocol:
`documentation/inference.md` of the project. It must not import a runtime before a model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from engines.base import (
    Agreement,
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Preference,
    Requirement,
    RunContext,
    Seam,
    check_requirements,
)
from engines.device.placement import stream_with_smaller
from engines.onnx.guide import TargetGuide
from engines.onnx.network_engine import NetworkFile, note_runtime
from engines.onnx.networks import RVM_NETWORKS
from engines.onnx.runtime.choice import memory_errors
from engines.onnx.runtime.interface import NetworkSession, NetworkStream, StreamPlan, Tensor
from engines.onnx.spec import NativeSize
from engines.rvm.descriptors import descriptors_of
from engines.rvm.options import NETWORK_OF, RvmOptions, ratio_for, ratios
from engines.rvm.passes import Runner, compare_once
from engines.rvm.shot_start import lead_in_bytes
from engines.rvm.single_image import foreground_of
from engines.rvm.two_views import LARGER, TwoViews
from utils.options import OptionValue, read_options
from utils.types import Alpha, FloatImage, Frame, Mask, Message

if TYPE_CHECKING:
    from config import Settings

_LABEL = "Robust Video Matting"
_BASE_BYTES = 60_000_000
_BYTES_PER_PIXEL = 220
"""Memory of a marked target's streams beside the weights: an estimate with a margin for both runtimes, corrected by what jobs take."""
_LEAST_RECALL, _LEAST_OVERLAP = 0.9, 0.7
"""How far a target that is a person agrees with the network at least: see `TargetAgreement`."""
_MOST_SURROUNDED = 0.25
"""Matted share of what is just beyond the mask up to which a target stands apart from others: see `TargetAgreement`."""
_PRESENT = 0.5
"""Alpha from which somebody is there."""
_LEAST_SHARE = 1e-4
"""Share of a picture that must be matted on some frame, or nobody was found."""


class RvmEngine(Engine):
    """People without a mark, or the marked person alone."""

    name = "rvm"
    label = Message("engine.rvm.label")
    description = Message("engine.rvm.description")
    capabilities = frozenset({Capability.MATTE, Capability.EVERYONE})
    guide_kind = "mask_per_frame"
    preference = Preference(where_it_agrees=1, everyone=2, quick_preview=1)
    options_type = RvmOptions
    weight_rows = ("rvm",)
    absence_notices = frozenset({"engine.rvm.nobody"})
    answers_quickly = True

    def __init__(self, settings: Settings) -> None:
        self._files = {name: NetworkFile(spec, settings) for name, spec in RVM_NETWORKS.items()}
        self._device: DeviceName = "cpu"
        self._loaded: tuple[str, NetworkSession] | None = None
        self._first_layers: NetworkSession | None = None

    @property
    def weight_bytes(self) -> int:
        """Bytes of the network's file."""
        return self._files["rvm"].size_bytes

    def requirements(self) -> tuple[Requirement, ...]:
        """The runtime and the MobileNetV3 network; the others are extras."""
        return self._files["rvm"].requirements()

    def check_options(self, options: Mapping[str, OptionValue]) -> None:
        """See `Engine.check_options`: another network's file is there."""
        chosen = read_options(RvmOptions, options, self.option_specs())
        name = self._network_name(chosen.network)
        check_requirements(self.label, self._files[name].requirements())

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """See `Engine.working_bytes`."""
        network = size_wh[0] * size_wh[1] * _BYTES_PER_PIXEL
        return _BASE_BYTES + network + lead_in_bytes(size_wh)

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """See `Engine.seams`: states and what is kept of the target start again at a cut."""
        return frozenset({Seam.START, Seam.CUTS})

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`."""
        self.unload()
        self._device = device
        self._loaded = ("rvm", self._files["rvm"].open(device))

    def unload(self) -> None:
        """See `Engine.unload`."""
        self._loaded = None
        self._first_layers = None

    def release_memory(self) -> None:
        """See `Engine.release_memory`.

        After answers about single images some 150 MB at 1080p. The descriptors' layers load again within a quarter
        of a second.
        """
        self._first_layers, loaded = None, self._loaded
        if loaded is not None:
            loaded[1].release_memory()

    def foreground(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """See `ForegroundNetwork.foreground`: the people in it."""
        name, session = self._session("auto")
        return foreground_of(session, RVM_NETWORKS[name], image)

    def descriptors(self, image: Frame) -> FloatImage:
        """See `DescriptorNetwork.descriptors`: its backbone's, which was trained on ImageNet's classes first."""
        # Of the row whose tensors are named, whichever network a job has chosen.
        first_layers = self._first_layers or self._files["rvm"].open_descriptors(self._device)
        self._first_layers = first_layers
        return descriptors_of(first_layers, RVM_NETWORKS["rvm"], image)

    def agrees_with_target(
        self, frames: FrameSource, masks: Mapping[int, Mask], context: RunContext
    ) -> Agreement:
        """See `TargetCheck`: the network must matte nearly all of the target, and little around it."""
        name, session = self._session("auto")
        agreements = []
        with memory_errors():
            stream = _open_stream(session, name, frames.size_wh, ratio_for(frames.size_wh, 0.0))
            for index, mask in masks.items():
                context.check_cancelled()
                with closing(frames.read(index, index + 1)) as reader:  # type: ignore[type-var]
                    looks = [compare_once(stream, frame, mask) for frame in reader if mask.any()]
                agreements += looks
        recall = min((agreement.recall for agreement in agreements), default=0.0)
        overlap = (
            float(np.mean([agreement.overlap for agreement in agreements])) if agreements else 0.0
        )
        finds = recall >= _LEAST_RECALL and overlap >= _LEAST_OVERLAP
        # Whose is what it doesn't tell; the built-in engine mattes by the tracked contour and colours.
        surrounded = [agreement.surrounded for agreement in agreements]
        merges = finds and float(np.mean(surrounded)) > _MOST_SURROUNDED
        agrees = finds and not merges
        code = "engine.rvm.agrees" if agrees else "engine.rvm.disagrees"
        code = "engine.rvm.merges" if merges else code
        shares: dict[str, str | int | float | Message] = {
            "name": _LABEL,
            "recall": round(100 * recall),
            "overlap": round(100 * overlap),
        }
        return Agreement(agrees, Message(code, shares))

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; an empty guide asks for everyone."""
        if self._loaded is None:
            raise RuntimeError("load_model comes before process")
        chosen = read_options(RvmOptions, options, self.option_specs())
        masks = TargetGuide(guide, frames.size_wh, context.first)
        masks.check_start(start, is_tracked=context.is_start_tracked)
        return self._run(frames, masks, start, chosen, context)

    def _run(
        self,
        frames: FrameSource,
        guide: TargetGuide,
        start: int,
        options: RvmOptions,
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        context.check_cancelled()
        name, session = self._session(options.network)
        note_runtime(session, self._device, context)
        open_target = _open_views if options.mirrored else _open_stream

        def open_job(ratio: float, done: int) -> Iterator[MattedFrame]:
            context.details["downsample_ratio"] = f"{ratio:.4g}"
            runner = Runner(
                frames=frames,
                guide=guide,
                start=start,
                confirmed=context.confirmed,
                bounds=context.bounds,
                fill=options.fill,
                gamma=options.network_gamma,
                open_stream=lambda: _open_stream(session, name, frames.size_wh, ratio),
                open_target=lambda: open_target(session, name, frames.size_wh, ratio),
                context=context,
            )
            with memory_errors():
                yield from runner.run(done)

        def on_smaller(wanted: float, used: float) -> None:
            context.on_notice(_smaller_notice(wanted, used))

        settings = ratios(frames.size_wh, options.downsample_ratio)
        made = stream_with_smaller(_LABEL, settings, open_job, on_smaller)
        yield from _telling_of_nobody(made, context)

    def _session(self, network: str) -> tuple[str, NetworkSession]:
        """Return the network asked for, loaded; one is kept at a time."""
        name = self._network_name(network)
        if self._loaded is None or self._loaded[0] != name:
            session = self._files[name].open(self._device)
            self._loaded = name, session
        return self._loaded

    def _network_name(self, network: str) -> str:
        base = NETWORK_OF[network]
        # The float16 files are slower on a CPU than the others, and have crashed there.
        half = f"{base}-fp16"
        has_half = half in self._files and self._files[half].is_present
        return half if self._device == "cuda" and has_half else base


def _telling_of_nobody(made: Iterator[MattedFrame], context: RunContext) -> Iterator[MattedFrame]:
    """Yield a job's frames, and say at their end where none of them shows anybody."""
    found = False
    with closing(made):  # type: ignore[type-var]
        for item in made:
            found = found or float((item.alpha > _PRESENT).mean()) > _LEAST_SHARE
            yield item
    if not found:
        context.on_notice(Message("engine.rvm.nobody"))


def _smaller_notice(wanted: float, used: float) -> Message:
    """Return what is said where a smaller ratio was used for lack of memory."""
    values: dict[str, str | int | float | Message] = {
        "name": _LABEL,
        "wanted": f"downsample_ratio={wanted:.3g}",
        "used": f"downsample_ratio={used:.3g}",
    }
    return Message("engine.smaller", values)


def _open_views(
    session: NetworkSession, name: str, size_wh: tuple[int, int], ratio: float
) -> NetworkStream:
    larger = min(1.0, ratio * LARGER)
    mirrored = _open_stream(session, name, size_wh, larger)
    return TwoViews(_open_stream(session, name, size_wh, ratio), mirrored)


def _open_stream(
    session: NetworkSession, name: str, size_wh: tuple[int, int], ratio: float
) -> NetworkStream:
    spec = RVM_NETWORKS[name]
    assert isinstance(spec.size, NativeSize)
    constants: dict[str, Tensor] = {spec.size.ratio_input: np.array([ratio], np.float32)}
    width, height = size_wh
    plan = StreamPlan(
        spec.image_input,
        (1, 3, height, width),
        constants,
        spec.states,
        (spec.alpha_output,),
        spec.colour_order,
    )
    return session.open_stream(plan)
