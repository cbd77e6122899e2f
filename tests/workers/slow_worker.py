"""A real worker process whose built-in engine gives the start mask, a frame at a time and slowly.

It keeps to a schedule, as a card does that works on while the processor is late, and does not give way to other programs,
beside which a test or a measurement would take many times as long.

python -m tests.workers.slow_worker NAME SECONDS_A_FRAME; the rest is in the environment. Each begin of a
job is a line in the workspace's `begins.txt`.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Mapping

import app
from config import Settings
from engines.base import FrameSource, MattedFrame, RunContext
from pipeline import worker_process
from tests.faults.workplace import ObedientEngine, OneEngine
from utils.types import Mask


def main(name: str, seconds_a_frame: float) -> None:
    settings = Settings(_env_file=None)
    begins = settings.workspace_dir / "begins.txt"

    def slowly(
        frames: FrameSource, guide: Mapping[int, Mask], start: int, context: RunContext
    ) -> Iterator[MattedFrame]:
        with begins.open("a") as lines:
            lines.write(f"{name} {os.getpid()}\n")
        if (settings.workspace_dir / "poisoned").exists():
            os.abort()
        due_s = time.monotonic()
        for index, _ in enumerate(frames.read(0, len(frames))):
            due_s += seconds_a_frame
            time.sleep(max(due_s - time.monotonic(), 0.0))
            context.report("matte", index + 1, len(frames))
            yield MattedFrame(index, guide[start].astype("float32"))

    build_engines = app.build_engines

    def with_slow_engine(settings: Settings):
        _, manager = build_engines(settings)
        slow = OneEngine(settings, ObedientEngine(settings, slowly))
        manager._registry = slow
        return slow, manager

    app.build_engines = with_slow_engine
    worker_process.give_way = lambda: None
    parent = os.getppid()
    app.work(settings, name, lambda: os.getppid() == parent)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    main(sys.argv[1], float(sys.argv[2]))
