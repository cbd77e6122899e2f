"""Lends the foreground network that the settings name to the engines that use one; runs nothing itself."""

from __future__ import annotations

from engines.base import Engine, ForegroundConsumer, ForegroundNetwork
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from utils.errors import BadRequest, EngineUnavailable
from utils.types import Alpha, Frame

PREFERRED = "isnet-general-use"
"""Asked first by "auto": it finds any salient object, not only people."""


class LeasedForeground:
    """A `ForegroundEstimator` that takes a lease of the network for the length of each call."""

    def __init__(self, registry: EngineRegistry, manager: ModelManager, choice: str) -> None:
        """Choose by `choice`: "auto" any available network, "off" none, else the engine of that name.

        Raises:
            BadRequest: there is no engine of that name, or it is no foreground network.
        """
        self._registry = registry
        self._manager = manager
        self._choice = choice
        if choice not in ("auto", "off") and not isinstance(
            registry.get(choice), ForegroundNetwork
        ):
            raise BadRequest("engine.not_a_foreground_network", name=choice[:60])

    @property
    def network(self) -> str:
        """See `ForegroundEstimator.network`; looks at the disk each time, so a download counts at once."""
        return next((engine.name for engine in self._candidates() if engine.is_available), "")

    def estimate(self, image: Frame) -> Alpha:
        """See `ForegroundEstimator.estimate`."""
        name = self.network
        if not name:
            raise EngineUnavailable("engine.no_foreground_network")
        height, width = image.shape[:2]
        with self._manager.lease(name, size_wh=(width, height)) as engine:
            if not isinstance(engine, ForegroundNetwork):
                raise EngineUnavailable("engine.no_foreground_network")
            return engine.foreground(image)

    def _candidates(self) -> list[Engine]:
        if self._choice == "off":
            return []
        if self._choice != "auto":
            return [self._registry.get(self._choice)]
        networks = [engine for engine in self._registry if isinstance(engine, ForegroundNetwork)]
        return sorted(networks, key=lambda engine: engine.name != PREFERRED)


def connect_foreground(registry: EngineRegistry, manager: ModelManager, choice: str) -> None:
    """Give every engine that uses a foreground network the one that the settings name.

    Raises:
        BadRequest: see `LeasedForeground`.
    """
    foreground = LeasedForeground(registry, manager, choice)
    for engine in registry:
        if isinstance(engine, ForegroundConsumer):
            engine.use_foreground(foreground)
