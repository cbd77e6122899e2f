"""Sessions as folders under odd circumstances: half-made, foreign, damaged, in the way."""

from __future__ import annotations

import os
import threading
import time
import zipfile
from pathlib import Path

import pytest

from pipeline.jobs.queue import JobState
from pipeline.postprocess.appearance import Edges
from pipeline.session.request import RenderRequest
from pipeline.session.results import OutputFile
from pipeline.session.retention import RetentionRules, clean
from pipeline.session.state import OutputRecord, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.storage.files import link_or_copy
from tests.faults.workplace import FRAMES, Workplace
from utils.errors import SessionError


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path)


def test_a_session_that_could_not_be_filled_was_never_there(store: SessionStore) -> None:
    def fill(folder: Path) -> dict[str, object]:
        (folder / "source.mp4").write_bytes(b"half")
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        store.create("x", fill)
    assert list(store) == []
    assert list(store.root.iterdir()) == []


def test_a_session_being_made_is_neither_listed_nor_swept_until_its_maker_died(
    store: SessionStore,
) -> None:
    seen: list[int] = []

    def fill(folder: Path) -> dict[str, object]:
        seen.append(len(list(store)))
        store.recover()
        assert folder.is_dir()
        return {}

    store.create("x", fill)
    assert seen == [0]
    assert len(list(store)) == 1
    dead = store.root / ".new-abc"
    dead.mkdir()
    (dead / "source.mp4").write_bytes(b"half")
    store.recover()
    assert not dead.exists()


def test_foreign_things_in_the_folder_stop_no_start(
    store: SessionStore, caplog: pytest.LogCaptureFixture
) -> None:
    session = store.create("x")
    (store.root / "a-file-with-a-session-like-name").write_text("x")
    (store.root / "folder-without-any-state-inside").mkdir()
    (store.root / "lost+found").mkdir()
    damaged = store.create("y")
    (damaged.folder / "session.json").write_bytes(b"\xff\x00not json")
    (damaged.folder / "alpha.partial.mp4").write_bytes(b"x")
    (damaged.folder / ".job.lock").unlink(missing_ok=True)
    assert store.recover() == []
    assert clean(store, RetentionRules(72.0, 100)) == []
    assert session.state.status is SessionStatus.READY
    assert not (damaged.folder / "alpha.partial.mp4").exists()


def test_a_lock_that_cannot_be_taken_is_logged_and_the_rest_is_settled(
    store: SessionStore, caplog: pytest.LogCaptureFixture
) -> None:
    blocked, fine = sorted((store.create(name) for name in "ab"), key=lambda item: item.id)
    (blocked.folder / ".job.lock").unlink(missing_ok=True)
    (blocked.folder / ".job.lock").mkdir()
    fine.update(status=SessionStatus.RUNNING)
    assert [session.id for session in store.recover()] == [fine.id]
    assert "can't be settled" in caplog.text


def test_done_is_taken_back_where_a_file_is_gone(store: SessionStore) -> None:
    session = store.create("x")
    (session.folder / "alpha.mp4").write_bytes(b"12345")
    kept = OutputRecord(kind="alpha", file="alpha.mp4", size_bytes=5)
    gone = OutputRecord(kind="png", file="foreground", size_bytes=5)
    session.update(status=SessionStatus.DONE, outputs=(kept, gone))
    assert [item.id for item in store.recover()] == [session.id]
    assert session.state.status is SessionStatus.INTERRUPTED
    assert session.state.outputs == (kept,)
    assert store.recover() == []


def test_looking_whether_a_job_runs_never_keeps_a_worker_from_starting(store: SessionStore) -> None:
    session = store.create("x")
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            assert session.is_running in (True, False)

    watchers = [threading.Thread(target=look) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(30):
            lock = session.try_job_lock(2.0)
            assert lock is not None
            os.close(lock)
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


def test_a_held_lock_is_waited_for_and_then_said(store: SessionStore) -> None:
    session = store.create("x")
    lock = session.try_job_lock()
    assert lock is not None
    began_s = time.monotonic()
    assert session.try_job_lock(0.2) is None
    assert time.monotonic() - began_s > 0.15
    assert session.is_running
    os.close(lock)
    assert not session.is_running


def test_whatever_is_done_to_a_removed_session_says_that_it_is_gone(store: SessionStore) -> None:
    session = store.create("x")
    assert store.remove(session)
    for attempt in (
        lambda: session.state,
        lambda: session.update(frames_done=1),
        session.try_job_lock,
        lambda: session.masks_lock().__enter__(),
        lambda: store.open(session.id),
    ):
        with pytest.raises(SessionError) as caught:
            attempt()
        assert caught.value.code == "job.session_unknown"
    assert not session.is_running
    assert not session.folder.exists()


def test_a_queued_session_is_never_removed(store: SessionStore) -> None:
    session = store.create("x")
    session.update(status=SessionStatus.QUEUED)
    assert not store.remove(session)
    assert session.folder.is_dir()


def test_trash_that_is_in_the_way_stops_no_removal(store: SessionStore) -> None:
    session = store.create("x")
    old = store.root / f".trash-{session.id}"
    old.mkdir()
    (old / "stuck").write_text("x")
    assert store.remove(session)
    store.sweep_trash()
    assert list(store.root.iterdir()) == []


def test_a_copy_that_fails_leaves_no_partial_file(tmp_path: Path, monkeypatch) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"x" * 1000)

    def no_link(*_: object) -> None:
        raise OSError("another disk")

    def half(_: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError("full")

    monkeypatch.setattr("os.link", no_link)
    monkeypatch.setattr("shutil.copyfile", half)
    with pytest.raises(OSError, match="full"):
        link_or_copy(source, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def download(workplace: Workplace, session_id: str) -> OutputFile:
    """Return the only finished file of a session, ready to be sent."""
    (output,) = workplace.orchestrator.outputs(session_id)
    workplace.orchestrator.prepare_download(session_id, output)
    return output


def packed(zipped: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(zipped) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("when", ["after the clock went back", "meanwhile", "between its folders"])
def test_a_sequence_rendered_again_is_packed_again(
    workplace: Workplace, clip: Path, mask: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The older ZIP, or one of old and new frames, was given for as long as the result was there."""
    session_id = workplace.session_with_target(clip, mask)
    workplace.matte(session_id, outputs=("png",))
    folder = workplace.folder(session_id)

    def render_again() -> None:
        edges = Edges(grow_px=6)
        workplace.orchestrator.rerender(session_id, RenderRequest(outputs=("png",), edges=edges))
        assert workplace.jobs.wait(session_id, 60) is JobState.DONE

    if when == "meanwhile":
        write, calls = zipfile.ZipFile.write, list[str]()

        def slowly(self: zipfile.ZipFile, path: Path, name: str) -> None:
            write(self, path, name)
            calls.append(name)
            if len(calls) == FRAMES + 2:
                render_again()

        monkeypatch.setattr(zipfile.ZipFile, "write", slowly)
    if when == "between its folders":
        replace = os.replace

        def replace_and_ask(source: Path, place: Path) -> None:
            replace(source, place)
            if place in (folder / "foreground", folder / "alpha"):
                download(workplace, session_id)

        monkeypatch.setattr(os, "replace", replace_and_ask)
    first = download(workplace, session_id)
    if when != "meanwhile":
        later_s = time.time() + 3600
        os.utime(first.path, (later_s, later_s))
        render_again()
    output = download(workplace, session_id)
    for name, content in packed(output.path).items():
        assert content == (folder / name).read_bytes(), name
    number = output.path.stat().st_ino
    again = download(workplace, session_id)
    assert again.path.stat().st_ino == number, "it is packed once"
