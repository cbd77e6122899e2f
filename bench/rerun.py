"""How much of a job a correction between two key frames runs again, in the job's own seconds and CPU time.

    python -m bench.rerun CLIP --box X0,Y0,X1,Y1 [--engine builtin] [--spacing 40] [--frames 240]

Marks frame 0 with the box and, a spacing and two apart, the result's own masks; runs the whole job, paints a stroke
in the middle of the two later key frames, and runs again.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from pathlib import Path

import app
from config import Settings
from engines.base import RunContext
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import MatteRequest
from ui.command_line.values import parse_box
from utils.types import Prompt, Stroke


def run(work: Orchestrator, session_id: str, request: MatteRequest) -> dict[str, float]:
    """Run the job; return the seconds of its steps and the CPU seconds of this process and its children."""
    before = _cpu_s()
    state = work.run_now(session_id, request, RunContext())
    seconds = state.seconds
    return {
        "track_matte": seconds.track + seconds.matte,
        "total": seconds.total,
        "cpu": _cpu_s() - before,
    }


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Run the measurement and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--box", type=parse_box, required=True)
    parser.add_argument("--engine", default="builtin")
    parser.add_argument("--spacing", type=int, default=40)
    parser.add_argument("--frames", type=int, default=240)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(workspace_dir=Path(folder), min_free_disk_bytes=0)
        work = app.build_orchestrator(settings)
        state = work.create_session(options.clip, options.clip.name)
        request = MatteRequest(engine=options.engine, last=options.frames - 1)
        work.segment(state.id, 0, Prompt(box=options.box))
        run(
            work, state.id, request
        )  # compiles what is compiled, and gives the masks of the key frames
        middle = options.frames // 2
        touch = Stroke(((2.5, 2.5), (6.5, 2.5)), 2.0)
        for frame in (middle - options.spacing // 2, middle + options.spacing // 2):
            work.segment(state.id, frame, Prompt(strokes=(touch,)))
        whole = run(work, state.id, request.model_copy(update={"every_frame": True}))
        work.segment(state.id, middle, Prompt(strokes=(touch,)))
        again = run(work, state.id, request)
        for name in whole:
            share = again[name] / max(whole[name], 1e-9)
            print(f"{name}: whole {whole[name]:.2f} s, rerun {again[name]:.2f} s, {share:.2f}")
        work.close()


if __name__ == "__main__":
    main()
