"""An engine on the stand-in worker, for the conformance suite and the tests of process engines."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from config import Settings
from engines.base import Requirement
from engines.process.connection import WorkerCommand
from engines.process.matting import ProcessMattingEngine
from engines.process.segmenting import ProcessSegmenterEngine
from utils.messages import Text
from utils.options import Option
from utils.types import Message

SCRIPT = Path(__file__).with_name("stand_in_worker.py")


@dataclass(frozen=True)
class StandInOptions:
    fault: Annotated[str, Option(Text("Fault", "故障"))] = ""


class _OnStandIn:
    """What both kinds of engine on the stand-in share."""

    declared_weight_bytes = 1_000
    kind: tuple[str, ...] = ()

    def __init__(self, *arguments: str, **settings: Any) -> None:
        super().__init__(Settings(_env_file=None, **settings))
        self._arguments = arguments

    def requirements(self) -> tuple[Requirement, ...]:
        return ()

    def working_bytes(self, size_wh: tuple[int, int]) -> int:
        return 10_000

    def worker_command(self) -> WorkerCommand:
        return WorkerCommand(Path(sys.executable), SCRIPT, (*self.kind, *self._arguments))


class StandInEngine(_OnStandIn, ProcessMattingEngine):
    name = "stand-in"
    label = Message("engine.sam2matting.label")
    description = Message("engine.sam2matting.description")
    options_type = StandInOptions


class SegmentingStandInEngine(_OnStandIn, ProcessSegmenterEngine):
    name = "segmenting-stand-in"
    label = Message("engine.edgetam.label")
    description = Message("engine.edgetam.description")
    kind = ("segmenting",)
