"""Uploads over real HTTP: a folder of its own for each, limits, and nothing left of what breaks off."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.workplace import wait_until
from tests.serving.conftest import ask, call, file_data, form_of, new_session, upload
from tests.ui.conftest import AppServer
from tests.ui.disc import write_disc_mask


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def all_at_once(count: int, step: Callable[[int], object]) -> list[object]:
    """Run the step in as many threads; return what each returned or raised."""
    results: list[object] = [None] * count
    start = threading.Barrier(count)

    def one(number: int) -> None:
        start.wait()
        try:
            results[number] = step(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_the_same_clip_by_sixteen_people_at_once_is_taken_sixteen_times(
    app: AppServer, clip: Path
) -> None:
    sessions = all_at_once(16, lambda _: new_session(app, clip))
    assert all(isinstance(item, str) for item in sessions), sessions
    assert len(set(sessions)) == 16
    wait_until(lambda: not files_below(app.workspace / "uploads"))


def test_the_same_mask_by_several_people_at_once_is_taken_by_each(
    app: AppServer, clip: Path, tmp_path: Path
) -> None:
    mask = write_disc_mask(tmp_path / "mask.png", (96, 64))
    sessions = [new_session(app, clip) for _ in range(6)]

    def give(number: int) -> object:
        (path,) = json.loads(upload(app, mask.read_bytes(), "mask.png").body)
        values = [sessions[number], 0, "", None, None, file_data(path), "en", None]
        return call(app, "segment", values)

    found = all_at_once(6, give)
    assert all(isinstance(item, dict) and item["kept"] == [0] for item in found), found
    wait_until(lambda: not files_below(app.workspace / "uploads"))


def test_two_uploads_of_one_file_lie_in_folders_of_their_own(app: AppServer) -> None:
    first, second = (json.loads(upload(app, b"same bytes").body)[0] for _ in range(2))
    assert first != second
    assert Path(first).parent != Path(second).parent
    assert Path(first).parent.stat().st_mode & 0o777 == 0o700
    for path in map(Path, (first, second)):
        assert path.read_bytes() == b"same bytes"
        path.unlink()
        path.parent.rmdir()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../clip.mp4", "clip.mp4"),
        ("..", "clip"),
        ("C:\\\\clips\\\\a b.mov", "a b.mov"),
        ("片段 😀.mp4", "片段 😀.mp4"),
        ("x" * 300 + ".mp4", "x" * 120 + ".mp4"),
        ("片" * 300 + ".mp4", "片" * 66 + ".mp4"),
        (".mp4", ".mp4"),
    ],
)
def test_an_uploaded_file_keeps_its_name_but_not_its_folders(
    app: AppServer, name: str, kept: str
) -> None:
    (path,) = json.loads(upload(app, b"x", name).body)
    assert Path(path).name == kept
    assert Path(path).parent.parent == app.workspace / "uploads"
    Path(path).unlink()
    Path(path).parent.rmdir()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 100, "application/octet-stream", 400),
        (b"x" * 100, "multipart/form-data", 400),
        (b"x" * 100, "multipart/form-data; boundary=xyz", 400),
        (b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--xyz--\r\n',
         "multipart/form-data; boundary=xyz", 400),
        (b"--xyz\r\n" + b"A: b\r\n" * 1000 + b"\r\n", "multipart/form-data; boundary=xyz", 400),
        (b"", "", 400),
    ],
)  # fmt: skip
def test_what_is_no_form_with_a_file_is_refused(
    app: AppServer, body: bytes, kind: str, status: int
) -> None:
    answer = ask(app, "POST", "/gradio_api/upload", body, Content_Type=kind)
    assert answer.status == status
    assert b"multipart form" in answer.body
    assert not files_below(app.workspace / "uploads")


@pytest.mark.parametrize("route", ["/gradio_api/upload", "/clips"])
def test_a_form_with_two_files_is_refused_and_leaves_nothing(app: AppServer, route: str) -> None:
    """The first was taken, and nobody learnt that the second was not."""
    part = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
    body = part % (b"a.mp4", b"first") + part % (b"b.mp4", b"second") + b"--xyz--\r\n"
    answer = ask(app, "POST", route, body, Content_Type="multipart/form-data; boundary=xyz")
    assert answer.status == 400
    assert b"more than one file" in answer.body
    assert not files_below(app.workspace / "uploads")


def test_a_field_without_a_chosen_file_does_not_count(app: AppServer) -> None:
    """Browsers send it with an empty name."""
    part = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
    body = part % (b"a.mp4", b"first") + part % (b"", b"") + b"--xyz--\r\n"
    kind = "multipart/form-data; boundary=xyz"
    answer = ask(app, "POST", "/gradio_api/upload", body, Content_Type=kind)
    assert answer.status == 200
    (path,) = json.loads(answer.body)
    assert Path(path).read_bytes() == b"first"


def test_a_half_upload_leaves_nothing_and_does_not_delay_the_stop(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server()
    body, kind = form_of(b"x" * 3_000_000)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    uploads = server.workspace / "uploads"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head + body[:2_000_000])
        wait_until(lambda: files_below(uploads))
    wait_until(lambda: not any(uploads.iterdir()))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head + body[:2_000_000])
        wait_until(lambda: files_below(uploads))
        assert server.stop(timeout_s=10) == 0
    assert not files_below(uploads)


def test_an_upload_whose_folder_is_removed_meanwhile_is_refused_in_words(app: AppServer) -> None:
    body, kind = form_of(b"x" * 1000)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    uploads = app.workspace / "uploads"
    before = set(uploads.iterdir())
    with socket.create_connection(("127.0.0.1", app.port), timeout=20) as connection:
        connection.sendall(head + body[:20])
        wait_until(lambda: set(uploads.iterdir()) - before)
        (folder,) = set(uploads.iterdir()) - before
        folder.rmdir()
        connection.sendall(body[20:])
        answer = connection.makefile("rb").read()
    assert answer.split()[1] == b"409"
    assert b"Upload the file again" in answer


def test_uploads_beyond_a_limit_are_refused_with_and_without_their_length(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(
        SPLAZMATTE_MAX_UPLOAD_BYTES="500000", SPLAZMATTE_CLIENT_UPLOAD_BUDGET_BYTES="1500000"
    )
    assert upload(server, b"x" * 400_000).status == 200
    too_large = upload(server, b"x" * 600_000)
    assert (too_large.status, b"488" in too_large.body) == (413, True)
    body, kind = form_of(b"x" * 520_000)
    size = f"{len(body):x}\r\n".encode()
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode() + size + body + b"\r\n0\r\n\r\n")
        assert connection.recv(64).split()[1] == b"413"
    assert upload(server, b"x" * 400_000).status == 200
    over_budget = upload(server, b"x" * 400_000, Accept_Language="zh-CN")
    assert over_budget.status == 429
    assert "上限" in over_budget.body.decode()
    assert len(files_below(server.workspace / "uploads")) == 2


def test_an_upload_that_would_take_the_disks_reserve_is_refused(
    make_server: Callable[..., AppServer],
) -> None:
    server = make_server(SPLAZMATTE_MIN_FREE_DISK_BYTES=str(2**60))
    answer = upload(server, b"x" * 1000)
    assert answer.status == 507
    assert b"reserve" in answer.body and b"The clip needs" in answer.body
    assert not any((server.workspace / "uploads").iterdir())


def test_the_upload_widget_is_told_how_far_it_is(app: AppServer) -> None:
    (path,) = json.loads(upload_with_id(app, "abc123"))
    Path(path).unlink()
    answer = ask(app, "GET", "/gradio_api/upload_progress?upload_id=abc123")
    events = [json.loads(line[6:]) for line in answer.body.decode().splitlines() if line]
    assert events == [
        {"msg": "update", "orig_name": "clip.mp4", "chunk_size": 5000},
        {"msg": "done"},
    ]


def upload_with_id(server: AppServer, upload_id: str) -> bytes:
    body, kind = form_of(b"x" * 5000)
    path = f"/gradio_api/upload?upload_id={upload_id}"
    return ask(server, "POST", path, body, Content_Type=kind).body
