"""What this machine offers and what it lacks, item by item, each with what to do; changes nothing."""

from __future__ import annotations

import importlib.metadata
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
    RemoteEngine,
    RunContext,
    Tracker,
    missing_packages,
)
from engines.device.manager import Engines, ModelManager
from engines.device.placement import driver_version, gpu_present, resolve_device
from engines.weights_manifest import licence_of
from pipeline.storage.disk import denial, free_bytes
from utils.errors import SplazmatteError
from utils.http_text import in_address
from utils.listening import free_port, listening_advice
from utils.options import resolve_options
from utils.types import Message

if TYPE_CHECKING:
    from config import Settings
    from pipeline.video_io import VideoIO

Verdict: TypeAlias = Literal["ok", "note", "problem"]
_GIBIBYTE = 1024**3
_SIZE_WH = (96, 64)
_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was looked at, how it is, and what to do about it, None for nothing."""

    item: Message
    verdict: Verdict
    state: Message
    advice: Message | None = None


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
        item = Message("doctor.driver")
        if not gpu_present():
            return Finding(item, "note", Message("doctor.no_gpu"))
        version = driver_version()
        if version == "unknown":
            advice = Message("doctor.driver_advice")
            return Finding(item, "problem", Message("doctor.driver_unknown"), advice)
        return Finding(item, "ok", Message("doctor.driver_version", {"version": version}))

    def _torch(self) -> Finding:
        item = Message("doctor.torch")
        missing = missing_packages(("torch", "transformers", "diffusers", "safetensors"))
        if missing:
            verdict: Verdict = "problem" if gpu_present() else "note"
            state = Message("doctor.packages_missing", {"names": ", ".join(missing)})
            return Finding(item, verdict, state, _plain("bash scripts/setup_env.sh --models"))
        version = importlib.metadata.version("torch")
        return Finding(item, "ok", Message("doctor.torch_version", {"version": version}))

    def _device(self) -> Finding:
        item = Message("doctor.device")
        try:
            device = resolve_device(self._settings.device)
        except SplazmatteError as error:
            return Finding(item, "problem", Message("doctor.device_unusable"), error.message)
        return Finding(item, "ok", Message("doctor.runs_on", {"device": device}))

    def _ffmpeg(self) -> Finding:
        item = Message("doctor.ffmpeg")
        try:
            return Finding(item, "ok", _plain(self._video.check_ffmpeg()))
        except SplazmatteError as error:
            return Finding(item, "problem", Message("doctor.unusable"), error.message)

    def _disk(self) -> Finding:
        item, folder = Message("doctor.disk"), self._settings.workspace_dir
        reason = denial(folder)
        if reason:
            state = Message("doctor.disk_unwritable", {"folder": str(folder)})
            return Finding(item, "problem", state, Message("job.disk_denied", {"reason": reason}))
        free = free_bytes(folder)
        values = {"free": f"{free / _GIBIBYTE:.1f}", "folder": str(folder)}
        state = Message("doctor.disk_free", {**values})
        if free < self._settings.min_free_disk_bytes:
            needed = f"{self._settings.min_free_disk_bytes / _GIBIBYTE:.1f}"
            return Finding(
                item, "problem", state, Message("doctor.disk_advice", {"needed": needed})
            )
        return Finding(item, "ok", state)

    def _port(self) -> Finding:
        item = Message("doctor.port")
        host, port = self._settings.host, self._settings.port
        address = f"{in_address(host)}:{port}"
        try:
            free_port(host, port)
        except OSError as error:
            reason = error.strerror or str(error)
            state = Message("doctor.port_taken", {"address": address, "reason": reason})
            return Finding(item, "note", state, listening_advice(error))
        return Finding(item, "ok", Message("doctor.port_free", {"address": address}))

    def _engine(self, engine: Engine) -> Finding:
        """Run a tiny job on an engine that has all it needs."""
        item = Message("doctor.engine", {"name": engine.name})
        missing = [one for one in engine.requirements() if not one.present]
        if missing:
            commands = dict.fromkeys(one.command for one in missing if one.command)
            advice = _plain("; ".join(commands)) if commands else None
            return Finding(item, "note", Message("doctor.not_installed"), advice)
        if isinstance(engine, RemoteEngine):
            return _examined(item, engine)
        started = time.monotonic()
        try:
            with self._manager.lease(engine.name, size_wh=_SIZE_WH) as leased:
                run_tiny_job(leased)
        except SplazmatteError as error:
            return Finding(item, "problem", Message("doctor.job_failed"), error.message)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"[:200]
            return Finding(item, "problem", Message("doctor.job_error", {"error": what}))
        values: dict[str, str | int | float | Message] = {
            "seconds": f"{time.monotonic() - started:.1f}",
            "device": self._manager.device if engine.weight_bytes else "cpu",
        }
        licence = licence_of(engine.name)
        if licence:
            return Finding(
                item, "ok", Message("doctor.job_done_licence", {**values, "licence": licence})
            )
        return Finding(item, "ok", Message("doctor.job_done", values))


def _examined(item: Message, engine: RemoteEngine) -> Finding:
    """Ask a service about the key; a tiny job there would be billed."""
    try:
        return Finding(item, "ok", engine.examine(), engine.spending())
    except SplazmatteError as error:
        return Finding(item, "problem", Message("doctor.unusable"), error.message)


def _plain(text: str) -> Message:
    """Return a text that is the same in every language: a version, or a command."""
    return Message("doctor.text", {"text": text})


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
