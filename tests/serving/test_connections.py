"""Silent, slow and many connections: they are ended, and everybody else is still answered."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.faults.workplace import wait_until
from tests.serving.conftest import ask, form_of
from tests.ui.conftest import ROOT, AppServer


def connect(server: AppServer, sent: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(sent)
    return connection


def is_closed(connection: socket.socket, timeout_s: float) -> bool:
    """Return whether the server ends the connection in time."""
    connection.settimeout(timeout_s)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def descriptors(server: AppServer) -> int:
    assert server.process is not None
    return psutil.Process(server.process.pid).num_fds()


@pytest.fixture(scope="module")
def impatient(make_module_server: Callable[..., AppServer]) -> AppServer:
    return make_module_server(
        SPLAZMATTE_REQUEST_HEAD_TIMEOUT_S="1",
        SPLAZMATTE_REQUEST_BODY_WINDOW_S="1",
        SPLAZMATTE_LEAST_UPLOAD_BYTES_PER_S="2000",
        SPLAZMATTE_MOST_CONNECTIONS="40",
    )


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for connection in opened:
        connection.close()


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: localhost\r\n"], ids=["silent", "word", "head"]
)
def test_a_connection_without_a_whole_request_is_ended(impatient: AppServer, sent: bytes) -> None:
    with connect(impatient, sent) as connection:
        assert is_closed(connection, 10)


def test_a_head_that_comes_letter_by_letter_is_not_waited_for(impatient: AppServer) -> None:
    head = b"GET /healthz HTTP/1.1\r\nX-Long: " + b"a" * 200
    sent = 0
    with connect(impatient) as connection, contextlib.suppress(ConnectionError):
        for letter in head:
            connection.sendall(bytes([letter]))
            sent += 1
            time.sleep(0.05)
    assert sent < len(head)


@pytest.mark.parametrize("bytes_per_s", [0, 200])
def test_a_body_that_comes_too_slowly_is_not_waited_for(
    impatient: AppServer, bytes_per_s: int
) -> None:
    _, kind = form_of(b"")
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        "Content-Length: 100000\r\n\r\n--xyz\r\n"
    )
    with connect(impatient, head.encode()) as connection:
        deadline_s = time.monotonic() + 8
        ended = False
        while not ended and time.monotonic() < deadline_s:
            try:
                connection.sendall(b"x" * (bytes_per_s // 5))
            except ConnectionError:
                ended = True
            else:
                ended = is_closed(connection, 0.2)
        assert ended


def test_an_upload_at_an_ordinary_speed_is_taken(impatient: AppServer) -> None:
    body, kind = form_of(b"x" * 12_000)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with connect(impatient, head.encode()) as connection:
        for start in range(0, len(body), 1000):
            connection.sendall(body[start : start + 1000])
            time.sleep(0.2)
        assert connection.recv(64).split()[1] == b"200"


def test_a_body_after_its_answer_is_not_taken_for_ever(impatient: AppServer) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"
    with connect(impatient, head) as connection:
        ended_s = None
        began_s = time.monotonic()
        while time.monotonic() - began_s < 10:
            try:
                connection.sendall(b"x" * 4000)
            except ConnectionError:
                ended_s = time.monotonic() - began_s
                break
            time.sleep(0.02)
    assert ended_s is not None


def test_an_open_event_stream_is_left_alone(impatient: AppServer) -> None:
    head = b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(impatient, head) as connection:
        assert not is_closed(connection, 4)


def test_silent_connections_keep_nobody_out_and_all_go(
    impatient: AppServer, sockets: list[socket.socket]
) -> None:
    before = descriptors(impatient)
    lines = len(impatient.log.read_text().splitlines())
    for _ in range(120):
        sockets.append(connect(impatient))
        if len(sockets) % 20 == 0:
            assert ask(impatient, "GET", "/healthz", timeout_s=5).status == 200
    assert descriptors(impatient) - before <= 60
    assert all(is_closed(connection, 10) for connection in sockets)
    wait_until(lambda: descriptors(impatient) <= before + 4)
    # A line for each of them would fill a disk: only the first ones of a minute are written.
    assert len(impatient.log.read_text().splitlines()) - lines <= 100


def test_one_address_has_a_share_of_the_connections(
    make_server: Callable[..., AppServer], sockets: list[socket.socket]
) -> None:
    server = make_server(SPLAZMATTE_CONNECTIONS_PER_CLIENT="8", SPLAZMATTE_TRUSTED_PROXIES="[]")
    # They are taken in the order they came.
    sockets.extend(connect(server, b"GET /healthz HTTP/1.1\r\n") for _ in range(8))
    with connect(server) as ninth:
        assert is_closed(ninth, 5)
    other = socket.create_connection(
        ("127.0.0.1", server.port), timeout=10, source_address=("127.0.0.2", 0)
    )
    with other:
        other.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert other.recv(64).split()[1] == b"200"


def test_one_client_behind_a_proxy_has_a_share_of_the_requests(
    make_server: Callable[..., AppServer], sockets: list[socket.socket]
) -> None:
    server = make_server(SPLAZMATTE_CONNECTIONS_PER_CLIENT="6")
    for number in range(6):
        sockets.append(
            connect(
                server,
                f"GET /gradio_api/heartbeat/h{number} HTTP/1.1\r\nHost: localhost\r\n"
                "X-Forwarded-For: 10.0.0.5\r\n\r\n".encode(),
            )
        )
        assert sockets[-1].recv(64).split()[1] == b"200"
    assert ask(server, "GET", "/healthz", X_Forwarded_For="10.0.0.5").status == 429
    assert ask(server, "GET", "/healthz", X_Forwarded_For="10.0.0.6").status == 200
    for connection in sockets:
        connection.close()
    wait_until(lambda: ask(server, "GET", "/healthz", X_Forwarded_For="10.0.0.5").status == 200)


_STUCK = """
import concurrent.futures, sys, time
from ui.gradio_import import without_type_stubs
with without_type_stubs():
    import ui.http.server
{change}
import app
from ui.command_line.cli import main
sys.exit(main(sys.argv[1:], app.build_settings, app.build_orchestrator, app.serve))
"""
_POOL = "concurrent.futures.ThreadPoolExecutor().submit(time.sleep, 600)"
_CLOSING = """
from pipeline.orchestrator import Orchestrator
ui.http.server.EXIT_S = 3.0
Orchestrator.close = lambda orchestrator: time.sleep(600)
"""


@pytest.mark.parametrize(("change", "code"), [(_POOL, 0), (_CLOSING, 1)])
def test_what_does_not_end_holds_up_no_stop(
    make_server: Callable[..., AppServer], change: str, code: int
) -> None:
    server = make_server(entry=("-c", _STUCK.format(change=change)))
    # The interpreter's end would wait for the pool's thread; the deadline, set short, ends what closing waits for.
    assert server.stop(timeout_s=60) == code


_HUNG_AT_ITS_END = """
import faulthandler, os, signal, threading, time
from ui.gradio_import import without_type_stubs
with without_type_stubs():
    from ui.http import server
server.EXIT_S = 0.2
stop = threading.Event()
server._stop_on_signals(stop)
os.kill(os.getpid(), signal.SIGTERM)
stop.wait()
faulthandler.cancel_dump_traceback_later()
time.sleep(600)
"""


def test_an_interpreter_that_hangs_at_its_end_is_ended_by_the_system() -> None:
    command = [sys.executable, "-c", _HUNG_AT_ITS_END]
    ended = subprocess.run(command, cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == -signal.SIGALRM
