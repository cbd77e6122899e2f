"""How much memory a job takes on a worker, as the engines estimate it for each kind of device; loads nothing."""

from __future__ import annotations

from collections.abc import Collection

from config import Settings
from engines.base import Engine, JointMattingEngine
from engines.registry import build_registry
from pipeline.jobs.joint_targets import mattes_together
from pipeline.session.request import MatteRequest
from pipeline.workers.needs import JobNeeds

DEVICES = ("cpu", "cuda")


class MemoryNeeds:
    """Asks the engines as they would be on a worker, whose device may be another than this machine's."""

    def __init__(self, settings: Settings) -> None:
        self._registries = {
            device: build_registry(settings.model_copy(update={"device": device}))
            for device in DEVICES
        }

    def of_job(
        self, name: str, request: MatteRequest, size_wh: tuple[int, int], starts: Collection[int]
    ) -> JobNeeds:
        """Return what a job needs: what the model manager reserves for it.

        Args:
            name: the matting engine.
            size_wh: frame size in pixels.
            starts: the frame that each target starts from.
        """
        engines = {device: registry.get(name) for device, registry in self._registries.items()}
        memory_bytes = {
            device: engine.weight_bytes + _working_bytes(engine, request, size_wh, starts)
            for device, engine in engines.items()
            if engine.weight_bytes
        }
        return JobNeeds(name, memory_bytes)


def _working_bytes(
    engine: Engine, request: MatteRequest, size_wh: tuple[int, int], starts: Collection[int]
) -> int:
    if isinstance(engine, JointMattingEngine) and mattes_together(engine, request, starts):
        return engine.working_bytes_together(size_wh, len(starts))
    return engine.working_bytes(size_wh)
