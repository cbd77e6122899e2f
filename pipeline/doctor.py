"""What this machine offers and what it lacks, item by item, each with what to do; changes nothing."""

from __future__ import annotations

import importlib.metadata
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from engines.base import (
    ArrayFrames,
    Capability,
    Engine,
    MattingEngine,
    RunContext,
    Tracker,
    missing_packages,
)
from engines.device.manager import Engines, ModelManager
from engines.device.placement import driver_version, gpu_present, resolve_device
from engines.weights_manifest import licence_of
from utils.errors import SplazmatteError
from utils.options import resolve_options

if TYPE_CHECKING:
    from config import Settings
    from pipeline.video_io import VideoIO

Verdict: TypeAlias = Literal["ok", "note", "problem"]
_GIBIBYTE = 1024**3
_SIZE_WH = (96, 64)
_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was looked at, how it is, and what to do about it ("" for nothing)."""

    item: str
    verdict: Verdict
    state: str
    advice: str = ""


class Doctor:
    """Examines the machine for the settings; every check answers by itself, whatever the others say.

    Args:
        settings: where weights and the workspace are, and which device is wanted.
        registry: the engines.
        manager: leases them for the tiny jobs.
        video: knows FFmpeg.
    """

    def __init__(
        self, settings: Settings, registry: Engines, manager: ModelManager, video: VideoIO
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._manager = manager
        self._video = video

    def examine(self) -> Iterator[Finding]:
        """Yield the findings as they are known; the engines' tiny jobs come last."""
        checks: tuple[Callable[[], Finding], ...] = (
            self._driver,
            self._torch,
            self._device,
            self._ffmpeg,
            self._disk,
            self._port,
        )
        for check in checks:
            yield check()
        for name in self._registry.names:
            yield self._engine(self._registry.get(name))

    def _driver(self) -> Finding:
        if not gpu_present():
            return Finding("NVIDIA driver", "note", "no NVIDIA GPU is seen; engines run on the CPU")
        version = driver_version()
        if version == "unknown":
            return Finding(
                "NVIDIA driver",
                "problem",
                "a GPU is there, but its driver's version can't be read",
                "install the NVIDIA driver, or restart after an update",
            )
        return Finding("NVIDIA driver", "ok", f"driver {version}")

    def _torch(self) -> Finding:
        missing = missing_packages(("torch", "transformers", "diffusers", "safetensors"))
        if missing:
            verdict: Verdict = "problem" if gpu_present() else "note"
            advice = "bash scripts/setup_env.sh --models"
            return Finding("PyTorch", verdict, f"not installed: {', '.join(missing)}", advice)
        return Finding("PyTorch", "ok", f"torch {importlib.metadata.version('torch')}")

    def _device(self) -> Finding:
        try:
            device = resolve_device(self._settings.device)
        except SplazmatteError as error:
            return Finding(
                "device", "problem", error.user_message.partition(". ")[0], error.user_message
            )
        return Finding("device", "ok", f"model engines run on {device}")

    def _ffmpeg(self) -> Finding:
        try:
            return Finding("FFmpeg", "ok", self._video.check_ffmpeg())
        except SplazmatteError as error:
            return Finding("FFmpeg", "problem", "not usable", error.user_message)

    def _disk(self) -> Finding:
        folder = self._settings.workspace_dir
        while not folder.exists():
            folder = folder.parent
        free = shutil.disk_usage(folder).free
        state = f"{free / _GIBIBYTE:.1f} GiB free for {self._settings.workspace_dir}"
        if free < self._settings.min_free_disk_bytes:
            needed = self._settings.min_free_disk_bytes / _GIBIBYTE
            return Finding(
                "disk",
                "problem",
                state,
                f"jobs are refused below {needed:.1f} GiB; free some space",
            )
        return Finding("disk", "ok", state)

    def _port(self) -> Finding:
        host, port = self._settings.host, self._settings.port
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError as error:
                advice = "stop what uses it (SplazMatte itself, if it runs), or set SPLAZMATTE_PORT"
                return Finding(
                    "port", "note", f"{host}:{port} can't be used ({error.strerror})", advice
                )
        return Finding("port", "ok", f"{host}:{port} is free")

    def _engine(self, engine: Engine) -> Finding:
        """Run a tiny job on an engine that has all it needs."""
        item = f"engine {engine.name}"
        missing = [one for one in engine.requirements() if not one.present]
        if missing:
            commands = dict.fromkeys(one.command for one in missing if one.command)
            return Finding(item, "note", "not installed", "; ".join(commands))
        started = time.monotonic()
        try:
            with self._manager.lease(engine.name, size_wh=_SIZE_WH) as leased:
                run_tiny_job(leased)
        except SplazmatteError as error:
            return Finding(item, "problem", "its tiny job failed", error.user_message)
        except Exception as error:
            return Finding(
                item, "problem", f"its tiny job failed: {type(error).__name__}: {error}"[:200]
            )
        seconds = time.monotonic() - started
        device = self._manager.device if engine.weight_bytes else "cpu"
        licence = licence_of(engine.name)
        state = f"a tiny job took {seconds:.1f} s on {device}"
        return Finding(item, "ok", f"{state}; {licence}" if licence else state)


def run_tiny_job(engine: Engine) -> None:
    """Matte or track three small frames with the engine, which must be loaded.

    Raises:
        SplazmatteError, or whatever the engine raises: it does not work.
    """
    width, height = _SIZE_WH
    noise = np.random.default_rng(0).integers(0, 80, (height, width, 3))
    frame = np.asarray(noise, np.uint8)
    mask = np.zeros((height, width), bool)
    mask[16:48, 32:64] = True
    frame[mask] += 150
    frames = ArrayFrames([frame] * _FRAMES)
    if Capability.MATTE in engine.capabilities and isinstance(engine, MattingEngine):
        options = resolve_options(engine.option_specs(), {})
        guide = dict.fromkeys(range(_FRAMES), mask)
        results = sum(1 for _ in engine.process(frames, guide, 0, options, RunContext()))
    elif isinstance(engine, Tracker):
        results = sum(1 for _ in engine.track_video(frames, {0: {1: mask}}, 0, RunContext()))
    else:
        return
    if results != _FRAMES:
        raise RuntimeError(f"{results} results for {_FRAMES} frames")
