"""Matting jobs in worker processes over Celery: what they cost, and that kills lose none and repeat none.

python bench/workers.py overhead [--frames 150] [--rounds 3]
python bench/workers.py kills [--jobs 100] [--kills 20] [--seed 1] [--lease 20]
python bench/workers.py soak [--jobs 200]
python bench/workers.py divided [--frames 1500] [--seconds-a-frame 0.04] [--rounds 2]

The first three start a redis-server of their own. The last one's engine sleeps, so that it shows what dividing a job
costs where there are not as many cores or GPUs as workers.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engines.base import Seam
from engines.builtin.engine import BuiltinEngine
from pipeline.jobs.queue import JobState
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState, SessionStatus
from pipeline.workers.attempts import Attempt
from pipeline.workers.celery_queue import CeleryQueue
from pipeline.workers.records import JobRecord, Phase
from pipeline.workers.redis_store import RedisJobStore, key_prefix, namespace_of
from pipeline.workers.store import FileJobStore
from tests.disc import write_clip, write_mask_png
from tests.faults.workplace import ROOT, Workplace, app_environment, wait_until
from tests.workers.conftest import LEASE_S, Page, Workers, make_page
from tests.workers.redis_server import RedisServer
from utils.errors import StoreUnavailable

WORKERS = 3
MOST_KILLS_OF_A_JOB = 2
"""Kills that the bench itself gives one job: one of which three workers died is given up."""
WORKER = """
import app
from pipeline import worker_process
worker_process.give_way = lambda: None
app.work_for_others(app.build_settings(), "bench")
"""
"""A worker that doesn't give way to other programs, as the job in process doesn't here."""
SHORT_FRAMES = 120
"""Frames of a job that is divided, but takes little time."""
LONG_LEASE_S = 60.0
"""Lease where nobody dies, so that a busy machine takes no worker for dead."""


def make_celery_page(workspace: Path, server: RedisServer, lease_s: float = LEASE_S) -> Page:
    workspace.mkdir()
    prefix = key_prefix(namespace_of(workspace))
    queue = CeleryQueue(server.url, prefix)
    return make_page(workspace, RedisJobStore(server.url, prefix), queue.send, lease_s)


def processor_s(*workers: int) -> float:
    """Return the processor's seconds so far of this process, of workers, and what all have started and waited for."""
    others = [psutil.Process(worker).cpu_times()[:4] for worker in workers]
    return sum(os.times()[:4]) + sum(map(sum, others))


def overhead(folder: Path, frames: int, rounds: int) -> None:
    """Run the same job in this process and in a worker, in turns; print the least seconds of each.

    The processor's seconds, of all processes that take part, say more on a machine that others use too.
    """
    size_wh = (640, 360)
    clip = write_clip(folder / "clip.mp4", frames, size_wh)
    mask = write_mask_png(folder / "mask.png", 0, size_wh)
    server = RedisServer(folder / "redis").start()
    page = make_celery_page(folder / "workspace", server, LONG_LEASE_S)
    environment = app_environment(page.workspace, SPLAZMATTE_BROKER=server.url)
    log = (folder / "worker.log").open("wb")
    command = [sys.executable, "-c", WORKER]
    worker = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    here = Workplace(folder / "here", engine=BuiltinEngine)
    seconds: dict[str, list[float]] = {"in process": [], "through Celery": []}
    processor: dict[str, list[float]] = {"in process": [], "through Celery": []}
    try:
        page.wait_for_workers(1)
        for number in range(rounds + 1):
            session = here.session_with_target(clip, mask)
            started_s, used_s = time.perf_counter(), processor_s(worker.pid)
            here.orchestrator.submit(session, MatteRequest(engine="builtin", outputs=("alpha",)))
            assert here.jobs.wait(session, 3600) is JobState.DONE
            in_process_s = time.perf_counter() - started_s
            used_in_process_s = processor_s(worker.pid) - used_s
            session = page.session(clip, mask)
            started_s, used_s = time.perf_counter(), processor_s(worker.pid)
            page.submit(session, outputs=("alpha",))
            assert page.ended(session, 3600).status is SessionStatus.DONE
            if number:  # the first round loads and compiles
                seconds["in process"].append(in_process_s)
                seconds["through Celery"].append(time.perf_counter() - started_s)
                processor["in process"].append(used_in_process_s)
                processor["through Celery"].append(processor_s(worker.pid) - used_s)
    finally:
        worker.terminate()
        worker.wait(600)
        here.orchestrator.close()
        page.orchestrator.close()
        server.kill()
    for kind, found in (("wall", seconds), ("processor", processor)):
        for name, values in found.items():
            rounded = [round(value, 2) for value in values]
            print(f"{name}: least {min(values):.2f} s ({kind}), all {rounded}")
    print(f"processor: {min(processor['through Celery']) / min(processor['in process']):.3f} x")
    least, most = min(seconds["in process"]), min(seconds["through Celery"])
    print(
        f"through Celery: {most / least:.3f} x, {most - least:+.2f} s; allowed {1.03 * least + 1:.2f} s"
    )


def kills(folder: Path, jobs: int, count: int, seed: int, lease_s: float) -> bool:
    """Kill workers at random moments of many jobs, the broker twice; return whether each job was done once."""
    clip = write_clip(folder / "clip.mp4", 6, (96, 64))
    mask = write_mask_png(folder / "mask.png", 0, (96, 64))
    server = RedisServer(folder / "redis").start()
    page = make_celery_page(folder / "workspace", server, lease_s)
    workers = Workers(page.workspace, {"SPLAZMATTE_BROKER": server.url}, lease_s=lease_s)
    published: Counter[str] = Counter()
    publish = Attempt.publish

    def noted(attempt: Attempt, session: Session) -> SessionState:
        published[session.id] += 1
        return publish(attempt, session)

    Attempt.publish = noted  # type: ignore[method-assign]
    chance = random.Random(seed)

    killed: Counter[str] = Counter()

    def victims() -> list[JobRecord]:
        try:
            records = page.store.records()
        except StoreUnavailable:
            return []
        return [
            record
            for record in records
            if record.phase is Phase.RUNNING
            and killed[record.id] < MOST_KILLS_OF_A_JOB
            and record.owner in workers.processes
        ]

    try:
        for number in range(WORKERS):
            workers.start(f"w{number}", 0.1)
        page.wait_for_workers(WORKERS)
        sessions = [page.session(clip, mask) for _ in range(jobs)]
        started_s = time.perf_counter()
        for session in sessions:
            page.submit(session)
        for number in range(count):
            wait_until(victims, 600)
            time.sleep(chance.uniform(0.0, 1.0))
            found = victims()
            if found:
                victim = chance.choice(found)
                killed[victim.id] += 1
                workers.kill(victim.owner)
                workers.start(f"again{number}", 0.1)
            if number in (count // 3, 2 * count // 3):
                server.kill()
                time.sleep(1.0)
                server.start()
        ends = [page.ended(session, 1200) for session in sessions]
        states = Counter(state.status.value for state in ends)
        print("errors:", Counter(state.error.code for state in ends if state.error is not None))
        took_s = time.perf_counter() - started_s
        left = list((page.workspace / "attempts").iterdir())
    finally:
        Attempt.publish = publish  # type: ignore[method-assign]
        for name in list(workers.processes):
            workers.kill(name)
        page.orchestrator.close()
        server.kill()
    once = sum(value == 1 for value in published.values())
    most = max(killed.values(), default=0)
    print(f"{jobs} jobs, {sum(killed.values())} kills, {took_s:.0f} s: {dict(states)}; results put in place once: {once}; "
          f"most kills of one job {most}; folders left {len(left)}")  # fmt: skip
    return states == {"done": jobs} and once == jobs and not left


def soak(folder: Path, jobs: int) -> None:
    """Run many jobs in one worker, every tenth cancelled; print what its process holds on the way."""
    clip = write_clip(folder / "clip.mp4", 6, (96, 64))
    mask = write_mask_png(folder / "mask.png", 0, (96, 64))
    server = RedisServer(folder / "redis").start()
    page = make_celery_page(folder / "workspace", server, LONG_LEASE_S)
    workers = Workers(page.workspace, {"SPLAZMATTE_BROKER": server.url}, lease_s=LONG_LEASE_S)
    cancels_s: list[float] = []
    try:
        process = psutil.Process(workers.start("soak", 0.2).pid)
        page.wait_for_workers(1)
        for number in range(1, jobs + 1):
            session = page.session(clip, mask)
            page.submit(session)
            if number % 10 == 0:
                wait_until(lambda: page.store.records()[0].phase is Phase.RUNNING)
                page.orchestrator.cancel(session)
            asked_s = time.perf_counter()
            state = page.ended(session, 600)
            if state.status is SessionStatus.CANCELLED:
                cancels_s.append(time.perf_counter() - asked_s)
            page.orchestrator.discard(session)
            if number % max(jobs // 10, 1) == 0:
                megabytes = process.memory_info().rss / 1024**2
                print(
                    f"{number} jobs: {megabytes:.1f} MB resident, {process.num_fds()} descriptors, "
                    f"{process.num_threads()} threads, {len(process.children())} children, "
                    f"{len(cancels_s)} cancelled, within {max(cancels_s, default=0.0):.2f} s"
                )
    finally:
        for name in list(workers.processes):
            workers.kill(name)
        page.orchestrator.close()
        server.kill()


def divided(folder: Path, frames: int, seconds_a_frame: float, rounds: int) -> None:
    """Matte a clip with two cuts, a mask in each of its three shots, with one and with three workers, in turns.

    Least times count, after a short job that loads what each worker needs. What is beyond the engine's own time is
    everything else: beginning, decoding, joining, waiting. On a busy machine the processor's seconds say more.
    """
    size_wh = (96, 64)
    mask = write_mask_png(folder / "mask.png", 0, size_wh)
    workspace = folder / "workspace"
    workspace.mkdir()
    page = make_page(workspace, FileJobStore(workspace), lease_s=LONG_LEASE_S)
    workers = Workers(workspace, lease_s=LONG_LEASE_S)
    seams = frozenset({Seam.START, Seam.KEY_FRAMES})
    BuiltinEngine.seams = lambda *_, **__: seams  # type: ignore[method-assign]

    def run(count: int, frames: int) -> tuple[float, float]:
        """Return the seconds of a job of so many frames, the clock's and the processor's."""
        shots = (0, frames // 3, 2 * frames // 3)
        clip = folder / f"{frames}.mp4"
        if not clip.exists():
            write_clip(clip, frames, size_wh, cuts=shots[1:])
        of_workers.divide = divide if count > 1 else lambda *_: ()  # type: ignore[method-assign]
        session = page.session(clip, mask, *shots)
        begins = len(workers.begins())
        pids = [process.pid for process in workers.processes.values()]
        started_s, used_s = time.perf_counter(), processor_s(*pids)
        page.submit(session, outputs=("alpha",))
        assert page.ended(session, 3600).status is SessionStatus.DONE
        assert len(workers.begins()) - begins == count
        return time.perf_counter() - started_s, processor_s(*pids) - used_s

    seconds: dict[int, float] = {}
    of_workers = page.orchestrator._jobs._of_workers
    assert of_workers is not None
    divide = of_workers.divide
    try:
        for number in range(WORKERS):
            workers.start(f"w{number}", seconds_a_frame)
        page.wait_for_workers(WORKERS)
        run(WORKERS, SHORT_FRAMES)
        for count in (1, WORKERS) * rounds:
            took_s, used_s = run(count, frames)
            seconds[count] = min(took_s, seconds.get(count, took_s))
            engine_s = frames * seconds_a_frame / count
            print(
                f"{count} workers: {took_s:.1f} s, {took_s - engine_s:.1f} s beyond the engine's {engine_s:.1f} s; "
                f"processor {used_s:.1f} s"
            )
    finally:
        for name in list(workers.processes):
            workers.kill(name)
        page.orchestrator.close()
    print(f"{frames} frames, three workers: {seconds[WORKERS] / seconds[1]:.3f} x the time of one")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("overhead")
    one.add_argument("--frames", type=int, default=150)
    one.add_argument("--rounds", type=int, default=3)
    other = commands.add_parser("kills")
    other.add_argument("--jobs", type=int, default=100)
    other.add_argument("--kills", type=int, default=20)
    other.add_argument("--seed", type=int, default=1)
    other.add_argument("--lease", type=float, default=LEASE_S)
    long = commands.add_parser("soak")
    long.add_argument("--jobs", type=int, default=200)
    third = commands.add_parser("divided")
    third.add_argument("--frames", type=int, default=1500)
    third.add_argument("--seconds-a-frame", type=float, default=0.04)
    third.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.command == "overhead":
            overhead(Path(folder), options.frames, options.rounds)
            return 0
        if options.command == "soak":
            soak(Path(folder), options.jobs)
            return 0
        if options.command == "divided":
            divided(Path(folder), options.frames, options.seconds_a_frame, options.rounds)
            return 0
        return not kills(Path(folder), options.jobs, options.kills, options.seed, options.lease)


if __name__ == "__main__":
    sys.exit(main())
