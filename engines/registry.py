"""Every engine by name, built from settings alone; importing this loads no model library."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engines.base import ClipExchange, ClipSender, Engine
from engines.onnx.networks import FRAME_NETWORKS
from engines.remote.services import SERVICES
from utils.errors import BadRequest

if TYPE_CHECKING:
    from config import Settings

ENGINES: dict[str, str] = {
    "builtin": "engines.builtin.engine:BuiltinEngine",
    "sam3": "engines.sam.engine:Sam3Engine",
    "sam2": "engines.sam.engine:Sam2Engine",
    "sam2-large": "engines.sam.engine:Sam2LargeEngine",
    "edgetam": "engines.edgetam.engine:EdgeTamEngine",
    "rvm": "engines.rvm.engine:RvmEngine",
    "matanyone": "engines.matanyone.engine:MatAnyoneEngine",
    "videomama": "engines.videomama.engine:VideoMaMaEngine",
    "sam2matting": "engines.sam2matting.engine:Sam2MattingEngine",
    **{name: f"engines.frame_models.rows:{name}" for name in FRAME_NETWORKS},
    **{name: f"engines.remote.engine:{name}" for name in SERVICES},
}
"""Engine name -> "module:class", in the order engines are shown; the class is called with the settings."""


class EngineRegistry:
    """Engines by name, each made once, on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}

    def __iter__(self) -> Iterator[Engine]:
        return (self.get(name) for name in ENGINES)

    @property
    def names(self) -> tuple[str, ...]:
        """All engine names, in the order they are shown."""
        return tuple(ENGINES)

    def get(self, name: str) -> Engine:
        """Return the engine of that name, not loaded.

        Raises:
            BadRequest: there is no such engine.
        """
        if name not in ENGINES:
            raise BadRequest("engine.unknown", name=name[:60], known=", ".join(ENGINES))
        if name not in self._engines:
            module_name, _, class_name = ENGINES[name].partition(":")
            module = importlib.import_module(module_name)
            engine: Engine = getattr(module, class_name)(self._settings)
            if engine.name != name:
                raise RuntimeError(f"{class_name} calls itself {engine.name!r}, not {name!r}")
            self._engines[name] = engine
        return self._engines[name]


def build_registry(settings: Settings) -> EngineRegistry:
    """Return the registry for the settings; no weights are touched."""
    return EngineRegistry(settings)


def connect_exchange(registry: EngineRegistry, exchange: ClipExchange) -> None:
    """Give every engine that sends clips away what writes and reads them."""
    for engine in registry:
        if isinstance(engine, ClipSender):
            engine.use_exchange(exchange)
