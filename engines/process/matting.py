"""`ProcessMattingEngine`: a matting engine whose model runs in a process of its own environment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    MattedFrame,
    Requirement,
    RunContext,
    check_requirements,
)
from engines.process.connection import WorkerCommand
from engines.process.host import WorkerHost
from engines.process.job import MattingJob
from utils.errors import UnusablePrompt
from utils.mask_utils import check_keyframe_mask
from utils.options import OptionValue, resolve_options
from utils.types import Mask, Message

if TYPE_CHECKING:
    from config import Settings


class ProcessMattingEngine(Engine):
    """Base of engines that matte from one mask in another process; a subclass says what runs.

    Args:
        settings: `engine_stall_s`, how long a worker may be silent in a job.
    """

    capabilities = frozenset({Capability.MATTE})
    guide_kind = "first_mask"
    offered_when_missing = False
    declared_weight_bytes: int
    """Bytes of the weights and of what the process itself takes on the device, before they are loaded."""

    def __init__(self, settings: Settings) -> None:
        self._host = WorkerHost(self.name, self.label, self.worker_command, settings.engine_stall_s)

    @abstractmethod
    def worker_command(self) -> WorkerCommand:
        """Return what runs the worker; its requirements are there."""

    @property
    def weight_bytes(self) -> int:
        """As the loaded worker says, else as declared."""
        return max(self._host.weight_bytes, self.declared_weight_bytes)

    @property
    def outside_bytes(self) -> int:
        """See `Engine.outside_bytes`: what the worker said that it holds, when it last said so."""
        return self._host.held_bytes

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id; None while none runs."""
        connection = self._host.connection
        return None if connection is None else connection.pid

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`; starts the worker and waits until its weights are loaded."""
        self.unload()
        check_requirements(self.label, self.requirements())
        self._host.open(device)

    def unload(self) -> None:
        """See `Engine.unload`; ends the worker."""
        self._host.close()

    def process(
        self,
        frames: FrameSource,
        guide: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
    ) -> Iterator[MattedFrame]:
        """See `MattingEngine.process`; an empty mask on another frame than `start` says "absent".

        Raises:
            EngineError: the worker failed, or another job of this engine is running.
        """
        if not self._host.is_open:
            raise RuntimeError("load_model comes before process")
        chosen = resolve_options(self.option_specs(), options)
        masks = _checked_masks(guide, start, frames.size_wh, context.first)
        stall_s = self._host.stall_s
        return self._host.run(
            lambda connection: MattingJob(
                connection, frames, masks, start, chosen, context, stall_s
            ),
            context.check_cancelled,
        )


def environment_requirement(
    name: str, label: Message, python: Path | None, command: str
) -> Requirement:
    """Return the requirement of a worker's Python, an executable file that the settings name.

    Args:
        name: of the engine in its settings' names, such as "EDGETAM".
        label: of the engine for people.
    """
    return Requirement(
        Message("process.requirement_python", {"name": name, "label": label}),
        present=python is not None and python.is_file(),
        command=command,
    )


def _checked_masks(
    guide: Mapping[int, Mask], start: int, size_wh: tuple[int, int], first: int
) -> dict[int, Mask]:
    """Return the guide's masks, checked; those of a "first_mask" engine are few.

    Args:
        first: number that frame 0 has in the clip, for errors' texts.
    """
    if start not in guide:
        raise UnusablePrompt("engine.mask_missing", frame=start + first)
    masks: dict[int, Mask] = {}
    for index in guide:
        mask = guide[index]
        if index == start or mask.shape != size_wh[::-1]:
            mask = check_keyframe_mask(mask, size_wh, index + first)
        masks[index] = mask
    return masks
