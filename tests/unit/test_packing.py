"""A sequence is packed once its download is asked for; other sessions do not wait for it."""

from __future__ import annotations

import threading
import zipfile
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

    def download(session: Session) -> None:
        made.prepare_download(session, *made.outputs(session))

    first = threading.Thread(target=download, args=(long,))
    first.start()
    assert begun.wait(5)
    second = threading.Thread(target=download, args=(short,), daemon=True)
    second.start()
    second.join(5)
    is_done = not second.is_alive()
    end.set()
    first.join()
    assert is_done
    assert (long.folder / "exr.zip").is_file() and (short.folder / "exr.zip").is_file()


@pytest.mark.parametrize("limit", [None, 60, 250])
def test_a_list_of_results_packs_nothing_and_has_the_size_of_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    """The page's list and `/result` waited until every sequence was packed.

    Args:
        limit: bytes from which on a ZIP has the fields for large ones.
    """
    if limit is not None:
        monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)

    def fill(folder: Path) -> dict[str, object]:
        for name in ("foreground", "alpha"):
            (folder / name).mkdir()
            for number in range(3):
                (folder / name / f"{number:06d}.png").write_bytes(bytes(17 * number))
        record = OutputRecord(kind="png", file="foreground", size_bytes=51)
        return {"outputs": (record, OutputRecord(kind="alpha", file="gone.mp4", size_bytes=5))}

    session = SessionStore(tmp_path).create("clip.mp4", fill)
    made = results.Results(VideoIO(None))  # type: ignore[arg-type]  # no clip is read
    (listed,) = made.outputs(session)
    assert listed.path == session.folder / "png.zip" and not listed.path.exists()
    made.prepare_download(session, listed)
    assert len(zipfile.ZipFile(listed.path).namelist()) == 6
    assert listed.path.stat().st_size == listed.size_bytes
    assert made.outputs(session) == (listed,)


def test_who_asks_for_a_video_does_not_wait_for_the_size_of_a_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part of a video that a browser plays was looked up among all files of the result."""

    def fill(folder: Path) -> dict[str, object]:
        for name in ("foreground", "alpha"):
            (folder / name).mkdir()
        (folder / "alpha.mp4").write_bytes(bytes(9))
        records = (("png", "foreground"), ("alpha", "alpha.mp4"))
        return {"outputs": tuple(OutputRecord(kind=k, file=f, size_bytes=9) for k, f in records)}

    session = SessionStore(tmp_path).create("clip.mp4", fill)
    made = results.Results(VideoIO(None))  # type: ignore[arg-type]  # no clip is read
    assert [one.kind for one in made.outputs(session)] == ["png", "alpha"]

    def refuse(folders: object) -> None:
        raise AssertionError("the frames of the sequence were looked at")

    monkeypatch.setattr(results, "_entries", refuse)
    (video,) = made.outputs(session, "alpha")
    assert (video.kind, video.size_bytes) == ("alpha", 9)
