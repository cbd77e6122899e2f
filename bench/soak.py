"""Serves twenty users over HTTP for some minutes and watches answers, memory, descriptors and disk.

    python bench/soak.py [--users 20] [--minutes 10] [--json]

A server of its own is started on the built-in engine. Each user uploads a clip, looks at frames,
clicks, now and then starts a job or cancels one, and downloads what is done; one is careless and
leaves in the middle of uploads and pictures. The time is cut into three rounds; after each, all users
stand still and the server is sampled. At the end it is stopped with SIGTERM under load.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil

from tests.disc import write_clip

ROOT = Path(__file__).resolve().parent.parent
SIZE = (640, 360)
FRAMES = 25
ROUNDS = 3
THINK_S = 4.0
"""Longest pause of a user between two actions, in seconds."""
FORM = "multipart/form-data; boundary=soak"


@dataclass
class Tally:
    """What happened, added to from all users' threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add(self, kind: str, seconds: float) -> None:
        with self.lock:
            self.seconds[kind].append(seconds)

    def note(self, outcome: str) -> None:
        with self.lock:
            self.outcomes[outcome] += 1

    def problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(text)


@dataclass(frozen=True)
class Sample:
    """The server after a round, when all users stood still for a while."""

    minute: float
    rss_bytes: int
    uss_bytes: int
    descriptors: int
    threads: int
    children: int


class Connection:
    """One request at a time, from a client address of its own, as behind a proxy."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        headers = {"X-Forwarded-For": self._address}
        if body is not None:
            headers["Content-Type"] = kind
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, name: str, values: list[object]) -> object:
        """Call a named endpoint of the API; raise what it says."""
        body = json.dumps({"data": values}).encode()
        status, content = self.ask("POST", f"/gradio_api/call/{name}", body)
        if status != 200:
            raise RuntimeError(f"{name}: {status} {content[:200]!r}")
        event = json.loads(content)["event_id"]
        _, content = self.ask("GET", f"/gradio_api/call/{name}/{event}")
        last = content.decode().strip().rpartition("\n\n")[2]
        kind, _, data = last.partition("\ndata: ")
        if kind != "event: complete":
            raise RuntimeError(f"{name}: {data[:200]}")
        return json.loads(data)[0]

    def leave_early(self, head: str, body: bytes = b"") -> None:
        """Send a request and go away before its answer."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=30) as connection:
            text = f"{head} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {self._address}\r\n"
            connection.sendall(text.encode() + body)
            time.sleep(0.2)


class User(threading.Thread):
    """One person at the page, acting at random until the time is over."""

    def __init__(self, number: int, soak: Soak) -> None:
        super().__init__(daemon=True)
        self._soak = soak
        self._tally = soak.tally
        self._random = random.Random(number)
        self._is_careless = number == 0
        self._connection = Connection(soak.port, f"10.0.0.{number + 1}")
        self._sessions: list[str] = []

    def run(self) -> None:
        while self._soak.may_act():
            try:
                self._act()
            except Exception as error:
                self._tally.problem(f"{type(error).__name__}: {error}")
            finally:
                self._soak.acted()
            time.sleep(self._random.uniform(0.2, THINK_S))

    def _act(self) -> None:
        if self._is_careless and self._sessions:
            self._be_careless()
        kinds = ["click"] * 6 + ["frame"] * 4 + ["page", "upload", "job", "result"]
        kind = self._random.choice(kinds) if self._sessions else "upload"
        started_s = time.perf_counter()
        getattr(self, f"_{kind}")()
        self._tally.add(kind, time.perf_counter() - started_s)
        self._tally.note(kind)

    def _page(self) -> None:
        for path in ("/", "/config", "/gradio_api/info"):
            self._expect(*self._connection.ask("GET", path), path)

    def _upload(self) -> None:
        head = '--soak\r\nContent-Disposition: form-data; name="files"; filename="clip.mp4"\r\n\r\n'
        body = head.encode() + self._soak.clip + b"\r\n--soak--\r\n"
        status, content = self._connection.ask("POST", "/gradio_api/upload", body, FORM)
        self._expect(status, content, "upload")
        (path,) = json.loads(content)
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        made = self._connection.call("upload", [file, "en"])
        self._sessions.append(str(made["session"]))
        del self._sessions[:-3]

    def _click(self) -> None:
        frame = self._random.randrange(FRAMES)
        x = int(SIZE[0] * 0.3 + frame * 1.5) % SIZE[0]
        points = [[x + self._random.randint(-9, 9), SIZE[1] // 2]]
        values = [self._random.choice(self._sessions), frame, "", points, None, None, "en"]
        self._connection.call("segment", values)

    def _frame(self) -> None:
        path = f"/media/{self._random.choice(self._sessions)}/frame/{self._random.randrange(FRAMES)}.jpg"
        self._expect(*self._connection.ask("GET", path), "frame")

    def _job(self) -> None:
        session = self._random.choice(self._sessions)
        status = self._connection.call("status", [session, "en"])
        if status["job"] is not None and status["job"]["is_active"]:
            if self._random.random() < 0.3:
                self._connection.call("cancel", [session, "en"])
                self._tally.note("cancelled")
            return
        points = [[int(SIZE[0] * 0.3), SIZE[1] // 2]]
        self._connection.call("segment", [session, 0, "", points, None, None, "en"])
        try:
            self._connection.call("submit", self._soak.submit_values(session))
            self._tally.note("submitted")
        except RuntimeError as error:
            if "limit" not in str(error):
                raise
            self._tally.note("told to wait")

    def _result(self) -> None:
        for session in self._sessions:
            answer = self._connection.call("result", [session, "en"])
            for output in answer["outputs"]:
                self._expect(*self._connection.ask("GET", output["url"]), "download")
                self._tally.note("downloaded")

    def _be_careless(self) -> None:
        session = self._random.choice(self._sessions)
        for _ in range(3):
            frame = self._random.randrange(FRAMES)
            self._connection.leave_early(f"GET /media/{session}/frame/{frame}.jpg", b"\r\n")
        head = f"Content-Type: {FORM}\r\nContent-Length: 9000000\r\n\r\n"
        self._connection.leave_early("POST /gradio_api/upload", head.encode() + bytes(100_000))
        self._tally.note("careless")

    @staticmethod
    def _expect(status: int, content: bytes, what: str) -> None:
        if status != 200:
            raise RuntimeError(f"{what}: {status} {content[:200]!r}")


class Soak:
    """The server, its users, and the samples between their rounds."""

    def __init__(self, folder: Path, users: int, minutes: float) -> None:
        self._folder = folder
        self._users = users
        self._round_s = minutes * 60 / ROUNDS
        self._turn = threading.Condition()
        self._is_open = self._is_over = False
        self._acting = 0
        self.tally = Tally()
        self.clip = write_clip(folder / "clip.mp4", FRAMES, SIZE).read_bytes()
        self.samples: list[Sample] = []
        self.stop_s = 0.0
        self.left_over = 0
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

    def submit_values(self, session: str) -> list[object]:
        """Return the parameters of `/submit` in their order, all but the session as they are preset."""
        return [
            session if item["parameter_name"] == "session" else item.get("parameter_default")
            for item in self._parameters
        ]

    def run(self) -> None:
        """Run all rounds, then stop the server under load."""
        info = Connection(self.port, "10.0.0.250").ask("GET", "/gradio_api/info")[1]
        self._parameters = json.loads(info)["named_endpoints"]["/submit"]["parameters"]
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
        ends_s = time.monotonic() + 120
        while time.monotonic() < ends_s:
            if json.loads(connection.ask("GET", "/healthz")[1])["queue"] == 0:
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
        for _ in range(300):
            try:
                if Connection(self.port, "10.0.0.250").ask("GET", "/healthz")[0] == 200:
                    return process
            except OSError:
                pass
            time.sleep(0.2)
        raise RuntimeError(self.log.read_text(errors="replace")[-2000:])

    def _stop(self) -> None:
        before = len(self.tally.problems)
        helpers = psutil.Process(self._process.pid).children(recursive=True)
        started_s = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self.stop_s = time.monotonic() - started_s
        self.left_over = len(psutil.wait_procs(helpers, timeout=1)[1])
        # What the users saw of the stop is no problem.
        del self.tally.problems[before:]

    def errors(self) -> list[str]:
        """Return the error lines of the server's log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if "ERROR" in line or line.startswith("Traceback")]


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def report(soak: Soak) -> dict[str, object]:
    seconds = {
        kind: {
            "count": len(values),
            "mean": round(sum(values) / len(values), 3),
            "p95": round(quantile(values, 0.95), 3),
            "max": round(max(values), 3),
        }
        for kind, values in sorted(soak.tally.seconds.items())
    }
    return {
        "seconds": seconds,
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
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), options.users, options.minutes)
        soak.run()
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
