"""Serves twenty users over HTTP for some minutes and watches answers, memory, descriptors and disk.

    python bench/soak.py [--users 20] [--minutes 10] [--pace person|hasty] [--json]

A server of its own is started on the built-in engine. Each user uploads a clip, looks at frames,
clicks, now and then starts a job or cancels one, and downloads what is done; one is careless and
leaves in the middle of uploads and pictures. A person waits 2 to 8 s between two actions and often clicks
again on the same frame; hasty ones wait 0.2 to 4 s and click on another frame each time. The time is cut into three rounds; after each, all users
stand still and the server is sampled. At the end it is stopped with SIGTERM under load.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from bench.soak_users import FRAMES, PACES, SIZE, Connection, Pace, Tally, User
from tests.disc import write_clip

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
JOBS_WAIT_S = 400.0
"""Seconds that jobs of a round have to end before the server is sampled."""
START_S = 240.0
"""Seconds that the server has to start."""


@dataclass(frozen=True)
class Sample:
    """The server after a round, when all users stood still for a while."""

    minute: float
    rss_bytes: int
    uss_bytes: int
    descriptors: int
    threads: int
    children: int


class Soak:
    """The server, its users, and the samples between their rounds."""

    def __init__(self, folder: Path, users: int, minutes: float, pace: Pace) -> None:
        self._folder = folder
        self.pace = pace
        self._users = users
        self._round_s = minutes * 60 / ROUNDS
        self._turn = threading.Condition()
        self._is_open = self._is_over = False
        self._acting = 0
        self.tally = Tally()
        self._told: dict[str, int] = {}
        self.clip = write_clip(folder / "clip.mp4", FRAMES, SIZE).read_bytes()
        self.samples: list[Sample] = []
        self.stop_s = 0.0
        self.left_over = self._log_bytes = 0
        self._process = self._start()
        self._parameters: list[dict[str, object]] = []

    def may_act(self) -> bool:
        """Wait until a round runs; False when all are over."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_open or self._is_over)
            self._acting += not self._is_over
            return not self._is_over

    def acted(self) -> None:
        """Note that an action has ended."""
        with self._turn:
            self._acting -= 1
            self._turn.notify_all()

    def read_parameters(self) -> None:
        """Ask the server what `/submit` takes."""
        info = Connection(self.port, "10.0.0.250").ask("GET", "/gradio_api/info")[1]
        self._parameters = json.loads(info)["named_endpoints"]["/submit"]["parameters"]

    def submit_values(self, session: str) -> list[object]:
        """Return the parameters of `/submit` in their order, all but the session as they are preset."""
        return [
            session if item["parameter_name"] == "session" else item.get("parameter_default")
            for item in self._parameters
        ]

    def run(self) -> None:
        """Run all rounds, then stop the server under load."""
        self.read_parameters()
        began_s = time.monotonic()
        self._sample(began_s)
        users = [User(number, self) for number in range(self._users)]
        for user in users:
            user.start()
        for _ in range(ROUNDS):
            self._set_open(True)
            self._watch_health(self._round_s)
            self._set_open(False)
            with self._turn:
                self._turn.wait_for(lambda: self._acting == 0, 120)
            self._wait_for_jobs()
            self._sample(began_s)
        self._set_open(True)
        time.sleep(5)
        self._stop()
        with self._turn:
            self._is_over = True
            self._turn.notify_all()

    def _set_open(self, is_open: bool) -> None:
        with self._turn:
            self._is_open = is_open
            self._turn.notify_all()

    def _watch_health(self, seconds: float) -> None:
        connection = Connection(self.port, "10.0.0.251")
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            started_s = time.perf_counter()
            status, _ = connection.ask("GET", "/healthz")
            self.tally.add("healthz", time.perf_counter() - started_s)
            if status != 200:
                self.tally.problem(f"healthz: {status}")
            time.sleep(1)

    def _wait_for_jobs(self) -> None:
        connection = Connection(self.port, "10.0.0.252")
        ends_s = time.monotonic() + JOBS_WAIT_S
        while json.loads(connection.ask("GET", "/healthz")[1])["queue"] > 0:
            if time.monotonic() > ends_s:
                self.tally.problem("jobs still ran when the server was sampled")
                break
            time.sleep(1)
        time.sleep(65)  # free memory is given back once a minute

    def _sample(self, began_s: float) -> None:
        process = psutil.Process(self._process.pid)
        memory = process.memory_full_info()
        sample = Sample(
            round((time.monotonic() - began_s) / 60, 1),
            memory.rss,
            memory.uss,
            process.num_fds(),
            process.num_threads(),
            len(process.children(recursive=True)),
        )
        self.samples.append(sample)
        print(sample, file=sys.stderr, flush=True)
        for kind, figures in self.seconds(self._told).items():
            print(f"  {kind} {figures}", file=sys.stderr, flush=True)
        self._told = {kind: len(values) for kind, values in self.tally.seconds.items()}

    def seconds(self, skipped: Mapping[str, int]) -> dict[str, dict[str, float]]:
        """Return count, mean, p95 and maximum of each kind of answer, in seconds, without the first ones."""
        with self.tally.lock:
            answers = {
                kind: values[skipped.get(kind, 0) :] for kind, values in self.tally.seconds.items()
            }
        return {
            kind: {
                "count": len(values),
                "mean": round(sum(values) / len(values), 3),
                "p95": round(quantile(values, 0.95), 3),
                "max": round(max(values), 3),
            }
            for kind, values in sorted(answers.items())
            if values
        }

    def _start(self) -> subprocess.Popen[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        environment = {
            **os.environ,
            "SPLAZMATTE_WORKSPACE_DIR": str(self._folder / "workspace"),
            "SPLAZMATTE_MODELS_DIR": str(self._folder / "no-models"),
            "SPLAZMATTE_MIN_FREE_DISK_BYTES": "100000000",
            "SPLAZMATTE_SEGMENTER": "builtin",
            "SPLAZMATTE_DEFAULT_ENGINE": "builtin",
        }
        self.log = self._folder / "server.log"
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "app.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ends_s = time.monotonic() + START_S
        while time.monotonic() < ends_s and process.poll() is None:
            try:
                if Connection(self.port, "10.0.0.250").ask("GET", "/healthz")[0] == 200:
                    return process
            except OSError:
                pass
            time.sleep(0.2)
        process.kill()
        raise RuntimeError(self.log.read_text(errors="replace")[-2000:])

    def _stop(self) -> None:
        before = len(self.tally.problems)
        helpers = psutil.Process(self._process.pid).children(recursive=True)
        self._log_bytes = self.log.stat().st_size
        started_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self.stop_s = time.monotonic() - started_s
        self.left_over = len(psutil.wait_procs(helpers, timeout=1)[1])
        # What the users saw of the stop is no problem.
        del self.tally.problems[before:]

    def end(self) -> None:
        """Leave no server behind."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def errors(self) -> list[str]:
        """Return the error lines of the server's log before its stop."""
        content = self.log.read_bytes()[: self._log_bytes or None]
        lines = content.decode(errors="replace").splitlines()
        return [line for line in lines if "ERROR" in line or line.startswith("Traceback")]


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def report(soak: Soak) -> dict[str, object]:
    return {
        "seconds": soak.seconds({}),
        "outcomes": dict(soak.tally.outcomes),
        "samples": [asdict(sample) for sample in soak.samples],
        "stop_s": round(soak.stop_s, 2),
        "left_over": soak.left_over,
        "log_bytes": soak.log.stat().st_size,
        "problems": soak.tally.problems[:20],
        "errors": soak.errors()[:20],
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pace", choices=tuple(PACES), default="person")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.users, options.minutes, PACES[options.pace])
        try:
            soak.run()
        except BaseException as error:
            # What was measured until then is told all the same.
            soak.tally.problem(f"not run to its end: {type(error).__name__} {error}")
        finally:
            soak.end()
        found = report(soak)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name}:")
            rows = (
                value.items()
                if isinstance(value, dict)
                else enumerate(value)
                if isinstance(value, list)
                else [("", value)]
            )
            for key, item in rows:
                print(f"  {key} {item}")
    return 1 if found["problems"] or found["errors"] or found["left_over"] else 0


if __name__ == "__main__":
    sys.exit(main())
