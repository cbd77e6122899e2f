"""Files through an S3-compatible store: sent once, back with the manifest last, gone with their session."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app import build_dispatcher
from config import Settings
from pipeline.session.request import MatteRequest
from pipeline.session.state import OutputRecord, SessionStatus
from pipeline.session.store import SessionStore
from pipeline.storage import object_store
from pipeline.storage.object_cache import ObjectCache
from pipeline.storage.object_store import ObjectAccess, ObjectStore
from pipeline.workers.attempts import Attempt, attempts_dir
from pipeline.workers.connection import connect_page, connect_worker
from pipeline.workers.object_files import (
    ObjectFile,
    claim_namespace,
    object_name,
    session_folder,
    stored_contents,
)
from pipeline.workers.object_page import ObjectPageFiles
from pipeline.workers.object_worker import ObjectWorkerFiles
from pipeline.workers.records import JobRecord
from tests.faults.workplace import wait_until
from tests.workers.conftest import (
    Page,
    Workers,
    assert_done_once,
    assert_nothing_left,
    make_page,
)
from tests.workers.object_server import BUCKET, KEYS, Line, ObjectServer
from tests.workers.redis_server import RedisServer
from ui.http.access import AccessControl
from ui.http.login import Login
from ui.http.media import Media
from ui.http.users import User, hash_password
from utils.errors import (
    Cancelled,
    NotEnoughDisk,
    ObjectMissing,
    SplazmatteError,
    StoreUnavailable,
    WorkersUnavailable,
)

LONG_S = 120.0
"""Seconds that a step of a whole job may take on a busy machine."""
GO_ON = threading.Event()
"""A cancel that never comes."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    started = ObjectServer(tmp_path_factory.mktemp("objects") / "moto.log")
    yield started
    started.close()


def open_store(url: str, prefix: str = "tests", bucket: str = BUCKET) -> ObjectStore:
    access_key, secret_key = KEYS.values()
    return ObjectStore(ObjectAccess(url, bucket, prefix, "auto", access_key, secret_key))


class Both:
    """A page's and a worker's files, each over a workspace of its own, and a session of the page."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.store = store
        self.workspace, self.elsewhere = folder / "page", folder / "worker"
        self.sessions = SessionStore(self.workspace)
        self.page = ObjectPageFiles(store, self.workspace, link_s=300)
        self.cache = ObjectCache(self.elsewhere / "objects", 10_000, 0)
        self.worker = ObjectWorkerFiles(store, self.cache, self.elsewhere)
        self.session = self.sessions.create("clip.mp4", self._fill)
        self.record = JobRecord(
            id="ab12",
            session_id=self.session.id,
            request=MatteRequest(engine="builtin"),
            needs="builtin",
            attempt=1,
        )

    @staticmethod
    def _fill(folder: Path) -> dict[str, object]:
        (folder / "source.mp4").write_bytes(b"the clip" * 500)
        (folder / "masks").mkdir()
        (folder / "masks" / "000000.png").write_bytes(b"a mask")
        (folder / "masks" / "000001.png").write_bytes(b"a mask")
        (folder / "frames").mkdir()
        (folder / "frames" / "000000.jpg").write_bytes(b"a picture for the page")
        (folder / "alpha.mp4").write_bytes(b"former result")
        return {"outputs": (OutputRecord(kind="alpha", file="alpha.mp4", size_bytes=13),)}

    def begin(self, record: JobRecord) -> Attempt:
        self.page.send(self.session, record, GO_ON)
        attempt = Attempt(self.elsewhere, record)
        self.worker.begin(attempt, record, GO_ON)
        return attempt

    def do(self, attempt: Attempt, content: bytes) -> None:
        """Do what a job does: another result, the former one as a version."""
        folder = attempt.session.folder
        version = folder / "versions" / "1"
        version.mkdir(parents=True, exist_ok=True)
        (folder / "alpha.mp4").rename(version / "alpha.mp4")
        (folder / "alpha.mp4").write_bytes(content)
        (folder / "foreground").mkdir()
        (folder / "foreground" / "000000.png").write_bytes(b"a frame")
        attempt.session.update(
            status=SessionStatus.DONE,
            outputs=(
                OutputRecord(kind="alpha", file="alpha.mp4", size_bytes=len(content)),
                OutputRecord(kind="png", file="foreground", size_bytes=7),
            ),
        )

    def take(self, record: JobRecord) -> None:
        attempt = Attempt(self.workspace, record)
        assert self.page.fetch(self.session, attempt, record, GO_ON)
        attempt.publish(self.session)
        self.page.discard(self.session, record)
        attempt.discard()


@pytest.fixture
def both(server: ObjectServer, tmp_path: Path) -> Both:
    server.line.mend()
    return Both(tmp_path, open_store(server.line.url, tmp_path.name))


def test_a_job_goes_to_a_worker_and_back_and_contents_are_sent_once(
    both: Both, server: ObjectServer
) -> None:
    attempt = both.begin(both.record)
    there = attempt.session.folder
    assert (there / "source.mp4").read_bytes() == b"the clip" * 500
    assert (there / "masks" / "000001.png").read_bytes() == b"a mask"
    assert not (there / "frames").exists()
    assert b"former result" not in (there / "alpha.mp4").read_bytes()
    assert attempt.session.state == both.session.state
    assert len(stored_contents(both.store, both.session.id)) == 2  # the clip, one mask twice

    both.do(attempt, b"new result")
    page_attempt = Attempt(both.workspace, both.record)
    assert not both.page.fetch(both.session, page_attempt, both.record, GO_ON)
    both.worker.deliver(attempt, both.record, GO_ON)
    assert not there.exists()
    both.take(both.record)
    folder = both.session.folder
    assert (folder / "alpha.mp4").read_bytes() == b"new result"
    assert (folder / "versions" / "1" / "alpha.mp4").read_bytes() == b"former result"
    assert (folder / "foreground" / "000000.png").read_bytes() == b"a frame"
    assert both.session.state.status is SessionStatus.DONE
    # What a later job begins with and files for download stay, the sequence and the job's own objects go.
    digest = hashlib.sha256(b"new result").hexdigest()
    assert len(stored_contents(both.store, both.session.id)) == 3
    assert digest in stored_contents(both.store, both.session.id)
    assert not list(both.store.names(f"{session_folder(both.session.id)}jobs/"))

    before = len(server.line.requests)
    again = both.record.model_copy(update={"id": "cd34"})
    attempt = both.begin(again)
    wrote = [line for line in server.line.requests[before:] if line.startswith(b"PUT")]
    read = [line for line in server.line.requests[before:] if b"/objects/" in line]
    assert len(wrote) == 1, wrote
    assert b"input.json" in wrote[0]
    assert not read, "the worker has these contents"
    assert (attempt.session.folder / "versions" / "1" / "alpha.mp4").is_file()
    both.worker.deliver_cache(attempt, again)


def test_finished_work_of_a_stopped_attempt_and_pictures_reach_the_page(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.workers.object_worker.LIVE_S", 0.02)
    attempt = both.begin(both.record)
    (attempt.session.folder / "live.jpg").write_bytes(b"picture")
    page_attempt = Attempt(both.workspace, both.record)

    def is_shown() -> bool:
        both.page._looked_s.clear()
        both.page.fetch_live(both.session, page_attempt, both.record)
        return page_attempt.session.live_picture is not None

    wait_until(is_shown)
    cache = attempt.session.cache_dir / "engine"
    cache.mkdir(parents=True)
    (cache / "window.npy").write_bytes(b"half a clip")
    both.worker.deliver_cache(attempt, both.record)
    both.page.fetch_cache(both.session, page_attempt, both.record)
    page_attempt.keep_cache(both.session)
    next_one = both.begin(both.record.model_copy(update={"attempt": 2}))
    assert (next_one.session.cache_dir / "engine" / "window.npy").read_bytes() == b"half a clip"


def test_a_download_link_is_for_one_file_and_a_while_and_has_no_key_of_the_session(
    both: Both, server: ObjectServer, caplog: pytest.LogCaptureFixture
) -> None:
    both.do(attempt := both.begin(both.record), b"0123456789")
    both.worker.deliver(attempt, both.record, GO_ON)
    both.take(both.record)
    path = both.session.folder / "alpha.mp4"
    link = both.page.link(both.session, path, "镜头 1.mp4", "video/mp4")
    assert "X-Amz-Expires=300" in link
    assert both.session.id not in link
    assert not any(key in link for key in (KEYS["SPLAZMATTE_OBJECT_SECRET_KEY"], "former"))
    answer = httpx.get(link, headers={"Range": "bytes=2-5"})
    assert (answer.status_code, answer.content) == (206, b"2345")
    assert "%E9%95%9C%E5%A4%B4%201.mp4" in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "video/mp4"
    # Good for its time and its file, and for nothing else that is made of it.
    other = object_name(both.session.id, _described(both.session.folder / "source.mp4"))
    altered = (
        link.replace(object_name(both.session.id, _described(path)), other),
        link.replace("X-Amz-Expires=300", "X-Amz-Expires=604800"),
    )
    assert link not in altered
    assert [httpx.get(one).status_code for one in altered] == [403, 403]
    try:
        server.line.later_s = 290.0
        assert httpx.get(link).status_code == 200
        server.line.later_s = 310.0
        late = httpx.get(link)
        assert (late.status_code, b"0123456789" in late.content) == (403, False)
    finally:
        server.line.later_s = 0.0
    # What was made since, or is gone there, comes from the page.
    both.store.delete([object_name(both.session.id, _described(path))])
    assert both.page.link(both.session, path, "a.mp4", "video/mp4") == ""
    path.write_bytes(b"rendered again")
    assert both.page.link(both.session, path, "a.mp4", "video/mp4") == ""
    assert "secret" not in caplog.text


def _described(path: Path) -> ObjectFile:
    content = path.read_bytes()
    return ObjectFile(sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))


def test_objects_go_with_their_session_and_what_is_left_over_is_found(both: Both) -> None:
    both.page.send(both.session, both.record, GO_ON)
    other = both.sessions.create("other.mp4", both._fill)
    other_record = both.record.model_copy(update={"session_id": other.id})
    both.page.send(other, other_record, GO_ON)
    both.sessions.delete(other)
    assert both.page.sweep(both.sessions) == 0, "it can be restored"
    both.sessions.purge(other.id)
    assert both.page.sweep(both.sessions) == 1
    assert not stored_contents(both.store, other.id)
    assert len(stored_contents(both.store, both.session.id)) == 2
    both.page.forget(both.session.id)
    assert not list(both.store.names("sessions/"))


def test_a_large_file_goes_on_where_it_was_broken_off_both_ways(
    both: Both, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "PART_BYTES", 5 * 1024**2)
    monkeypatch.setattr(object_store, "AT_ONCE", 1)
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (11 * 4096))
    sent: list[int] = []
    cancel = threading.Event()
    upload = both.store._client.upload_part

    def counted(**values: object) -> object:
        sent.append(values["PartNumber"])
        cancel.set()
        return upload(**values)

    monkeypatch.setattr(both.store._client, "upload_part", counted)
    with pytest.raises(Cancelled):
        both.store.send("sessions/s/objects/x", path, cancel)
    assert not both.store.has("sessions/s/objects/x")
    assert both.store.unfinished("sessions/") == ["sessions/s/objects/x"]
    both.store.send("sessions/s/objects/x", path, GO_ON)
    assert sent == [1, 2, 3]
    assert both.store.unfinished("sessions/") == []

    half = tmp_path / "half"
    half.write_bytes(path.read_bytes()[:6_000_000])
    both.store.fetch("sessions/s/objects/x", half, path.stat().st_size, GO_ON)
    assert half.read_bytes() == path.read_bytes()
    cancel.clear()
    with pytest.raises(Cancelled):
        both.store.send("sessions/gone/objects/y", path, cancel)
    assert both.page.sweep(both.sessions) == 2, "of sessions that are not there"
    assert both.store.unfinished("sessions/") == []


def test_the_cache_keeps_what_was_used_last_and_refuses_what_has_changed(
    both: Both, tmp_path: Path
) -> None:
    contents = [bytes([number]) * 4000 for number in range(4)]
    for number, content in enumerate(contents):
        digest = hashlib.sha256(content).hexdigest()
        both.store.write(f"c/{digest}", content)
        both.cache.put(both.store, f"c/{digest}", digest, 4000, tmp_path / str(number), GO_ON)
        time.sleep(0.01)  # the disk's clock
    both.cache.trim()
    kept = [path.read_bytes() for path in (both.elsewhere / "objects").iterdir()]
    assert sorted(kept) == contents[2:]
    assert (tmp_path / "0").read_bytes() == contents[0]
    with pytest.raises(ObjectMissing):
        both.cache.put(both.store, "c/" + "0" * 64, "0" * 64, 4000, tmp_path / "x", GO_ON)
    both.store.write("c/other", b"x" * 4000)
    with pytest.raises(ObjectMissing):
        both.cache.put(both.store, "c/other", "1" * 64, 4000, tmp_path / "x", GO_ON)
    assert not list((both.elsewhere / "objects").glob("*.partial"))
    full = ObjectCache(tmp_path / "full", 10, 1 << 60)
    with pytest.raises(NotEnoughDisk):
        full.put(both.store, "c/other", "1" * 64, 4000, tmp_path / "x", GO_ON)


def test_a_second_page_under_the_same_prefix_is_refused(both: Both) -> None:
    claim_namespace(both.store, "one")
    claim_namespace(both.store, "one")
    with pytest.raises(WorkersUnavailable, match="another installation"):
        claim_namespace(both.store, "two")


@pytest.mark.parametrize(
    ("status", "code", "expected", "text"),
    [
        (403, "SignatureDoesNotMatch", WorkersUnavailable, "refuses the access keys"),
        (401, "Unauthorized", WorkersUnavailable, "refuses the access keys"),
        (403, "RequestTimeTooSkewed", WorkersUnavailable, "the clock of this machine"),
        (404, "NoSuchBucket", WorkersUnavailable, "no such bucket"),
        (507, "XMinioStorageFull", NotEnoughDisk, "is full"),
        (400, "QuotaExceeded", NotEnoughDisk, "is full"),
        (0, "", StoreUnavailable, "can't be reached"),
    ],
)
def test_what_a_store_answers_is_a_sentence_without_secrets(
    status: int, code: str, expected: type[SplazmatteError], text: str
) -> None:
    line = Line()
    try:
        if status:
            line.give(status, code)
        else:
            line.cut()
        with pytest.raises(expected, match=text) as caught:
            claim_namespace(open_store(line.url), "one")
    finally:
        line.close()
    said = f"{caught.value} {caught.value.detail} {caught.value.text('zh')}"
    assert line.url in said
    assert not any(key in said for key in KEYS.values())


def test_an_object_store_without_a_broker_and_workers_is_refused_instead_of_being_left_unused(
    tmp_path: Path,
) -> None:
    objects = {"object_endpoint": "http://127.0.0.1:1", "object_bucket": BUCKET}
    with pytest.raises(WorkersUnavailable, match="SPLAZMATTE_BROKER"):
        build_dispatcher(Settings(_env_file=None, workspace_dir=tmp_path, **objects))


def test_keys_come_from_the_environment_or_a_file_of_mode_600(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    values = {"workspace_dir": tmp_path, "remote_keys_file": tmp_path / "keys"}
    objects = {"object_endpoint": "http://127.0.0.1:1", "object_bucket": BUCKET}
    with pytest.raises(WorkersUnavailable, match="SPLAZMATTE_BROKER"):
        connect_page(Settings(_env_file=None, **values, **objects))
    settings = Settings(_env_file=None, broker="redis://127.0.0.1:1/0", **values, **objects)
    for mode in (0o644, 0o600):
        (tmp_path / "keys").write_text("".join(f"{name}={key}\n" for name, key in KEYS.items()))
        (tmp_path / "keys").chmod(mode)
        expected = r"SECRET_KEY.*mode 600" if mode == 0o644 else "can't be reached"
        with pytest.raises(SplazmatteError, match=expected):
            connect_worker(settings)
    for bad in ("https://key:secret@host", "host", "https://host/bucket", "ftp://host"):
        with pytest.raises(ValueError, match="not an address"):
            Settings(_env_file=None, object_endpoint=bad, object_bucket=BUCKET)
    with pytest.raises(ValueError, match="bucket's name"):
        Settings(_env_file=None, object_endpoint="https://host")


def assert_given_to_who_has_the_session(page: Page, session: str, media: Media) -> None:
    """Assert that a link is given neither without a login nor to somebody who lacks the session's key."""
    users = page.workspace / "users"
    users.write_text("".join(f"{User(name, 'user', hash_password(name)).line}\n" for name in "ab"))
    settings = Settings(_env_file=None, workspace_dir=page.workspace, users_file=users)
    login = Login(settings)
    application = Starlette(routes=[*media.routes(), *login.routes()])
    is_open = threading.Event()
    is_open.set()
    access = AccessControl(application, settings, login, page.workspace, is_open)
    others = page.sessions.create("other.mp4", lambda folder: {"owner": "b"})

    def sign_in(name: str) -> TestClient:
        browser = TestClient(access, "http://localhost", follow_redirects=False)
        browser.post("/login", data={"username": name, "password": name})
        return browser

    page.sessions.open(session).update(owner="a")
    assert sign_in("a").get(f"/media/{session}/file/alpha").status_code == 307
    assert [state.id for state in page.orchestrator.sessions_of("b", 10)] == [others.id]
    guessed = session[:-1] + ("A" if session[-1] != "A" else "B")
    other = sign_in("b")
    refused = [other.get(f"/media/{key}/file/alpha") for key in (others.id, guessed)]
    refused.append(sign_in("nobody").get(f"/media/{session}/file/alpha"))
    assert [answer.status_code for answer in refused] == [404, 404, 401]
    assert not any("location" in answer.headers for answer in refused)


def assert_given_by_link(page: Page, session: str) -> None:
    media = Media(page.orchestrator, Settings(_env_file=None))
    try:
        browser = TestClient(Starlette(routes=media.routes()), follow_redirects=False)
        assert_given_to_who_has_the_session(page, session, media)
        answer = browser.get(f"/media/{session}/file/alpha")
        assert (answer.status_code, answer.headers["cache-control"]) == (307, "no-store")
        there = page.sessions.open(session).folder / "alpha.mp4"
        assert httpx.get(answer.headers["location"]).content == there.read_bytes()
        assert browser.get(f"/media/{session}/file/alpha?inline=1").content == there.read_bytes()
        assert browser.get(f"/media/{session}/file/png").status_code == 200, "packed here"
        assert browser.get(f"/media/{'x' * 24}/file/alpha").status_code == 404
    finally:
        media.close()


def test_a_worker_with_a_folder_of_its_own_does_jobs_through_a_line_that_is_cut(
    server: ObjectServer,
    tmp_path: Path,
    clip: Path,
    mask: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.line.mend()
    redis_server = RedisServer(tmp_path / "redis").start()
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    settings = Settings(
        _env_file=None,
        workspace_dir=tmp_path / "page",
        broker=redis_server.url,
        object_prefix=tmp_path.name,
        **server.settings,
    )
    connection = connect_page(settings)
    assert connection.queue is not None
    page = make_page(
        settings.workspace_dir, connection.store, connection.queue.send, files=connection.files
    )
    environment = {
        "SPLAZMATTE_BROKER": redis_server.url,
        "SPLAZMATTE_OBJECT_ENDPOINT": server.line.url,
        "SPLAZMATTE_OBJECT_BUCKET": BUCKET,
        "SPLAZMATTE_OBJECT_PREFIX": tmp_path.name,
        **KEYS,
    }
    workers = Workers(tmp_path / "elsewhere", environment)
    workers.workspace.mkdir()
    try:
        worker = workers.start("far", seconds_a_frame=0.2)
        page.wait_for_workers(1)
        session = page.session(clip, mask)
        page.submit(session)
        wait_until(workers.begins, LONG_S)
        server.line.cut()
        wait_until(lambda: "can't be reached" in workers.log.read_text(), LONG_S)
        server.line.mend()
        page.ended(session, LONG_S)
        assert_done_once(page, session)
        assert_nothing_left(page)
        assert_given_by_link(page, session)
        assert not [one for one in attempts_dir(workers.workspace).iterdir() if one.is_dir()]
        log = workers.log.read_text()
        assert not any(text in log for text in ("X-Amz", *KEYS.values()))
        worker.terminate()
        assert worker.wait(30) == 0
    finally:
        for name in list(workers.processes):
            workers.kill(name)
        page.orchestrator.close()
        redis_server.kill()
