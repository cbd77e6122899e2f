"""Pictures on demand: a few decodes at a time, ended when nobody waits for them; pictures as background."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from PIL import Image

from tests.faults.workplace import Workplace, wait_until
from tests.serving.conftest import ask, call, file_data, new_session, upload
from tests.ui.conftest import AppServer

SLOW = """#!/bin/sh
case "$*" in *rawvideo*) sleep 3;; esac
exec {ffmpeg} "$@"
"""


@pytest.fixture(scope="module")
def slow_ffmpeg(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An FFmpeg that takes three seconds for a picture, as a long clip without keyframes does."""
    path = tmp_path_factory.mktemp("bin") / "ffmpeg"
    path.write_text(SLOW.format(ffmpeg=imageio_ffmpeg.get_ffmpeg_exe()))
    path.chmod(0o755)
    return str(path)


@pytest.fixture(scope="module")
def slow(make_module_server: Callable[..., AppServer], slow_ffmpeg: str) -> AppServer:
    return make_module_server(SPLAZMATTE_FFMPEG_PATH=slow_ffmpeg, SPLAZMATTE_PREVIEW_DECODES="3")


def decoders(server: AppServer) -> list[psutil.Process]:
    assert server.process is not None
    return psutil.Process(server.process.pid).children(recursive=False)


def ask_for_frame(server: AppServer, session: str, frame: int, client: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    connection.sendall(
        f"GET /media/{session}/frame/{frame}.jpg HTTP/1.1\r\nHost: localhost\r\n"
        f"X-Forwarded-For: {client}\r\nConnection: close\r\n\r\n".encode()
    )
    return connection


def status_of(connection: socket.socket) -> int:
    with connection:
        return int(connection.recv(64).split()[1])


def test_few_pictures_are_decoded_at_a_time_and_none_for_who_has_gone(
    slow: AppServer, clip: Path
) -> None:
    session = new_session(slow, clip)
    waiting = [ask_for_frame(slow, session, n % 8, "10.0.0.5") for n in range(40)]
    most = 0
    deadline_s = time.monotonic() + 2
    while time.monotonic() < deadline_s:
        most = max(most, len(decoders(slow)))
        assert ask(slow, "GET", "/healthz", timeout_s=2).status == 200
    assert most == 3
    for connection in waiting:
        connection.close()
    wait_until(lambda: not decoders(slow), 6)
    time.sleep(0.5)
    assert not decoders(slow)


def test_one_clients_pictures_do_not_keep_anothers_waiting(slow: AppServer, clip: Path) -> None:
    session = new_session(slow, clip)
    with ExitStack() as closing:
        greedy = [
            closing.enter_context(ask_for_frame(slow, session, n % 7, "10.0.0.5"))
            for n in range(50)
        ]
        time.sleep(0.5)
        began_s = time.monotonic()
        assert status_of(ask_for_frame(slow, session, 7, "10.0.0.6")) == 200
        # Three at a time, three seconds each: the next free slot is the other client's.
        assert time.monotonic() - began_s < 12
        # Some of the first may have been answered before the last came.
        assert any(status_of(connection) == 429 for connection in greedy[35:])


def test_no_key_is_in_the_arguments_of_a_process(slow: AppServer, clip: Path) -> None:
    session = new_session(slow, clip)
    waiting = ask_for_frame(slow, session, 1, "10.0.0.5")
    wait_until(lambda: decoders(slow), 5)
    commands = [" ".join(process.cmdline()) for process in decoders(slow)]
    assert any("file:source.mp4" in command for command in commands)
    assert not any(session in command for command in commands)
    assert status_of(waiting) == 200


def test_a_stop_waits_for_no_picture_and_leaves_nothing_running(
    slow: AppServer, clip: Path
) -> None:
    """The module's server is stopped by it: tests of that come before."""
    session = new_session(slow, clip)
    waiting = [ask_for_frame(slow, session, n % 8, "10.0.0.5") for n in range(20)]
    wait_until(lambda: len(decoders(slow)) == 3, 5)
    helpers = decoders(slow)
    assert slow.stop(timeout_s=10) == 0
    _, alive = psutil.wait_procs(helpers, timeout=1)
    assert not alive
    for connection in waiting:
        connection.close()


def test_other_accounts_of_the_machine_see_no_session(app: AppServer, clip: Path) -> None:
    session = new_session(app, clip)
    ask(app, "GET", f"/media/{session}/frame/1.jpg")
    for folder in ("", "sessions", f"sessions/{session}", "uploads"):
        assert (app.workspace / folder).stat().st_mode & 0o077 == 0, folder
    below = (app.workspace / "sessions" / session).rglob("*")
    assert all(path.stat().st_mode & 0o077 == 0 for path in below)


def test_pictures_are_kept_only_while_the_disks_reserve_is_free(tmp_path: Path, clip: Path) -> None:
    roomy = Workplace(tmp_path)
    session_id = roomy.orchestrator.create_session(clip, "clip.mp4").id
    folder = roomy.folder(session_id) / "frames"
    short = Workplace(tmp_path, min_free_disk_bytes=2**60)
    try:
        first = short.orchestrator.frame_jpeg(session_id, 3)
        assert first.startswith(b"\xff\xd8")
        assert not folder.exists()
        assert roomy.orchestrator.frame_jpeg(session_id, 3) == first
        assert [path.name for path in folder.iterdir()] == ["000003.jpg"]
    finally:
        assert roomy.orchestrator.close()
        assert short.orchestrator.close()


def test_a_decode_that_is_cancelled_is_not_waited_for(tmp_path: Path, clip: Path) -> None:
    from utils.errors import Cancelled

    program, waited = tmp_path / "ffmpeg", tmp_path / "waited"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *rawvideo*) sleep 3; touch {waited};; esac\n'
        f'exec {imageio_ffmpeg.get_ffmpeg_exe()} "$@"\n'
    )
    program.chmod(0o755)
    place = Workplace(tmp_path / "place", ffmpeg_path=program)
    session_id = place.orchestrator.create_session(clip, "clip.mp4").id
    waited.unlink(missing_ok=True)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(Cancelled):
        place.orchestrator.frame_jpeg(session_id, 5, stop)
    assert not waited.exists()
    assert place.orchestrator.close()


def test_huge_background_pictures_of_tiny_files_cost_little_memory(
    make_server: Callable[..., AppServer], clip: Path, tmp_path: Path
) -> None:
    server = make_server()
    picture = tmp_path / "background.png"
    Image.new("RGB", (8192, 8192), "green").save(picture)
    content = picture.read_bytes()
    assert len(content) < 1_000_000
    sessions = [new_session(server, clip) for _ in range(6)]
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    # What the first mark needs is compiled after the start, and stays.
    wait_until(lambda: "is ready" in server.log.read_text(), 120)
    before = process.memory_info().rss
    peak = [before]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    problems: list[Exception] = []

    def give(session: str) -> None:
        try:
            (path,) = json.loads(upload(server, content, "background.png").body)
            call(server, "background_picture", [session, file_data(path), "en"])
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=give, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_over.set()
    watcher.join()
    assert problems == []
    # One decoded picture is 256 MB, six are 1.5 GB.
    assert peak[0] - before < 900 * 1024**2
    for session in sessions:
        with Image.open(server.workspace / "sessions" / session / "background.png") as kept:
            assert kept.width >= 96 and kept.height >= 64
            assert kept.width < 2 * 8192 // 64
    assert not [path for path in (server.workspace / "uploads").rglob("*") if path.is_file()]
    assert server.log.stat().st_size < 100_000
