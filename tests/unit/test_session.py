import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline.session.masks import MaskFolder, read_mask, write_mask
from pipeline.session.retention import (
    RetentionRules,
    SessionSummary,
    check_share,
    clean,
    drop_versions,
    expired,
    summarise,
    summarise_all,
)
from pipeline.session.session import Session
from pipeline.session.sizes import SessionSizes
from pipeline.session.state import (
    InstanceRecord,
    Keyframe,
    OutputRecord,
    PromptRecord,
    SessionState,
    SessionStatus,
)
from pipeline.session.store import SessionStore, clean_name
from pipeline.storage.files import link_or_copy
from utils.errors import NotEnoughDisk, SessionError
from utils.types import Box, Message, Point

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path)


def test_state_survives_a_round_trip_with_everything_in_it(store: SessionStore) -> None:
    session = store.create("猫 & dog.mp4")
    keyframe = Keyframe(
        frame=3,
        engine="builtin",
        prompt=PromptRecord(text="cat", points=(Point(1, 2, False),), box=Box(0, 1, 2, 3)),
        instances=(InstanceRecord(id=0, score=0.9, label="cat", area_px=7),),
        kept=(0,),
    )
    nested = Message(
        "engine.unavailable", {"name": Message("job.cancelled"), "missing": "x", "command": 1}
    )
    session.transform(lambda state: state.with_keyframe(keyframe))
    session.update(warnings=(nested,), status=SessionStatus.FAILED)
    state = store.open(session.id).state
    assert state.shown_name == "猫 & dog.mp4"
    assert state.keyframes[3] == keyframe
    assert state.warnings == (nested,)
    assert state.status is SessionStatus.FAILED


@pytest.mark.parametrize(
    "bad", ["", "..", "../../etc", "a" * 200, "/etc/passwd", "x\0" * 20, "é" * 24, "?" * 24]
)
def test_a_malformed_id_opens_nothing(store: SessionStore, bad: str) -> None:
    with pytest.raises(SessionError) as caught:
        store.open(bad)
    assert caught.value.code == "job.session_unknown"


def test_a_session_is_measured_again_when_its_state_has_changed(store: SessionStore) -> None:
    session, sizes = store.create("a.mp4"), SessionSizes()
    before = sizes.of(session)
    (session.folder / "file").write_bytes(bytes(1000))
    assert sizes.of(session) == before
    session.update(shown_name="b.mp4")
    # The state file itself may have a few digits less.
    assert sizes.of(session) >= before + 900


def test_no_id_begins_like_an_option(store: SessionStore, monkeypatch) -> None:
    tokens = iter(["-" + "a" * 23, "--" + "b" * 22, "c" * 24])
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: next(tokens))
    assert store.create("clip").id == "c" * 24


def test_a_damaged_state_file_is_said_and_kept(store: SessionStore) -> None:
    session = store.create("a.mp4")
    (session.folder / "session.json").write_text('{"id": "x", "status"')
    with pytest.raises(SessionError) as caught:
        _ = session.state
    assert caught.value.code == "job.session_damaged"
    assert clean(store, RetentionRules(0.000001, 1, 0)) == []
    assert session.folder.is_dir()


def test_updates_from_many_threads_are_all_kept(store: SessionStore) -> None:
    session = store.create("a.mp4")

    def add(frame: int) -> None:
        keyframe = Keyframe(frame=frame, engine="e", prompt=PromptRecord(), instances=(), kept=())
        session.transform(lambda state: state.with_keyframe(keyframe))

    threads = [threading.Thread(target=add, args=(frame,)) for frame in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(session.state.keyframes) == list(range(12))


def test_a_kill_while_writing_leaves_a_readable_state(store: SessionStore) -> None:
    session = store.create("a.mp4")
    script = (
        "import sys; from pathlib import Path; from pipeline.session.session import Session\n"
        f"session = Session(Path({str(session.folder)!r}))\n"
        "session.update(frames_done=1)\n"
        "print('go', flush=True)\n"
        "n = 1\n"
        "while True:\n"
        "    n += 1\n"
        "    session.update(frames_done=n, shown_name='x' * (n % 5000))\n"
    )
    for delay_s in (0.0, 0.013, 0.029):
        process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        process.kill()
        process.wait()
        process.stdout.close()
        assert isinstance(session.state, SessionState)
    assert session.state.frames_done > 0


def test_start_up_settles_what_a_dead_process_left(store: SessionStore) -> None:
    done, broken, partial = (store.create(name) for name in "abc")
    (done.folder / "alpha.mp4").write_bytes(b"12345")
    output = OutputRecord(kind="alpha", file="alpha.mp4", size_bytes=5)
    done.update(status=SessionStatus.RUNNING, outputs=(output,))
    broken.update(status=SessionStatus.RUNNING, outputs=(output,))
    partial.update(status=SessionStatus.RUNNING, previous_outputs=(output,))
    (partial.folder / "alpha.partial.mp4").write_bytes(b"1")
    interrupted = store.recover()
    assert {session.id for session in interrupted} == {broken.id, partial.id}
    assert done.state.status is SessionStatus.DONE
    assert broken.state.status is SessionStatus.INTERRUPTED
    assert partial.state.status is SessionStatus.INTERRUPTED
    assert partial.state.outputs == (output,)
    assert not (partial.folder / "alpha.partial.mp4").exists()


def test_start_up_leaves_a_running_job_of_another_process_alone(store: SessionStore) -> None:
    session = store.create("a")
    session.update(status=SessionStatus.RUNNING)
    lock = session.try_job_lock()
    assert lock is not None
    assert store.recover() == []
    assert session.state.status is SessionStatus.RUNNING
    assert not store.remove(session)
    assert summarise(session, time.time()).status is SessionStatus.RUNNING
    os.close(lock)
    assert summarise(session, time.time()).status is SessionStatus.INTERRUPTED
    assert store.remove(session)
    assert not session.folder.exists()


def summary(
    name: str,
    age_hours: float,
    status=SessionStatus.DONE,
    is_busy=False,
    owner: str = "",
    is_kept: bool = False,
    size_bytes: int = 1,
) -> SessionSummary:
    return SessionSummary(name, name, status, age_hours, size_bytes, is_busy, owner, is_kept)


def gone(rows: list[SessionSummary], *rules: float, wanted_bytes: int = 0) -> list[str]:
    removals = expired(rows, RetentionRules(*rules), wanted_bytes)
    return [removal.session.id for removal in removals]


def test_retention_takes_the_oldest_first_and_never_a_busy_or_a_kept_one() -> None:
    rows = [
        summary("new", 1),
        summary("old", 100),
        summary("older", 200),
        summary("busy", 300, is_busy=True),
        summary("kept", 400, is_kept=True),
        summary("damaged", 90, SessionStatus.DAMAGED),
        summary("fresh-damaged", 3, SessionStatus.DAMAGED),
    ]
    assert gone(rows, 72, 100) == ["older", "old", "damaged"]
    assert gone(rows, 1e9, 4) == ["older", "old", "damaged"]
    assert gone(rows, 1e9, 2, 150) == ["older"]


def test_a_batch_of_new_sessions_removes_nobody_elses_and_none_of_its_own_yet() -> None:
    finished = [summary(f"ann{n}", 30 + n / 10, owner="ann") for n in range(60)]
    finished += [summary(f"bo{n}", 1, owner="bo") for n in range(30)]
    batch = [summary(f"cy{n}", 0.1, owner="cy") for n in range(300)]
    assert gone(finished + batch, 72, 200, 24) == []
    aged = [summary(f"cy{n}", 25 + n / 1000, owner="cy") for n in range(300)]
    removed = gone(finished + aged, 72, 200, 24)
    assert len(removed) == 390 - 200
    assert {name[:2] for name in removed} == {"cy"}
    assert removed[0] == "cy299"


def test_a_small_owner_loses_nothing_by_count_whatever_others_hold() -> None:
    rows = [summary(f"ann{n}", 70, owner="ann") for n in range(3)]
    rows += [summary(f"bo{n}", 60, owner="bo", is_busy=True) for n in range(9)]
    assert gone(rows, 72, 8, 24) == []


def test_a_full_disk_takes_the_oldest_of_whoever_holds_most() -> None:
    rows = [
        summary("ann old", 60, owner="ann", size_bytes=10),
        summary("bo new", 2, owner="bo", size_bytes=500),
        summary("bo old", 50, owner="bo", size_bytes=100),
        summary("bo older", 55, owner="bo", size_bytes=100),
    ]
    assert gone(rows, 72, 100, 24) == []
    assert gone(rows, 72, 100, 24, wanted_bytes=150) == ["bo older", "bo old"]
    # What is younger than the protected hours stays, whatever is wanted.
    assert gone(rows, 72, 100, 24, wanted_bytes=10_000) == ["bo older", "bo old", "ann old"]


def test_whoever_opens_a_removed_session_is_told_why(
    store: SessionStore, caplog: pytest.LogCaptureFixture
) -> None:
    session = store.create("a.mp4", lambda folder: {"owner": "ann"})
    make_older(session, 100)
    with caplog.at_level("INFO"):
        (removal,) = clean(store, RetentionRules(72, 10))
    assert removal.session.owner == "ann"
    assert f"session {session.id[:6]} of ann removed" in caplog.text
    assert session.id not in caplog.text
    with pytest.raises(SessionError) as caught:
        store.open(session.id)
    assert caught.value.code == "job.session_removed"
    assert "72 hours" in caught.value.user_message
    assert "72 小时" in caught.value.text("zh")
    with pytest.raises(SessionError) as caught:
        store.open("A" * 24)
    assert caught.value.code == "job.session_unknown"


def test_the_last_part_of_a_disk_is_left_to_others(store: SessionStore) -> None:
    def fill(size_bytes: int, owner: str):
        def writing(folder: Path) -> dict[str, str]:
            (folder / "source.mp4").write_bytes(bytes(size_bytes))
            return {"owner": owner}

        return writing

    store.create("a.mp4", fill(900_000, "ann"))
    check_share(store, "ann", 1, 2**60)  # nobody else is there
    store.create("b.mp4", fill(100_000, "bo"))
    check_share(store, "ann", 1, 0)
    check_share(store, "bo", 1, 2**60)
    check_share(store, "cy", 1, 2**60)
    with pytest.raises(NotEnoughDisk) as caught:
        check_share(store, "ann", 1, 2**60)
    assert caught.value.code == "job.disk_share"


def make_older(session: Session, hours: float) -> None:
    session.transform(lambda state: state)
    data = json.loads((session.folder / "session.json").read_text())
    data["updated_at_s"] = time.time() - hours * 3600
    (session.folder / "session.json").write_text(json.dumps(data))


def test_a_dry_run_removes_nothing(store: SessionStore) -> None:
    session = store.create("a")
    make_older(session, 100)
    rules = RetentionRules(72, 10)
    assert [item.session.id for item in clean(store, rules, dry_run=True)] == [session.id]
    assert session.folder.is_dir()
    assert [item.session.id for item in clean(store, rules)] == [session.id]
    assert not session.folder.exists()


@pytest.mark.parametrize("what", ["sweep", "peek"])
def test_what_looks_at_a_session_being_made_takes_nothing(store, monkeypatch, what) -> None:
    """A clean-up between the folder and its lock; a look that holds the lock for a moment."""
    held: list[int] = []

    def interrupted(session: Session, wait_s: float = 0.0) -> int | None:
        monkeypatch.undo()
        if what == "sweep":
            store.sweep_trash()
        else:
            held.append(os.open(session.folder / ".job.lock", os.O_RDWR | os.O_CREAT))
            fcntl.flock(held[0], fcntl.LOCK_SH)
            threading.Timer(0.2, os.close, held).start()
        return session.try_job_lock(wait_s)

    def fill(folder: Path) -> dict[str, str]:
        (folder / "source.mp4").write_bytes(b"clip")
        store.sweep_trash()
        return {}

    monkeypatch.setattr(Session, "try_job_lock", interrupted)
    session = store.create("clip.mp4", fill)
    assert (session.folder / "source.mp4").read_bytes() == b"clip"
    assert not session.is_running


def test_a_session_that_is_being_looked_at_can_be_removed_and_a_running_one_not(store) -> None:
    session = store.create("clip.mp4")
    looking = os.open(session.folder / ".job.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.05, os.close, [looking]).start()
    assert store.remove(session)
    running = store.create("clip.mp4")
    lock = running.try_job_lock()
    assert lock is not None
    assert not store.remove(running)
    os.close(lock)
    assert store.remove(running)


def test_an_upload_that_was_cut_off_is_swept(store: SessionStore) -> None:
    left = store.root / ".new-aaaaaaaaaaaaaaaaaaaaaaaa"
    left.mkdir(parents=True)
    (left / "source.mp4").write_bytes(b"half")
    store.sweep_trash()
    assert not left.exists()


def test_a_clock_set_back_makes_no_session_old(store: SessionStore) -> None:
    session = store.create("a")
    session.transform(lambda state: state)
    data = json.loads((session.folder / "session.json").read_text())
    data["updated_at_s"] = time.time() + 1e6
    (session.folder / "session.json").write_text(json.dumps(data))
    assert clean(store, RetentionRules(72, 10)) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x.mp4", "x.mp4"),
        ("C:\\clips\\a b.mov", "a b.mov"),
        ("a\nb\x00.mp4", "ab.mp4"),
        ("evil\u202e4pm.exe", "evil4pm.exe"),
        ("", "clip"),
        ("片段😀.mp4", "片段😀.mp4"),
    ],
)
def test_shown_names_are_plain_text(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_long_name_is_cut() -> None:
    assert len(clean_name("x" * 300 + ".mp4")) == 120


def test_masks_on_disk_are_exact_and_counted_from_the_range(tmp_path: Path) -> None:
    mask = np.random.default_rng(0).random((37, 53)) > 0.5
    folder = MaskFolder(tmp_path, first=5)
    write_mask(folder.path(2), mask)
    assert (tmp_path / "000007.png").is_file()
    assert np.array_equal(read_mask(tmp_path / "000007.png"), mask)
    assert 2 in folder
    assert 3 not in folder
    assert list(folder) == [2]
    with pytest.raises(KeyError):
        _ = folder[3]


def test_a_damaged_session_that_cannot_be_restored_stays_in_the_trash(store: SessionStore) -> None:
    session = store.create("cat.mp4")
    assert store.delete(session)
    state_file = store.trash.folder / session.id / "session.json"
    state_file.write_text("{")
    with pytest.raises(SessionError) as caught:
        store.restore(session.id)
    assert caught.value.code == "job.session_damaged"
    assert [one.id for one in store.trash] == [session.id] and not list(store)


def test_a_deleted_session_is_restored_with_everything_and_counts_on_the_disk(
    store: SessionStore,
) -> None:
    session = store.create("cat.mp4", lambda folder: {"owner": "Ann"})
    (session.folder / "file").write_bytes(bytes(5000))
    lock = session.try_job_lock()
    assert lock is not None and not store.delete(session)
    os.close(lock)
    assert store.delete(session) and not list(store)
    with pytest.raises(SessionError) as caught:
        store.open(session.id)
    assert caught.value.code == "job.session_deleted"
    (deleted,) = store.trash
    assert (deleted.id, deleted.shown_name, deleted.owner) == (session.id, "cat.mp4", "Ann")
    assert deleted.size_bytes >= 5000 and abs(deleted.deleted_at_s - time.time()) < 60
    store.restore(session.id)
    assert (store.open(session.id).folder / "file").stat().st_size == 5000
    for unknown in (session.id, "../sessions"):
        with pytest.raises(SessionError):
            store.restore(unknown)


def test_what_was_deleted_goes_with_time_and_first_when_the_disk_runs_short(
    store: SessionStore,
) -> None:
    rules = RetentionRules(72, 200, undelete_hours=24)
    old, new = (store.create(name) for name in ("old.mp4", "new.mp4"))
    for session in (old, new):
        store.delete(session)
    day_ago_s = time.time() - 25 * 3600
    os.utime(store.trash.folder / old.id, (day_ago_s, day_ago_s))
    clean(store, rules, dry_run=True)
    assert len(list(store.trash)) == 2
    clean(store, rules)
    assert [one.id for one in store.trash] == [new.id]
    kept = store.create("kept.mp4")
    clean(store, RetentionRules(72, 200, floor_bytes=10**18))
    assert not list(store.trash) and [session.id for session in store] == [kept.id]


def test_earlier_results_go_before_a_session_where_the_disk_runs_short(store: SessionStore) -> None:
    aged, fresh = (store.create(name) for name in ("aged.mp4", "fresh.mp4"))
    for session in (aged, fresh):
        (session.versions_dir / "1").mkdir(parents=True)
        (session.versions_dir / "1" / "alpha.mp4").write_bytes(bytes(5000))
    day_ago_s = time.time() - 30 * 3600
    aged.write(aged.state.model_copy(update={"updated_at_s": day_ago_s}))
    rules = RetentionRules(72, 200, protected_hours=24)
    summaries = summarise_all(store, time.time())
    job = aged.try_job_lock()
    assert job is not None
    # A job that has begun since then holds the result before it there.
    assert drop_versions(store, summaries, rules, 3000, dry_run=False) == 0
    assert aged.versions_dir.exists()
    os.close(job)
    assert drop_versions(store, summaries, rules, 3000, dry_run=False) == 5000
    assert not aged.versions_dir.exists() and fresh.versions_dir.exists()


def test_a_file_put_where_it_lies_already_leaves_nothing_beside_it(tmp_path: Path) -> None:
    source, target = tmp_path / "made.mp4", tmp_path / "out.mp4"
    source.write_bytes(b"file")
    for _ in range(2):
        link_or_copy(source, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made.mp4", "out.mp4"]


def test_a_jobs_end_leaves_what_is_being_written_beside_it(store: SessionStore) -> None:
    """It removed it: a name was refused with "no such session", and there was no playback clip until a restart."""
    session = store.create("clip")
    beside = {
        *("session.partial.json", "playback.partial.mp4", "quick_preview.partial-7f.jpg"),
        *("background.partial.png", "foreground.partial.zip", "instances/000000/0.partial.png"),
    }
    of_jobs = {
        *("foreground.partial.mp4", "alpha_master.partial-new.nut", "spool.partial"),
        *("masks.partial/000000.png", "targets/2/alpha.partial.mp4"),
    }
    for name in beside | of_jobs:
        path = session.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    def left() -> set[str]:
        return {name for name in beside | of_jobs if (session.folder / name).exists()}

    session.sweep_partials()
    assert left() == beside
    store.recover()
    assert left() == set()


def test_a_name_given_while_jobs_end_is_kept(store: SessionStore) -> None:
    session = store.create("clip")
    stop = threading.Event()

    def end_jobs() -> None:
        while not stop.is_set():
            session.sweep_partials()

    thread = threading.Thread(target=end_jobs)
    thread.start()
    try:
        for number in range(20):
            session.update(shown_name=f"{number}")
    finally:
        stop.set()
        thread.join()
    assert session.state.shown_name == "19"
