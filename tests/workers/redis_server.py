"""A redis-server of a test's own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BINARIES = ("redis-server", "valkey-server")


class RedisServer:
    """Keeps its records over a kill and a start; only a power cut could lose what was not flushed to the disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        pytest.importorskip("redis", reason="requirements-workers.txt is not installed")
        pytest.importorskip("celery", reason="requirements-workers.txt is not installed")
        binary = next(filter(None, map(shutil.which, BINARIES)), None)
        if binary is None:
            pytest.skip("no redis-server is installed")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = int(listener.getsockname()[1])
        folder.mkdir()
        self._command = [
            binary, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder),
            "--appendonly", "yes", "--appendfsync", "no", "--save", "", "--daemonize", "no", *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, answers: bytes = b"+PONG") -> RedisServer:
        """Start it and wait until it answers a PING with these five bytes."""
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline_s = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(5) == answers:
                        return self
            except OSError:
                pass
            assert time.monotonic() < deadline_s, "redis-server did not start"
            time.sleep(0.02)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Have it take connections and answer nothing, as behind a network that is gone."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
