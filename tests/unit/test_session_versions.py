"""State files of other versions: an older one is migrated, a newer one is named as such."""

import json
from pathlib import Path

import pytest

from pipeline.session import versions
from pipeline.session.session import Session
from pipeline.session.state import STATE_VERSION
from pipeline.session.store import SessionStore
from utils.errors import SessionError


def edit(session: Session, **changes: object) -> None:
    path = session.folder / "session.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_new_session_has_todays_version(tmp_path: Path) -> None:
    session = SessionStore(tmp_path).create("a.mp4")
    assert json.loads((session.folder / "session.json").read_text())["version"] == STATE_VERSION


def test_a_session_of_a_newer_version_is_named_in_both_languages_and_left_alone(
    tmp_path: Path,
) -> None:
    store = SessionStore(tmp_path)
    session = store.create("a.mp4")
    edit(session, version=STATE_VERSION + 1, status="running")
    written = (session.folder / "session.json").read_bytes()
    with pytest.raises(SessionError) as caught:
        _ = session.state
    assert caught.value.code == "job.session_newer"
    assert str(STATE_VERSION + 1) in caught.value.text("en")
    assert str(STATE_VERSION + 1) in caught.value.text("zh")
    assert store.recover() == []
    with pytest.raises(SessionError):
        session.update(frames_done=1)
    assert (session.folder / "session.json").read_bytes() == written


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5])
def test_a_version_that_is_none_is_damage(tmp_path: Path, version: object) -> None:
    session = SessionStore(tmp_path).create("a.mp4")
    edit(session, version=version)
    with pytest.raises(SessionError) as caught:
        _ = session.state
    assert caught.value.code == "job.session_damaged"


def test_every_version_before_todays_has_its_migration() -> None:
    assert sorted(versions.MIGRATIONS) == list(range(1, STATE_VERSION))


def test_migrations_are_applied_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = SessionStore(tmp_path).create("a.mp4")
    edit(session, version=1, old_name="b.mp4")
    monkeypatch.setattr(versions, "STATE_VERSION", 3)
    steps = {
        1: lambda fields: {**fields, "older_name": fields["old_name"]},
        2: lambda fields: {**fields, "shown_name": fields["older_name"]},
    }
    monkeypatch.setattr(versions, "MIGRATIONS", steps)
    assert session.state.shown_name == "b.mp4"
    assert session.state.version == 3
