"""MatAnyone and MatAnyone 2: alphas of people from one confirmed mask, streamed.

It must not import torch before a model is loaded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import (
    SETUP_COMMAND,
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
from engines.matanyone.backend import PACKAGES, TorchBackend
from engines.matanyone.checkpoint import (
    MODEL_NAMES,
    WEIGHT_BYTES,
    find_weights,
    require_weights,
    weight_file_names,
)
from engines.matanyone.contract import Backend, Generation, Network, SeedMask
from engines.matanyone.first_mask import seed_mask
from engines.matanyone.guide import PackedMasks, joined_box
from engines.matanyone.options import (
    JobOptions,
    option_specs,
    processing_size_wh,
    short_sides,
    target_bytes,
    working_bytes,
)
from engines.matanyone.passes import Runner, WorkMeter, in_step, plan_segments, shared_progress
from engines.matanyone.region import Region, RegionFrames
from engines.weights import download_command
from utils.options import OptionSpec, OptionValue, read_options
from utils.types import Mask, Message

if TYPE_CHECKING:
    from config import Settings

_LABEL = "MatAnyone"
_GENERATIONS: tuple[Generation, ...] = ("2", "1")
"""In order of preference."""


class MatAnyoneEngine(Engine):
    """Both generations behind one name; the setting and the job's option choose.

    Args:
        settings: folders of the weights, the preferred generation, the precision.
        backend: where networks come from; torch modules when none is given.
    """

    name = "matanyone"
    weight_rows = ("matanyone", "matanyone2")
    label = Message("engine.matanyone.label")
    description = Message("engine.matanyone.description")
    capabilities = frozenset({Capability.MATTE})
    guide_kind = "first_mask"
    # Seconds a frame on a CPU: there it must be asked for.
    preference = Preference(matte_on_gpu=10)

    def __init__(self, settings: Settings, backend: Backend | None = None) -> None:
        self._default_generation = settings.matanyone_generation
        self._folders: dict[Generation, Path] = {
            "1": settings.model_path(settings.matanyone_model),
            "2": settings.model_path(settings.matanyone2_model),
        }
        self._backend: Backend = backend or TorchBackend(
            settings.dtype, settings.matanyone_cuda_graphs
        )
        self._device: DeviceName | None = None
        self._loaded: tuple[Generation, Network] | None = None

    @property
    def weight_bytes(self) -> int:
        """Bytes of the network's float32 parameters; one generation is loaded at a time."""
        return WEIGHT_BYTES

    def requirements(self) -> tuple[Requirement, ...]:
        """Packages and weights of the default generation."""
        return self._requirements(self._resolve("auto"))

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """Estimate for the default processing size; larger ones may fall back when it is too little."""
        width, height = processing_size_wh(size_wh, short_sides(size_wh, 720)[0])
        return working_bytes(width, height)

    def wants_tracked_masks(self, options: Mapping[str, OptionValue]) -> bool:
        """See `Engine.wants_tracked_masks`; only the crop needs them."""
        return bool(options["crop"])

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """See `Engine.seams`; a crop is around the masks of the whole clip."""
        return frozenset() if options["crop"] else frozenset({Seam.START, Seam.KEY_FRAMES})

    def option_specs(self) -> tuple[OptionSpec, ...]:
        """See `engines.matanyone.options`."""
        return option_specs(self._default_generation)

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`; loads the default generation."""
        self.unload()
        self._load(self._resolve("auto"), device)

    def unload(self) -> None:
        """See `Engine.unload`."""
        self._loaded = None
        self._device = None

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`.

        A mask on another frame restarts the recurrence there, in the direction away from `start`; an empty
        one marks the target as absent: alphas are 0 up to the next mask.
        """
        return _first_of_each(self.process_together(frames, [guide], start, options, context))

    def process_together(
        self,
        frames: FrameSource,
        guides: Sequence[Mapping[int, Mask]],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[tuple[MattedFrame, ...]]:
        """See `JointMattingEngine.process_together`; each image is encoded once for all targets.

        With a crop there is one region, around the masks of all targets.
        """
        if self._device is None:
            raise RuntimeError("load_model comes before process")
        chosen = read_options(JobOptions, options, self.option_specs())
        # With a crop the guide holds tracked masks besides, which seed nothing.
        seeds = {start, *context.confirmed} if chosen.crop else None
        masks = [PackedMasks(guide, start, frames, seeds, context.first) for guide in guides]
        return self._run(frames, masks, start, chosen, context)

    def working_bytes_together(self, size_wh: tuple[int, int], targets: int) -> int:
        """See `JointMattingEngine.working_bytes_together`."""
        width, height = processing_size_wh(size_wh, short_sides(size_wh, 720)[0])
        return self.working_bytes(size_wh) + (targets - 1) * target_bytes(width, height)

    def _run(
        self,
        frames: FrameSource,
        targets: Sequence[PackedMasks],
        start: int,
        options: JobOptions,
        context: RunContext,
    ) -> Iterator[tuple[MattedFrame, ...]]:
        context.check_cancelled()
        network = self._network(self._resolve(options.generation))
        picture_wh = frames.size_wh
        box = functools.reduce(joined_box, (masks.box for masks in targets))
        region = Region.around(box, picture_wh) if options.crop else Region.whole(picture_wh)
        size_wh = region.size_wh
        if not region.is_whole:
            frames = RegionFrames(frames, region)
        runners = _runners(frames, targets, region, start, options, context)
        sides = short_sides(size_wh, options.short_side)
        _notify_sizes(region, sides[0], context)

        def open_stream(short_side: int, done: int) -> Iterator[tuple[MattedFrame, ...]]:
            open_core = network.open_cores(size_wh, short_side, options.amp, context.on_notice)
            return in_step([runner.run(open_core, done) for runner in runners])

        def on_smaller(wanted: int, used: int) -> None:
            context.on_notice(
                Message(
                    "engine.smaller",
                    {"name": _LABEL, "wanted": f"{wanted} px", "used": f"{used} px"},
                )
            )

        for row in stream_with_smaller(_LABEL, sides, open_stream, on_smaller):
            yield tuple(MattedFrame(item.index, region.paste(item.alpha)) for item in row)

    def _network(self, generation: Generation) -> Network:
        if self._loaded is None or self._loaded[0] != generation:
            if self._device is None:
                raise RuntimeError("the engine was unloaded while a job ran")
            self._load(generation, self._device)
        assert self._loaded is not None
        return self._loaded[1]

    def _load(self, generation: Generation, device: DeviceName) -> None:
        # The weights in use go first: the memory budget reserves one generation at a time.
        self._loaded = None
        check_requirements(self.label, self._requirements(generation))
        weights = require_weights(self._folders[generation], generation)
        self._loaded = generation, self._backend.load(generation, weights, device)
        self._device = device

    def _resolve(self, choice: str) -> Generation:
        wanted = self._default_generation if choice == "auto" else choice
        for generation in _GENERATIONS:
            if wanted == generation:
                return generation
        complete = (item for item in _GENERATIONS if self._is_complete(item))
        with_weights = (item for item in _GENERATIONS if self._has_weights(item))
        return next(complete, None) or next(with_weights, None) or _GENERATIONS[0]

    def _has_weights(self, generation: Generation) -> bool:
        return find_weights(self._folders[generation], generation) is not None

    def _is_complete(self, generation: Generation) -> bool:
        return self._has_weights(generation) and not self._backend.missing_packages()

    def _requirements(self, generation: Generation) -> tuple[Requirement, ...]:
        missing = self._backend.missing_packages()
        names = ", ".join(missing or PACKAGES)
        return (
            Requirement(
                Message("engine.requirement_packages", {"names": names}),
                not missing,
                SETUP_COMMAND,
            ),
            Requirement(
                Message("engine.requirement_weights", {"names": self._weights_name(generation)}),
                self._has_weights(generation),
                download_command(MODEL_NAMES[generation]),
            ),
        )

    def _weights_name(self, generation: Generation) -> str:
        return f"{self._folders[generation].name}/{weight_file_names(generation)[0]}"


def _runners(
    frames: FrameSource,
    targets: Sequence[PackedMasks],
    region: Region,
    start: int,
    options: JobOptions,
    context: RunContext,
) -> list[Runner]:
    """Return what runs each target's segments; `frames` are those of the region."""
    plans = [plan_segments(masks.is_empty, start, len(frames)) for masks in targets]
    totals = [sum(segment.work_units(options.warmup) for segment in plan) for plan in plans]

    def seeding(masks: PackedMasks) -> Callable[[int], SeedMask]:
        return lambda index: seed_mask(
            region.crop_mask(masks.mask(index)),
            options.dilate,
            options.erode,
            index + context.first,
        )

    return [
        Runner(
            frames=frames,
            segments=plan,
            seed=seeding(masks),
            warmup=options.warmup,
            meter=WorkMeter(plan, options.warmup, part),
            label=_LABEL,
            first=context.first,
        )
        for plan, masks, part in zip(plans, targets, shared_progress(context, totals), strict=True)
    ]


def _first_of_each(rows: Iterator[tuple[MattedFrame, ...]]) -> Iterator[MattedFrame]:
    with closing(rows):  # type: ignore[type-var]
        for (item,) in rows:
            yield item


def _notify_sizes(region: Region, short_side: int, context: RunContext) -> None:
    """Tell the user before the run what part of the picture is computed, and at which size."""
    if not region.is_whole:
        width, height = region.size_wh
        context.on_notice(
            Message(
                "engine.matanyone.crop",
                {"width": width, "height": height, "percent": round(100 * region.share)},
            )
        )
    if short_side < min(region.size_wh):
        context.on_notice(
            Message(
                "engine.matanyone.processing_size",
                {"used": short_side, "full": min(region.size_wh)},
            )
        )
