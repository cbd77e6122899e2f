"""Runs many jobs in a row in one process and watches memory, descriptors, threads and disk.

    python bench/many_jobs.py [--jobs 200] [--json]

Two clients take turns; every tenth job is cancelled in the middle, every twentieth upload is a bad
file. All on the built-in engine, through the orchestrator, as the page drives it. Old sessions are
removed as a server would remove them, so that the disk should not grow either.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from app import build_orchestrator
from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.state import SessionStatus
from pipeline.session.store import SessionStore
from pipeline.storage.files import folder_bytes
from tests.disc import write_clip, write_mask_png
from utils.errors import BadUpload
from utils.types import Box, Prompt

SIZE = (160, 96)
FRAMES = 12
KEPT_SESSIONS = 6
POLL_S = 0.02
SAMPLE_EVERY = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """The process after so many jobs; `uss_bytes` is memory that is ours alone."""

    jobs: int
    uss_bytes: int
    descriptors: int
    threads: int
    children: int
    disk_bytes: int


class Soak:
    """Drives jobs for two clients and samples the process between them."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._folder = folder
        self._jobs = jobs
        self._settings = Settings(
            _env_file=None,
            workspace_dir=folder / "workspace",
            models_dir=folder / "no-models",
            min_free_disk_bytes=10_000_000,
            keep_sessions=KEPT_SESSIONS,
            protected_hours=0,
        )
        self._orchestrator: Orchestrator = build_orchestrator(self._settings)
        self._clip = write_clip(folder / "clip.mp4", FRAMES, SIZE, audio=True)
        self._mask = write_mask_png(folder / "mask.png", 0, SIZE)
        self._bad = folder / "bad.mp4"
        self._bad.write_bytes(b"#EXTM3U\nfile:///etc/passwd\n")
        self._idle = threading.Condition()
        self._next = self._sampled = self._busy = 0
        self.outcomes: Counter[str] = Counter()
        self.samples: list[Sample] = []
        self.problems: list[str] = []

    def run(self) -> None:
        """Do all jobs."""
        clients = [threading.Thread(target=self._client, args=(name,)) for name in ("ann", "bo")]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self._check_sessions()
        if not self._orchestrator.close():
            self.problems.append("did not close in time")

    def _client(self, name: str) -> None:
        while True:
            number = self._take()
            if number > self._jobs:
                return
            try:
                self.outcomes[self._one(number, name)] += 1
            except Exception as error:
                self.problems.append(f"job {number}: {type(error).__name__}: {error}")
            with self._idle:
                self._busy -= 1
                if self._busy == 0 and self._next % SAMPLE_EVERY == 0:
                    self._orchestrator.clean_sessions()
                    self._sample(self._next)
                    self._sampled = self._next
                self._idle.notify_all()

    def _take(self) -> int:
        """Return the next job's number; at every tenth both clients stand still for a sample."""
        with self._idle:
            self._idle.wait_for(lambda: self._next % SAMPLE_EVERY or self._sampled == self._next)
            self._next += 1
            self._busy += self._next <= self._jobs
            return self._next

    def _one(self, number: int, client: str) -> str:
        if number % 20 == 0:
            try:
                self._orchestrator.create_session(self._bad, f"{client}.mp4")
            except BadUpload:
                return "refused"
            return "a bad file was taken"
        session_id = self._orchestrator.create_session(self._clip, f"{client}.mp4").id
        self._orchestrator.frame_jpeg(session_id, 3)
        if number % 2:
            self._orchestrator.read_mask_upload(session_id, 0, self._mask)
        else:
            self._orchestrator.segment(session_id, 0, Prompt(box=Box(25, 25, 75, 72)))
        outputs = ("alpha", "foreground", "png") if number % 3 else ("prores", "webm", "preview")
        self._orchestrator.submit(session_id, MatteRequest(engine="builtin", outputs=outputs))
        wants_cancel = number % 10 == 5
        self._wait(session_id, cancel=wants_cancel)
        status = self._orchestrator.state(session_id).status
        if status is SessionStatus.DONE and number % 4 == 0:
            self._orchestrator.rerender(session_id, RenderRequest(outputs=("alpha", "preview")))
            self._wait(session_id, cancel=False)
            self._orchestrator.outputs(session_id)
        if wants_cancel and status is SessionStatus.DONE:
            return "done before the cancel"
        return status.value

    def _wait(self, session_id: str, *, cancel: bool) -> None:
        while True:
            job = self._orchestrator.status(session_id).job
            if job is None or job.state.value not in ("queued", "running"):
                return
            if cancel and job.state.value == "running":
                self._orchestrator.cancel(session_id)
            time.sleep(POLL_S)

    def _sample(self, jobs: int) -> None:
        gc.collect()
        process = psutil.Process()
        self.samples.append(
            Sample(
                jobs,
                process.memory_full_info().uss,
                process.num_fds(),
                process.num_threads(),
                len(process.children(recursive=True)),
                folder_bytes(self._settings.workspace_dir),
            )
        )

    def _check_sessions(self) -> None:
        store = SessionStore(self._settings.workspace_dir)
        for session in store:
            state = session.state
            if state.status not in (SessionStatus.DONE, SessionStatus.CANCELLED):
                self.problems.append(f"a session is left {state.status.value}: {state.error}")
            for record in state.outputs:
                if not (session.folder / record.file).exists():
                    self.problems.append(f"{record.file} is not there")
        left = [path.name for path in store.root.rglob("*") if ".partial" in path.name]
        left += [path.name for path in store.root.glob(".*")]
        self.problems += [f"left over: {name}" for name in left]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.jobs)
        soak.run()
    seconds = time.perf_counter() - began_s
    if options.json:
        samples = [asdict(sample) for sample in soak.samples]
        result = {"outcomes": soak.outcomes, "seconds": seconds, "problems": soak.problems}
        print(json.dumps({**result, "samples": samples}))
    else:
        print(f"{'jobs':>5} {'USS MB':>8} {'fds':>5} {'threads':>8} {'children':>9} {'disk MB':>8}")
        for sample in soak.samples:
            print(
                f"{sample.jobs:>5} {sample.uss_bytes / 1e6:>8.1f} {sample.descriptors:>5} "
                f"{sample.threads:>8} {sample.children:>9} {sample.disk_bytes / 1e6:>8.1f}"
            )
        print(f"{dict(soak.outcomes)} in {seconds:.0f} s")
        print("\n".join(soak.problems) or "no problem")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
