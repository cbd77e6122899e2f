"""Which engine does what on this machine, and what the others still need."""

from __future__ import annotations

from dataclasses import dataclass

from config import Settings
from engines.base import Capability, OptionSpec
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from utils.errors import BadRequest, EngineUnavailable
from utils.types import Message

MATTING_ENGINES = ("builtin", "matanyone", "videomama")
"""Engines that make mattes, in the order they are shown."""
SEGMENTERS = ("sam3", "sam2", "builtin")
"""Engines that find and track the target, best first."""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """An engine as the page and `engines` show it; `missing` pairs what lacks with its command."""

    name: str
    label: Message
    description: Message
    capabilities: frozenset[Capability]
    is_available: bool
    missing: tuple[tuple[Message, str], ...]
    option_specs: tuple[OptionSpec, ...]
    is_default: bool
    peak_bytes: int = 0
    """Weights and one job's working memory, as measured; 0 where it has not run."""
    peak_device: str = ""


class EngineChoice:
    """Answers from the settings and from what is installed; loads nothing."""

    def __init__(self, settings: Settings, registry: EngineRegistry, manager: ModelManager) -> None:
        self._settings = settings
        self._registry = registry
        self._manager = manager

    def matting(self) -> tuple[EngineInfo, ...]:
        """Return the matting engines, with what each still needs."""
        default = self.default_engine()
        return tuple(self._info(name, name == default) for name in MATTING_ENGINES)

    def segmenter(self) -> EngineInfo:
        """Return who finds the target now."""
        return self._info(self.segmenter_name(), True)

    def segmenters(self) -> tuple[EngineInfo, ...]:
        """Return every engine that finds targets, best first, with what each still needs."""
        chosen = self.segmenter_name()
        return tuple(self._info(name, name == chosen) for name in SEGMENTERS)

    def segmenter_name(self) -> str:
        """Return the engine that finds and tracks: as set, else the best that is available.

        Raises:
            EngineUnavailable: the engine that the settings name lacks something.
        """
        if self._settings.segmenter != "auto":
            self._require(self._settings.segmenter)
            return self._settings.segmenter
        return next(name for name in SEGMENTERS if self._registry.get(name).is_available)

    def default_engine(self) -> str:
        """Return the matting engine used when a job names none.

        MatAnyone takes seconds a frame on a CPU, so it is the default on a GPU only.
        """
        if self._settings.default_engine != "auto":
            return self._settings.default_engine
        on_gpu = self._manager.device.startswith("cuda")
        ready = self._registry.get("matanyone").is_available
        return "matanyone" if on_gpu and ready else "builtin"

    def everything(self) -> tuple[EngineInfo, ...]:
        """Return every engine, with its measured peak where it has run."""
        default = self.default_engine()
        return tuple(self._info(name, name == default) for name in self._registry.names)

    def matting_engine(self, wanted: str) -> str:
        """Return the matting engine for a job that wants `wanted`, "auto" for the default.

        Raises:
            BadRequest: there is no such engine.
            EngineUnavailable: it lacks something.
        """
        name = self.default_engine() if wanted == "auto" else wanted
        if name not in MATTING_ENGINES:
            raise BadRequest("engine.unknown", name=name[:60], known=", ".join(MATTING_ENGINES))
        self._require(name)
        return name

    def _require(self, name: str) -> None:
        engine = self._registry.get(name)
        missing = [item for item in engine.requirements() if not item.present]
        if missing:
            raise EngineUnavailable(
                "engine.unavailable",
                name=engine.label,
                missing=missing[0].label,
                command=missing[0].command or "-",
            )

    def _info(self, name: str, is_default: bool) -> EngineInfo:
        engine = self._registry.get(name)
        requirements = engine.requirements()
        measured = self._manager.measured(name)
        return EngineInfo(
            name=name,
            label=engine.label,
            description=engine.description,
            capabilities=engine.capabilities,
            is_available=all(item.present for item in requirements),
            missing=tuple((item.label, item.command) for item in requirements if not item.present),
            option_specs=engine.option_specs(),
            is_default=is_default,
            peak_bytes=measured.weight_bytes + measured.working_bytes,
            peak_device=measured.device,
        )
