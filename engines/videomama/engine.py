"""VideoMaMa: refines a mask for every frame into an alpha matte, for any subject.

It runs on diffusers' UNet and VAE. It does not track: the guide must have a mask for each frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from engines.base import (
    SETUP_COMMAND,
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Requirement,
    RunContext,
    Seam,
    missing_packages,
    package_requirement,
)
from engines.device.placement import choose_dtype, free_device_bytes, likely_device, release_memory
from engines.videomama import cost
from engines.videomama.batch_size import BatchLimits
from engines.videomama.guarded_call import NAME
from engines.videomama.job import ClipJob, FreeSpace, LoadedModel
from engines.videomama.loading import COMMAND, UNET_FILES, VAE_FILES, ModelFiles, build_networks
from engines.videomama.masks import ClipMasks
from engines.videomama.options import DEFAULT_PIXELS, JobOptions
from engines.videomama.plan import DECODE_CHUNK
from engines.weights import FileVerifier, missing_files
from utils.errors import EngineUnavailable, ModelFilesError
from utils.options import OptionValue, read_options
from utils.types import Mask, Message

if TYPE_CHECKING:
    import torch

    from config import Settings
    from engines.videomama.networks import Networks

PACKAGES = ("torch", "diffusers", "safetensors")
REAL_PARAMETERS = 1_524_634_602 + 97_742_847
_TINY_SHARE = 10
"""Test weights have a tenth of the channels."""


class VideoMaMaEngine(Engine):
    """Diffusion matting in one step over windows of frames; needs a GPU with its real weights."""

    name = "videomama"
    weight_rows = ("videomama", "svd-vae")
    label = Message("engine.videomama.label")
    description = Message("engine.videomama.description")
    capabilities = frozenset({Capability.MATTE})
    guide_kind = "mask_per_frame"
    options_type = JobOptions
    alphas_at_once = DECODE_CHUNK
    plans_by_cuts = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = ModelFiles.of(settings)
        self._unet_verifier = FileVerifier("videomama", COMMAND)
        self._vae_verifier = FileVerifier("svd-vae", COMMAND)
        self._networks: Networks | None = None

    @property
    def weight_bytes(self) -> int:
        """Bytes of both networks in the precision they will run in."""
        return (self._parameters() or REAL_PARAMETERS) * self._likely_value_bytes()

    def requirements(self) -> tuple[Requirement, ...]:
        """Packages, the two weight folders, and a GPU unless the weights are tiny."""
        return (
            package_requirement(PACKAGES),
            Requirement(
                Message("engine.requirement_weights", {"names": NAME}),
                not missing_files(self._files.unet_dir, UNET_FILES),
                COMMAND,
            ),
            Requirement(
                Message("engine.requirement_weights", {"names": "Stable Video Diffusion VAE"}),
                not missing_files(self._files.vae_dir, VAE_FILES),
                COMMAND,
            ),
            Requirement(
                Message("engine.videomama.requirement_gpu", {"minutes": _frame_minutes()}),
                self._may_run(),
                "",
            ),
        )

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        """Return what one window needs; the decoder takes fewer frames at once where it must."""
        limits = self._limits(size_wh)
        return self._scaled(max(limits.window_bytes, limits.encode_bytes))

    def wanted_bytes(self, size_wh: tuple[int, int]) -> int:
        """Return the peak of the decoder with all its frames at once; see `Engine.wanted_bytes`."""
        limits = self._limits(size_wh)
        return self._scaled(max(limits.window_bytes, limits.decode_bytes))

    def _limits(self, size_wh: tuple[int, int]) -> BatchLimits:
        pixels = min(size_wh[0] * size_wh[1], DEFAULT_PIXELS)
        return BatchLimits(24, pixels, self._likely_value_bytes(), None)

    def _scaled(self, needed: int) -> int:
        return needed // _TINY_SHARE if self._is_tiny() else needed

    def seams(self, options: Mapping[str, OptionValue], *, is_guided: bool) -> frozenset[Seam]:
        """See `Engine.seams`; crop, windows and noise are each shot's own."""
        return frozenset({Seam.CUTS})

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`.

        Raises:
            EngineUnavailable: a package is missing, or the real weights would run on a CPU.
            ModelFilesError: a file is missing, damaged or of another model.
        """
        if self._networks is not None and self._networks.device == device:
            return
        self.unload()
        absent = missing_packages(PACKAGES)
        if absent:
            raise EngineUnavailable(
                "engine.unavailable", name=NAME, missing=", ".join(absent), command=SETUP_COMMAND
            )
        self._unet_verifier.verify(self._files.unet_dir, UNET_FILES)
        self._vae_verifier.verify(self._files.vae_dir, VAE_FILES)
        if device == "cpu":
            self._refuse_slow_cpu()
        self._networks = build_networks(self._files, device, self._dtype(device))

    def unload(self) -> None:
        """See `Engine.unload`."""
        if self._networks is not None:
            self._networks = None
            release_memory()

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """Yield every frame in ascending order, whatever `start` is: windows run forward.

        Raises:
            BadRequest: an option is out of range.
            UnusablePrompt: a mask is missing or of another size; an empty one gives zeros.
            OutOfGpuMemory: one frame at a time did not fit either.
            EngineError: the networks returned numbers that are not finite.
        """
        networks = self._networks
        if networks is None:
            raise RuntimeError("load_model() first")
        chosen = read_options(JobOptions, options)
        masks = ClipMasks(
            guide, len(frames), frames.size_wh, context.check_cancelled, context.first
        )
        identity = (self._files.identity(), networks.device, self._settings.dtype)
        job = ClipJob(
            LoadedModel(networks, identity),
            frames,
            masks,
            chosen,
            context,
            FreeSpace(
                self._free_bytes(networks, context.memory_bytes), self._settings.min_free_disk_bytes
            ),
        )
        if networks.device == "cpu" and not self._is_tiny():
            minutes = max(1, round(cost.cpu_seconds(job.flop) / 60))
            context.on_notice(Message("engine.videomama.slow", {"minutes": minutes}))
        yield from job.run()

    def _free_bytes(self, networks: Networks, reserved: int | None) -> int | None:
        """Return the bytes a job may use: what is reserved for it, but no more than is free.

        None for tiny weights, which fit anywhere.
        """
        if self._is_tiny():
            return None
        if networks.device == "cpu":
            import psutil

            return int(psutil.virtual_memory().available * 0.8)
        free = max(0, free_device_bytes() - self._settings.gpu_reserve_bytes)
        return free if reserved is None else min(free, reserved)

    def _refuse_slow_cpu(self) -> None:
        """Raise `EngineUnavailable` for real weights on a CPU, naming the time that it would take."""
        if self._is_tiny() or self._settings.allow_slow_cpu:
            return
        raise EngineUnavailable(
            "engine.videomama.needs_gpu",
            minutes=_frame_minutes(),
            hours=round(300 * cost.cpu_seconds(cost.frame_flop()) / 3600),
        )

    def _may_run(self) -> bool:
        on_gpu = likely_device(self._settings.device) == "cuda"
        return on_gpu or self._settings.allow_slow_cpu or self._is_tiny()

    def _is_tiny(self) -> bool:
        return 0 < self._parameters() < cost.TINY_PARAMETERS

    def _parameters(self) -> int:
        """Return the numbers in the weight files; 0 where they can't be read."""
        try:
            return self._files.parameters()
        except ModelFilesError:
            return 0

    def _likely_value_bytes(self) -> int:
        on_cpu = likely_device(self._settings.device) == "cpu"
        return 4 if on_cpu or self._settings.dtype == "float32" else 2

    def _dtype(self, device: DeviceName) -> torch.dtype:
        """Return fp32 on a CPU; on a GPU fp16, whose error is a tenth of bf16's here."""
        if device == "cpu":
            return choose_dtype("float32", device)
        wanted = self._settings.dtype
        return choose_dtype("float16" if wanted == "auto" else wanted, device)


def _frame_minutes() -> str:
    return f"{cost.cpu_seconds(cost.frame_flop()) / 60:.0f}"
