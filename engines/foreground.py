"""Lends the networks that the settings name, for foreground and descriptors, to the engines that use them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from engines.base import (
    DescriptorConsumer,
    DescriptorNetwork,
    Engine,
    ForegroundConsumer,
    ForegroundNetwork,
)
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from utils.errors import BadRequest, EngineUnavailable
from utils.types import Alpha, FloatImage, Frame

PREFERRED = "isnet-general-use"
"""Asked first by "auto": it finds any salient object, not only people."""
FOR_PEOPLE = "rvm"
"""Asked by "auto" after the one for any object: it finds people alone, as well or better, in half the time."""


class LeasedForeground:
    """A `ForegroundEstimator` that takes a lease of the network for the length of each call."""

    def __init__(
        self,
        registry: EngineRegistry,
        manager: ModelManager,
        names: Sequence[str],
        *,
        missing: str = "",
    ) -> None:
        """Lend the first available of the engines of those names.

        Args:
            missing: what `network` is while none of them is available; a name of an engine has whoever asks fail
                with what it lacks, and "" has nobody asked.
        """
        self._registry = registry
        self._manager = manager
        self._names = names
        self._missing = missing

    @property
    def network(self) -> str:
        """See `ForegroundEstimator.network`; looks at the disk each time, so a download counts at once."""
        available = (name for name in self._names if self._registry.get(name).is_available)
        return next(available, self._missing)

    @property
    def answers_quickly(self) -> bool:
        """See `ForegroundEstimator.answers_quickly`."""
        name = self.network
        engine = self._registry.get(name) if name else None
        return not isinstance(engine, ForegroundNetwork) or engine.answers_quickly

    def estimate(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """See `ForegroundEstimator.estimate`."""
        with _lease(self._manager, self.network, image) as engine:
            if not isinstance(engine, ForegroundNetwork):
                raise EngineUnavailable("engine.no_foreground_network")
            return engine.foreground(image, picture_wh)


class LeasedDescriptors:
    """A `DescriptorEstimator` that takes a lease of the network for the length of each call."""

    def __init__(self, registry: EngineRegistry, manager: ModelManager, choice: str) -> None:
        """Lend the engine that is named `choice`, or any with "auto", if it is a `DescriptorNetwork`."""
        self._manager = manager
        self._engines = [
            engine
            for engine in registry
            if isinstance(engine, DescriptorNetwork) and choice in ("auto", engine.name)
        ]

    @property
    def network(self) -> str:
        """See `DescriptorEstimator.network`; looks at the disk each time."""
        return next((engine.name for engine in self._engines if engine.is_available), "")

    def descriptors(self, image: Frame) -> FloatImage:
        """See `DescriptorEstimator.descriptors`."""
        with _lease(self._manager, self.network, image) as engine:
            if not isinstance(engine, DescriptorNetwork):
                raise EngineUnavailable("engine.no_foreground_network")
            return engine.descriptors(image)


def _lease(manager: ModelManager, name: str, image: Frame) -> AbstractContextManager[Engine]:
    """Return the lease of the engine of that name for one image, uint8 RGB (H, W, 3)."""
    if not name:
        raise EngineUnavailable("engine.no_foreground_network")
    height, width = image.shape[:2]
    return manager.lease(name, size_wh=(width, height))


def foregrounds(
    registry: EngineRegistry, manager: ModelManager, choice: str
) -> tuple[LeasedForeground, ...]:
    """Return what lends the networks by `choice`: "auto", "off" for none, else the engine of that name.

    "auto" stands for the best available network for any object, and the one for people. A network that is named is
    asked without its files too: jobs go on without it, and each says what is missing.

    Raises:
        BadRequest: there is no engine of that name, or it is no foreground network.
    """
    if choice == "off":
        return ()
    names = [engine.name for engine in registry if isinstance(engine, ForegroundNetwork)]
    if choice != "auto":
        if choice not in names:
            raise BadRequest("engine.not_a_foreground_network", name=choice[:60])
        return (LeasedForeground(registry, manager, (choice,), missing=choice),)
    names.sort(key=lambda name: name != PREFERRED)
    for_anything = [name for name in names if name != FOR_PEOPLE]
    for_people = [name for name in names if name == FOR_PEOPLE]
    return tuple(
        LeasedForeground(registry, manager, group) for group in (for_anything, for_people) if group
    )


def connect_foreground(registry: EngineRegistry, manager: ModelManager, choice: str) -> None:
    """Give every engine that uses foreground networks or descriptors those that the settings name.

    Raises:
        BadRequest: see `foregrounds`.
    """
    networks = foregrounds(registry, manager, choice)
    for engine in registry:
        if isinstance(engine, ForegroundConsumer):
            engine.use_foreground(*networks)
        if isinstance(engine, DescriptorConsumer) and choice != "off":
            engine.use_descriptors(LeasedDescriptors(registry, manager, choice))
