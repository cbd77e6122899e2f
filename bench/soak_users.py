"""The users of `bench/soak.py`: each acts at random over HTTP, as a person at the page would."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.soak import Soak

SIZE = (640, 360)
FRAMES = 25
FORM = "multipart/form-data; boundary=soak"


@dataclass(frozen=True)
class Pace:
    """How quickly a user acts: the pause between two actions, and how often a click corrects the last one.

    Attributes:
        pause_s: shortest and longest pause, in seconds.
        further_clicks: share of clicks that go on on the frame that was clicked last.
    """

    pause_s: tuple[float, float]
    further_clicks: float


PACES = {
    # Looks at what came before the next action, and corrects a mask more often than beginning another.
    "person": Pace((2.0, 8.0), 0.6),
    # Acts again almost at once, and always clicks on another frame.
    "hasty": Pace((0.2, 4.0), 0.0),
}
MOST_POINTS = 5
"""Clicks on one frame."""


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
        self._clicked: tuple[str, int, list[list[int]]] | None = None

    def run(self) -> None:
        while self._soak.may_act():
            try:
                self._act()
            except Exception as error:
                self._tally.problem(f"{type(error).__name__}: {error}")
            finally:
                self._soak.acted()
            time.sleep(self._random.uniform(*self._soak.pace.pause_s))

    def _act(self) -> None:
        if self._is_careless and self._sessions:
            self._be_careless()
        kinds = ["click"] * 6 + ["frame"] * 4 + ["page", "upload", "job", "result"]
        kind = self._random.choice(kinds) if self._sessions else "upload"
        started_s = time.perf_counter()
        getattr(self, f"_{kind}")()
        seconds = time.perf_counter() - started_s
        self._tally.add(kind, seconds)
        if kind == "click" and self._clicked is not None:
            is_first = len(self._clicked[2]) == 1
            self._tally.add("click, first on a frame" if is_first else "click, further", seconds)
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
        session, frame, points = self._next_click()
        x = int(SIZE[0] * 0.3 + frame * 1.5) % SIZE[0]
        # The first on the disc, further ones beyond it: a click that agrees with the mask costs nothing.
        aside = self._random.choice((-1, 1)) * SIZE[1] // 4 if points else 0
        points.append([x + aside + self._random.randint(-9, 9), SIZE[1] // 2])
        self._clicked = session, frame, points
        self._connection.call("segment", [session, frame, "", points, None, None, "en"])

    def _next_click(self) -> tuple[str, int, list[list[int]]]:
        """Return session and frame to click on, and the points that are there already."""
        goes_on = self._random.random() < self._soak.pace.further_clicks
        if goes_on and self._clicked is not None:
            session, _, points = self._clicked
            if session in self._sessions and len(points) < MOST_POINTS:
                return self._clicked
        return self._random.choice(self._sessions), self._random.randrange(FRAMES), []

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
