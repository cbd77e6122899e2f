"""An S3 server of a test's own (moto's), behind a line that a test can cut, or on which it gives an answer of its own.

moto takes any signed address at any time, so the line refuses those that S3 refuses.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

BUCKET = "splazmatte-tests"
KEYS = {
    "SPLAZMATTE_OBJECT_ACCESS_KEY": "an-access-key",
    "SPLAZMATTE_OBJECT_SECRET_KEY": "a-secret-key",
}


class ObjectServer:
    """moto in a process of its own; `line` is what clients connect to."""

    def __init__(self, log: Path) -> None:
        pytest.importorskip("boto3", reason="requirements-workers.txt is not installed")
        pytest.importorskip("moto", reason="requirements-dev.txt is not installed")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                stdout=stream,
                stderr=stream,
            )
        deadline_s = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, "moto did not start"
            time.sleep(0.05)
        self.line = Line(port)
        self._make_bucket()

    @property
    def settings(self) -> dict[str, object]:
        """Settings of page and workers; the keys are in `KEYS`."""
        return {"object_endpoint": self.line.url, "object_bucket": BUCKET}

    def close(self) -> None:
        self.line.close()
        self._process.kill()
        self._process.wait()

    def _make_bucket(self) -> None:
        import boto3

        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.line.url,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        client.create_bucket(Bucket=BUCKET)
        client.close()


class Line:
    """Passes connections on to a port of this machine.

    While `is_cut` there is nobody there; while `answer` is set, it is what every request gets. `later_s` is how many
    seconds have passed to whoever checks signed addresses.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.is_cut = False
        self.answer = b""
        self.later_s = 0.0
        self.requests: list[bytes] = []
        """The first lines of all requests, one for each connection or packet that begins with one."""
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.is_cut = True
        for connection in list(self._open):
            _end(connection)

    def mend(self) -> None:
        self.is_cut = False

    def give(self, status: int, code: str) -> None:
        """Answer every request with this status and this error code of S3."""
        self.answer = _error(status, code)

    def close(self) -> None:
        self.cut()
        _end(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            if self.is_cut:
                return
            self._open.add(client)
            if self.answer:
                while b"\r\n\r\n" not in client.recv(65536):
                    pass
                client.sendall(self.answer)
                return
            first = client.recv(65536)
            refused = _refusal(first, self.url, self.later_s)
            if refused:
                client.sendall(_error(403, refused))
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                self._open.add(server)
                back = threading.Thread(target=self._pass, args=(server, client), daemon=True)
                back.start()
                self._pass(client, server, first)
                back.join()
                self._open -= {client, server}

    def _pass(self, source: socket.socket, target: socket.socket, first: bytes = b"") -> None:
        with contextlib.suppress(OSError):
            while content := first or source.recv(65536):
                first = b""
                if content[:5] in (b"PUT /", b"GET /", b"POST ", b"HEAD ", b"DELET"):
                    self.requests.append(content.partition(b"\r\n")[0])
                target.sendall(content)
        _end(target)


def _error(status: int, code: str) -> bytes:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>"
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def _refusal(request: bytes, url: str, later_s: float) -> str:
    """Return why S3 refuses a request with a signature in its address (SigV4, query parameters); "" for others."""
    words = request.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3 or "X-Amz-Signature=" not in words[1]:
        return ""
    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    said, _, signature = words[1].partition("&X-Amz-Signature=")
    fields = dict(parse_qsl(urlsplit(said).query))
    signed = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    region = fields["X-Amz-Credential"].split("/")[2]
    again = AWSRequest(words[0], url + said)
    again.context["timestamp"] = fields["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials(*KEYS.values()), "s3", region)
    expected = signer.signature(
        signer.string_to_sign(again, signer.canonical_request(again)), again
    )
    if expected != signature:
        return "SignatureDoesNotMatch"
    is_over = time.time() + later_s > signed.timestamp() + float(fields["X-Amz-Expires"])
    return "AccessDenied" if is_over else ""


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
