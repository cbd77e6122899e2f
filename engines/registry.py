"""Every engine by name, built from settings alone; importing this loads no model library."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engines.base import Engine
from utils.errors import BadRequest

if TYPE_CHECKING:
    from config import Settings

_FACTORIES: dict[str, tuple[str, str]] = {
    "builtin": ("engines.builtin.engine", "BuiltinEngine"),
    "sam3": ("engines.sam.engine", "Sam3Engine"),
    "sam2": ("engines.sam.engine", "Sam2Engine"),
    "matanyone": ("engines.matanyone.engine", "MatAnyoneEngine"),
    "videomama": ("engines.videomama.engine", "VideoMaMaEngine"),
}
"""Engine name -> module and class; each class takes the settings."""


class EngineRegistry:
    """Engines by name, each made once, on first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engines: dict[str, Engine] = {}

    def __iter__(self) -> Iterator[Engine]:
        return (self.get(name) for name in _FACTORIES)

    @property
    def names(self) -> tuple[str, ...]:
        """All engine names, in the order they are shown."""
        return tuple(_FACTORIES)

    def get(self, name: str) -> Engine:
        """Return the engine of that name, not loaded.

        Raises:
            BadRequest: there is no such engine.
        """
        if name not in _FACTORIES:
            raise BadRequest("engine.unknown", name=name[:60], known=", ".join(_FACTORIES))
        if name not in self._engines:
            module_name, class_name = _FACTORIES[name]
            module = importlib.import_module(module_name)
            engine: Engine = getattr(module, class_name)(self._settings)
            self._engines[name] = engine
        return self._engines[name]


def build_registry(settings: Settings) -> EngineRegistry:
    """Return the registry for the settings; no weights are touched."""
    return EngineRegistry(settings)
