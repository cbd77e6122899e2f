"""How soon a frame is there when the page jumps along a clip and steps on at once, as its viewer asks for pictures.

    python -m bench.scrub CLIP [--jumps 8]

For each place: the milliseconds until the frame is there, the slowest of six steps right after it (three on, then
three back over the jump), and the CPU milliseconds of all until nothing is decoded any more. "alone" decodes every frame by
itself, "together" lets one decode give the neighbours too; both are taken in turn, with nothing kept before.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import app
from config import Settings
from pipeline.orchestrator import Orchestrator

AHEAD = 3
"""Frames each way that the viewer asks for after the one shown; see `ui/widgets/viewer/pictures.js`."""
STEPS = (1, 2, 3, -1, -2, -3)
QUIET_S = 20.0


@dataclass(frozen=True, slots=True)
class Jump:
    """What one jump took, in milliseconds."""

    shown_ms: float
    slowest_step_ms: float
    cpu_ms: float


def jump(work: Orchestrator, session_id: str, frame: int, *, is_together: bool) -> Jump:
    """Jump to the frame and step on as soon as it is there."""
    frames = work.state(session_id).clip.frame_count
    before_ms = _cpu_ms()
    with ThreadPoolExecutor(Settings().preview_decodes) as pool:
        asked: dict[int, Future[bytes]] = {}

        def ask(number: int) -> Future[bytes]:
            if number not in asked:
                asked[number] = pool.submit(
                    work.frame_jpeg, session_id, number, neighbours=is_together
                )
            return asked[number]

        def show(number: int) -> float:
            began_s = time.monotonic()
            ask(number).result()
            shown_ms = (time.monotonic() - began_s) * 1000
            for step in range(1, AHEAD + 1):
                for other in (number + step, number - step):
                    if 0 <= other < frames:
                        ask(other)
            return shown_ms

        shown_ms = show(frame)
        steps = [show(frame + step) for step in STEPS if 0 <= frame + step < frames]
    return Jump(shown_ms, max(steps), _cpu_ms_when_quiet() - before_ms)


def _cpu_ms() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return 1000 * sum(one.ru_utime + one.ru_stime for one in used)


def _cpu_ms_when_quiet() -> float:
    """Return the CPU time once it stands still: pictures read ahead are made after the answers."""
    deadline_s = time.monotonic() + QUIET_S
    used = _cpu_ms()
    while time.monotonic() < deadline_s:
        time.sleep(0.7)
        now = _cpu_ms()
        if now - used < 20:
            return now
        used = now
    return used


def main() -> None:
    """Run the measurement and print a line for each place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--jumps", type=int, default=8)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ms: shown, step, cpu")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(workspace_dir=Path(folder), min_free_disk_bytes=0)
        work = app.build_orchestrator(settings)
        state = work.create_session(options.clip, options.clip.name)
        pictures = settings.workspace_dir / "sessions" / state.id / "frames"
        taken: dict[str, list[Jump]] = {"alone": [], "together": []}
        for number in range(options.jumps):
            frame = (2 * number + 1) * state.clip.frame_count // (2 * options.jumps)
            for name, jumps in taken.items():
                shutil.rmtree(pictures, ignore_errors=True)
                jumps.append(jump(work, state.id, frame, is_together=name == "together"))
            print(f"frame {frame}: {', '.join(f'{n} {_text(j[-1])}' for n, j in taken.items())}")
        for name, jumps in taken.items():
            columns = zip(*((j.shown_ms, j.slowest_step_ms, j.cpu_ms) for j in jumps), strict=True)
            print(f"median, {name}: {_text(Jump(*map(statistics.median, columns)))}")
        work.close()
    print(f"load {os.getloadavg()[0]:.1f}")


def _text(taken: Jump) -> str:
    return f"{taken.shown_ms:.0f} {taken.slowest_step_ms:.0f} {taken.cpu_ms:.0f}"


if __name__ == "__main__":
    main()
