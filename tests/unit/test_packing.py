"""A sequence is packed once it is asked for; other sessions do not wait for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipeline.session import results
from pipeline.session.session import Session
from pipeline.session.state import OutputRecord
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO


def sequence_of(store: SessionStore) -> Session:
    def fill(folder: Path) -> dict[str, object]:
        (folder / "exr").mkdir()
        (folder / "exr" / "000000.exr").write_bytes(b"picture")
        return {"outputs": (OutputRecord(kind="exr", file="exr", size_bytes=7),)}

    return store.create("clip.mp4", fill)


def test_a_session_is_packed_while_another_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SessionStore(tmp_path)
    long, short = sequence_of(store), sequence_of(store)
    begun, end, pack = threading.Event(), threading.Event(), results._pack

    def pack_slowly(folders: list[Path], path: Path, made_ns: int | None) -> None:
        if path.parent == long.folder:
            begun.set()
            assert end.wait(20)
        pack(folders, path, made_ns)

    monkeypatch.setattr(results, "_pack", pack_slowly)
    made = results.Results(VideoIO(None))  # type: ignore[arg-type]  # no clip is read
    first = threading.Thread(target=made.outputs, args=(long,))
    first.start()
    assert begun.wait(5)
    second = threading.Thread(target=made.outputs, args=(short,), daemon=True)
    second.start()
    second.join(5)
    is_done = not second.is_alive()
    end.set()
    first.join()
    assert is_done
    assert (long.folder / "exr.zip").is_file() and (short.folder / "exr.zip").is_file()
