"""Which engine does what on this machine, and what the others still need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from config import Settings
from engines.base import (
    Capability,
    Engine,
    ForegroundConsumer,
    RemoteEngine,
    check_requirements,
)
from engines.device.manager import ModelManager
from engines.foreground import FOR_PEOPLE, PREFERRED
from engines.registry import EngineRegistry
from engines.weights_manifest import model_weights
from pipeline.session.request import MatteRequest
from utils.errors import BadRequest, EngineUnavailable
from utils.messages import Text
from utils.options import OptionSpec, OptionValue
from utils.types import Message

_AUTO = "auto"
"""Value of a setting or a request that leaves the choice to us."""


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
    device: str = "cpu"
    """Where it would run, "cpu", "cuda" or "remote"."""
    peak_bytes: int = 0
    """Weights and one job's working memory, as measured; 0 where it has not run."""
    peak_device: str = ""
    licence: Text | None = None
    """Licence of its weights, None where it has none."""
    commercial_use: bool = True
    """The licences' texts allow commercial use."""
    takes_clean_plate: bool = False
    """It uses a picture of the scene without the target."""
    spending: Message | None = None
    """What was spent on it, for an engine that sends the clip away."""

    @property
    def device_note(self) -> Message | None:
        """A sentence on where it would run; None for one that lacks something here, perhaps the GPU itself."""
        if self.spending is not None:
            return Message("remote.elsewhere")
        if not self.is_available:
            return None
        return Message("engine.on_gpu" if self.device.startswith("cuda") else "engine.on_cpu")


class EngineChoice:
    """Answers from the settings, from what the engines declare and from what is installed; loads nothing.

    Args:
        elsewhere: matting engines that worker processes have ready, where such run the jobs.

    Raises:
        BadRequest: a setting names no engine of ours, or one that can't do that work.
    """

    def __init__(
        self,
        settings: Settings,
        registry: EngineRegistry,
        manager: ModelManager,
        elsewhere: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._settings = settings
        self._elsewhere = elsewhere
        self.registry = registry
        self.manager = manager
        self._check_setting("SPLAZMATTE_DEFAULT_ENGINE", settings.default_engine, Capability.MATTE)
        self._check_setting("SPLAZMATTE_SEGMENTER", settings.segmenter, Capability.TRACK)

    def matting(self) -> tuple[EngineInfo, ...]:
        """Return the matting engines, with what each still needs."""
        default, elsewhere = self.default_engine(), self._elsewhere()
        return tuple(
            self._info(engine.name, engine.name == default, elsewhere=elsewhere)
            for engine in self._able(Capability.MATTE)
            if engine.offered_when_missing or engine.name in elsewhere or engine.is_available
        )

    def segmenter(self) -> EngineInfo:
        """Return the engine that finds the target now."""
        return self._info(self.segmenter_name(), True)

    def segmenters(self) -> tuple[EngineInfo, ...]:
        """Return every engine that finds targets, best first, with what each still needs."""
        chosen = self.segmenter_name()
        return tuple(
            self._info(engine.name, engine.name == chosen) for engine in self._segmenters()
        )

    def segmenter_name(self) -> str:
        """Return the engine that finds and tracks: as set, else the best that is available.

        Raises:
            EngineUnavailable: the engine that the settings name lacks something.
        """
        if self._settings.segmenter != _AUTO:
            self._require(self._settings.segmenter)
            return self._settings.segmenter
        return next(engine.name for engine in self._segmenters() if engine.is_available)

    def missing_network(self) -> Message | None:
        """Return what the foreground network that the settings name lacks; None where no finding engine would ask it."""
        name = self._settings.foreground_network
        if name not in self.registry.names:
            return None
        network = self.registry.get(name)
        try:
            finder = self.registry.get(self.segmenter_name())
        except EngineUnavailable:
            return None
        if not isinstance(finder, ForegroundConsumer):
            return None
        try:
            check_requirements(network.label, network.requirements())
        except EngineUnavailable as error:
            return Message("engine.marked_without_network", {"reason": error.message})
        return None

    def default_engine(self) -> str:
        """Return the matting engine used when a job names none: as set, else as the engines declare."""
        if self._settings.default_engine != _AUTO:
            return self._settings.default_engine
        return max(self._ready(Capability.MATTE), key=self._matting_preference).name

    def why_default(self) -> Message | None:
        """Return why `default_engine` is what it is; None where the settings name it."""
        if self._settings.default_engine != _AUTO:
            return None
        label = self.registry.get(self.default_engine()).label
        code = "engine.preferred_on_gpu" if self._is_on_gpu else "engine.preferred_on_cpu"
        return Message(code, {"name": label})

    def tried_first(self, request: MatteRequest) -> str:
        """Return the engine that is to be compared with the target before the default is taken; "" for none.

        Options belong to a known engine, so a request that has some is not second-guessed.
        """
        asked = (request.engine, self._settings.default_engine)
        if asked != (_AUTO, _AUTO) or request.everyone or request.options or self._is_on_gpu:
            return ""
        able = self._here(Capability.MATTE)
        best = max(able, key=lambda engine: engine.preference.where_it_agrees)
        return best.name if best.preference.where_it_agrees else ""

    def everything(self) -> tuple[EngineInfo, ...]:
        """Return every engine, with its measured peak where it has run."""
        default = self.default_engine()
        return tuple(self._info(name, name == default) for name in self.registry.names)

    def matting_engine(self, wanted: str, *, everyone: bool = False) -> str:
        """Return the matting engine for a job that wants `wanted`, "auto" for the default.

        Args:
            everyone: the job has no mark, so the engine must find the people by itself.

        Raises:
            BadRequest: there is no such engine, or it can't do this.
            EngineUnavailable: it lacks something.
        """
        capability = Capability.EVERYONE if everyone else Capability.MATTE
        able = self._able(capability)
        if wanted == _AUTO:
            name = self._default_for_everyone() if everyone else self.default_engine()
        else:
            engine = self.registry.get(wanted)
            if engine not in able:
                code = "engine.needs_mark" if everyone else "engine.cannot_matte"
                offered = [one for one in self._own(capability) if one.offered_when_missing]
                known = _names(self._ready(capability) or offered)
                raise BadRequest(code, name=engine.label, known=known)
            name = wanted
        if name not in self._elsewhere():
            self._require(name)
        return name

    def check_options(self, name: str, options: Mapping[str, OptionValue]) -> None:
        """Check an engine's resolved options where it runs in this process; a worker has files of its own.

        Raises:
            BadRequest: the engine can't do this.
            EngineUnavailable: a file that they ask for is missing.
        """
        if name not in self._elsewhere():
            self.registry.get(name).check_options(options)

    def main_object_engine(self) -> str:
        """Return the engine that finds the main object of one frame: as set, else the best that is ready.

        Networks that see one image at a time come before those for a whole clip of people.

        Raises:
            EngineUnavailable: none is ready.
        """
        ready = self._here(Capability.EVERYONE)
        if not ready:
            raise EngineUnavailable("engine.no_foreground_network")
        wanted = (self._settings.foreground_network, PREFERRED)
        ranks = {name: rank for rank, name in enumerate(reversed(wanted), start=1)}
        best = max(
            ready,
            key=lambda engine: (ranks.get(engine.name, 0), engine.name != FOR_PEOPLE),
        )
        return best.name

    def quick_preview_engine(self) -> str:
        """Return the engine that previews a clip without a mark; "" where none is ready, or by the setting."""
        if not self._settings.quick_preview:
            return ""
        able = self._here(Capability.EVERYONE)
        wanted = [engine for engine in able if engine.preference.quick_preview]
        return (
            max(wanted, key=lambda engine: engine.preference.quick_preview).name if wanted else ""
        )

    def _default_for_everyone(self) -> str:
        """Return the best ready engine that needs no mark, or the first, whose error then names what it lacks."""
        able = self._own(Capability.EVERYONE)
        if not able:
            raise BadRequest("engine.everyone_none")
        ready = self._ready(Capability.EVERYONE)
        return max(ready or able[:1], key=lambda engine: engine.preference.everyone).name

    def take_webhook(self, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Give a webhook to the service of that name; see `RemoteEngine.take_webhook`."""
        engine = self.registry.get(name) if name in self.registry.names else None
        return isinstance(engine, RemoteEngine) and engine.take_webhook(headers, body)

    def _able(self, capability: Capability) -> list[Engine]:
        return [engine for engine in self.registry if capability in engine.capabilities]

    def _own(self, capability: Capability) -> list[Engine]:
        """Return the engines of this house: nobody's clip leaves it unless they say so."""
        return [engine for engine in self._able(capability) if not engine.is_remote]

    def _ready(self, capability: Capability) -> list[Engine]:
        """Return the engines that a job may take: where there are workers, those that workers have."""
        elsewhere = self._elsewhere()
        there = [engine for engine in self._own(capability) if engine.name in elsewhere]
        return there or self._here(capability)

    def _here(self, capability: Capability) -> list[Engine]:
        """Return the engines of this house that are ready in this process."""
        return [engine for engine in self._own(capability) if engine.is_available]

    def _segmenters(self) -> list[Engine]:
        """Return the engines that find and track the target, best first."""
        engines = self._able(Capability.TRACK)
        return sorted(engines, key=lambda engine: engine.preference.segment, reverse=True)

    def _matting_preference(self, engine: Engine) -> int:
        preference = engine.preference
        return preference.matte_on_gpu if self._is_on_gpu else preference.matte_on_cpu

    @property
    def _is_on_gpu(self) -> bool:
        return self.manager.device.startswith("cuda")

    def _check_setting(self, setting: str, name: str, capability: Capability) -> None:
        if name == _AUTO:
            return
        able = self._able(capability)
        if name not in [engine.name for engine in able]:
            allowed = f"{_AUTO}, {_names(able)}"
            raise BadRequest("job.value", name=setting, value=name[:60], allowed=allowed)

    def _require(self, name: str) -> None:
        engine = self.registry.get(name)
        check_requirements(engine.label, engine.requirements())

    def _info(
        self, name: str, is_default: bool, elsewhere: frozenset[str] = frozenset()
    ) -> EngineInfo:
        engine = self.registry.get(name)
        requirements = () if name in elsewhere else engine.requirements()
        measured = self.manager.measured(name)
        rows = [model_weights(row) for row in engine.weight_rows]
        return EngineInfo(
            name=name,
            label=engine.label,
            description=engine.description,
            capabilities=engine.capabilities,
            is_available=all(item.present for item in requirements),
            missing=tuple((item.label, item.command) for item in requirements if not item.present),
            option_specs=engine.option_specs(),
            is_default=is_default,
            device=self._device(engine),
            peak_bytes=measured.weight_bytes + measured.working_bytes,
            peak_device=measured.device,
            licence=_licences(row.licence for row in rows),
            commercial_use=all(row.commercial_use for row in rows),
            takes_clean_plate=engine.takes_clean_plate,
            spending=engine.spending() if isinstance(engine, RemoteEngine) else None,
        )

    def _device(self, engine: Engine) -> str:
        if engine.is_remote:
            return "remote"
        return self.manager.device if engine.weight_bytes else "cpu"


def _names(engines: Iterable[Engine]) -> str:
    return ", ".join(engine.name for engine in engines) or "-"


def _licences(licences: Iterable[Text]) -> Text | None:
    """Return different licences as one text, None without any."""
    different = tuple(dict.fromkeys(licences))
    if not different:
        return None
    return Text("; ".join(one.en for one in different), "；".join(one.zh for one in different))
