"""One client's batch of clips over HTTP while another works: what the other notices, and what is removed.

    python bench/batch.py [--clips 300] [--json]

A server of its own is started on the built-in engine. One client uploads the clips one after another and
asks for a job with each; the other looks at frames, and at the end asks for a job of its own. Then old
sessions are cleaned up as a server does it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.soak import ROOT, Soak, quantile
from bench.soak_users import FORM, PACES, Connection
from tests.disc import write_clip

SIZE = (160, 96)
FRAMES = 12
JOBS = 20
"""Clips of the batch that a job is asked for."""
OTHERS_CLIPS = 5


class Client:
    """Uploads clips and asks for jobs from an address of its own."""

    def __init__(self, soak: Soak, address: str, clip: bytes) -> None:
        self._soak = soak
        self._clip = clip
        self.connection = Connection(soak.port, address)
        self.sessions: list[str] = []

    def upload(self) -> str:
        head = '--soak\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
        body = head.encode() + self._clip + b"\r\n--soak--\r\n"
        status, content = self.connection.ask("POST", "/gradio_api/upload", body, FORM)
        if status != 200:
            raise RuntimeError(f"upload: {status} {content[:200]!r}")
        file = {"path": json.loads(content)[0], "meta": {"_type": "gradio.FileData"}}
        made = self.connection.call("upload", [file, "en"])
        self.sessions.append(str(made["session"]))
        return self.sessions[-1]

    def submit(self, session: str) -> dict[str, object]:
        points = [[int(SIZE[0] * 0.3), SIZE[1] // 2]]
        self.connection.call("segment", [session, 0, "", points, None, None, "en"])
        answer = self.connection.call("submit", self._soak.submit_values(session))
        assert isinstance(answer, dict)
        return answer

    def look(self) -> float:
        """Return the seconds that a frame's picture takes."""
        session = random.choice(self.sessions)
        started_s = time.perf_counter()
        path = f"/media/{session}/frame/{random.randrange(FRAMES)}.jpg"
        status, _ = self.connection.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"frame: {status}")
        return time.perf_counter() - started_s


def run(folder: Path, clips: int) -> dict[str, object]:
    clip = write_clip(folder / "a.mp4", FRAMES, SIZE).read_bytes()
    soak = Soak(folder, 0, 0, PACES["hasty"])  # it has no users of its own
    outcomes: Counter[str] = Counter()
    try:
        soak.read_parameters()
        other, batch = Client(soak, "10.0.0.5", clip), Client(soak, "10.0.0.9", clip)
        for _ in range(OTHERS_CLIPS):
            other.upload()
        alone_s = [other.look() for _ in range(20)]
        is_over = threading.Event()

        def send_all() -> None:
            try:
                for number in range(clips):
                    try:
                        session = batch.upload()
                        outcomes["uploaded"] += 1
                        if number < JOBS:
                            batch.submit(session)
                            outcomes["queued"] += 1
                    except RuntimeError as error:
                        outcomes["told the limit" if "limit" in str(error) else str(error)] += 1
            finally:
                is_over.set()

        began_s = time.monotonic()
        threading.Thread(target=send_all, daemon=True).start()
        beside_s = []
        while not is_over.wait(0.5):
            beside_s.append(other.look())
        batch_s = time.monotonic() - began_s
        job = other.submit(other.sessions[0])
        sessions = folder / "workspace" / "sessions"
        settings = {**os.environ, "SPLAZMATTE_WORKSPACE_DIR": str(folder / "workspace")}
        subprocess.run(
            [sys.executable, "app.py", "sessions", "--clean"],
            cwd=ROOT, env=settings, check=True, capture_output=True,
        )  # fmt: skip
        left = {name: (sessions / name).is_dir() for name in other.sessions + batch.sessions}
    finally:
        soak.end()
    return {
        "outcomes": dict(outcomes),
        "batch_s": round(batch_s, 1),
        "frame_alone_p95_s": round(quantile(alone_s, 0.95), 3),
        "frame_beside_p95_s": round(quantile(beside_s, 0.95), 3),
        "frames_beside": len(beside_s),
        "jobs_in_front_of_the_other": job["in_front"],
        "removed_of_the_other": sum(not left[name] for name in other.sessions),
        "removed_of_the_batch": sum(not left[name] for name in batch.sessions),
        "errors": soak.errors()[:20],
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), options.clips)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name}: {value}")
    return 1 if found["removed_of_the_other"] or found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
