"""What page and workers exchange through an object store: the objects' names, and what is written into them.

    namespace                                   which workspace the objects are of
    sessions/S/objects/SHA-256                  contents of files: the clip, masks, results
    sessions/S/jobs/JOB/input.json              what the next attempt at a job begins with
    sessions/S/jobs/JOB/ATTEMPT/manifest.json   what an attempt made, written last: with it the attempt is complete

S is a hash of the session's key, since whoever can list the bucket should not learn the keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from pipeline.session.output_records import record_paths, zip_path
from pipeline.session.session import LIVE_NAME, Session
from pipeline.session.state import SessionState
from pipeline.storage.files import write_atomically
from pipeline.storage.object_cache import sha256_of
from pipeline.storage.object_store import AT_ONCE, ObjectStore
from pipeline.workers.attempts import HASHES_NAME, Manifest, files_of
from pipeline.workers.records import JobRecord
from utils.errors import StoreUnavailable, WorkersUnavailable

NAMESPACE = "namespace"
SESSIONS = "sessions/"
KEPT_MARK = b"splazmatte-kept-by-the-page:"
"""What a file begins with that stands for one which the page has and no job reads: former results."""
_LONGEST_MARK = 4096
LIVE_S = 2.0
"""Seconds between two pictures of a running job, as it is sent and as it is looked for."""
_PAGE_ONLY = frozenset({"playback.mp4", "quick_preview.mp4", "quick_preview.jpg", LIVE_NAME})
"""Files that only the page shows."""
_CACHE = "cache.json"


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts:
        raise ValueError("not a path within a session")
    return name


FileName = Annotated[str, AfterValidator(_inside)]
"""A file's path within its session's folder."""


class ObjectFile(BaseModel):
    """A file's content; the hash names its object."""

    sha256: str = Field(pattern="[0-9a-f]{64}")
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> ObjectFile:
        """Return the hash and size of a file, which is read for it."""
        return cls(sha256=sha256_of(path), size_bytes=path.stat().st_size)


class Sent(BaseModel):
    """A session as a job finds it: files to fetch, files that only have a name there, and the state."""

    files: dict[FileName, ObjectFile]
    kept: tuple[FileName, ...]
    state: SessionState


class Delivered(BaseModel):
    """What an attempt made; `kept` are files of the session under another name, by their new names."""

    manifest: Manifest
    files: dict[FileName, ObjectFile]
    kept: dict[FileName, FileName] = {}


@contextmanager
def _refusals_at_start() -> Iterator[None]:
    """What is wrong with keys or bucket won't be right a moment later, as what can't be reached may be."""
    try:
        yield
    except StoreUnavailable as error:
        if error.code == "objects.gone":
            raise
        raise WorkersUnavailable(error.code, detail=error.detail, **error.message.params) from error


def claim_namespace(store: ObjectStore, namespace: str) -> None:
    """Note whose objects the store has: two pages would take each other's for left over.

    Raises:
        WorkersUnavailable: they are another workspace's, or the store refuses keys or bucket.
        StoreUnavailable: it can't be reached.
    """
    with _refusals_at_start():
        known = store.read(NAMESPACE)
        if known is None:
            store.write(NAMESPACE, namespace.encode())
        elif known.decode() != namespace:
            raise WorkersUnavailable("objects.other_workspace", store=store.shown)


def read_namespace(store: ObjectStore) -> str:
    """Return whose objects the store has.

    Raises:
        WorkersUnavailable: the store refuses keys or bucket.
        StoreUnavailable: it can't be reached, or no page has used it yet.
    """
    with _refusals_at_start():
        known = store.read(NAMESPACE)
    if known is None:
        raise StoreUnavailable("objects.unused", store=store.shown)
    return known.decode()


def session_folder(session_id: str) -> str:
    """Return the folder of a session's objects, with a slash at its end."""
    return f"{SESSIONS}{session_name(session_id)}/"


def session_name(session_id: str) -> str:
    """Return what stands for a session's key in names of objects."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


def object_name(session_id: str, file: ObjectFile) -> str:
    """Return the name of the object with a file's content."""
    return f"{session_folder(session_id)}objects/{file.sha256}"


def job_folder(record: JobRecord) -> str:
    """Return the folder of a job's objects, with a slash at its end."""
    return f"{session_folder(record.session_id)}jobs/{record.id}/"


def input_name(record: JobRecord) -> str:
    """Return the name of what a job begins with."""
    return f"{job_folder(record)}input.json"


def manifest_name(record: JobRecord) -> str:
    """Return the name of an attempt's manifest."""
    return f"{job_folder(record)}{record.attempt}/manifest.json"


def cache_name(record: JobRecord) -> str:
    """Return the name of the list of what an attempt without a result leaves for the next one."""
    return f"{job_folder(record)}{record.attempt}/{_CACHE}"


def live_name(record: JobRecord) -> str:
    """Return the name of an attempt's newest picture."""
    return f"{job_folder(record)}{record.attempt}/{LIVE_NAME}"


def stored_contents(store: ObjectStore, session_id: str) -> set[str]:
    """Return the hashes of the contents of a session that the store has."""
    folder = f"{session_folder(session_id)}objects/"
    return {name.removeprefix(folder) for name in store.names(folder)}


def send_missing(
    store: ObjectStore,
    session_id: str,
    files: Mapping[str, ObjectFile],
    folder: Path,
    cancel: threading.Event,
) -> None:
    """Send those files of a folder whose contents the store does not have; errors as `ObjectStore.send`."""
    there = stored_contents(store, session_id)
    missing = {
        file.sha256: (object_name(session_id, file), folder / name)
        for name, file in files.items()
        if file.sha256 not in there
    }

    def send(item: tuple[str, Path]) -> None:
        store.send(*item, cancel)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, missing.values()))


def mark_kept(path: Path, name: str) -> None:
    """Put a file that only stands for one of the page's there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(KEPT_MARK + name.encode())


def kept_as(path: Path) -> str:
    """Return the name of the page's file that a file stands for, "" for a file that is one itself."""
    if path.stat().st_size > _LONGEST_MARK:
        return ""
    content = path.read_bytes()
    return content.removeprefix(KEPT_MARK).decode() if content.startswith(KEPT_MARK) else ""


def names_to_send(session: Session, state: SessionState) -> tuple[list[str], list[str]]:
    """Return a session's files that a job reads, and those that a job only gives another name.

    The latter are finished and former results; they stay with the page.
    """
    results = [session.versions_dir]
    for record in (*state.outputs, *state.previous_outputs):
        results += [*record_paths(session.folder, record), zip_path(session.folder, record)]
    kept_below = {str(path.relative_to(session.folder)) for path in results}
    sent: list[str] = []
    kept: list[str] = []
    for name in files_of(session.folder):
        if name in _PAGE_ONLY:
            continue
        above = map(str, PurePosixPath(name).parents)
        is_kept = name in kept_below or not kept_below.isdisjoint(above)
        (kept if is_kept else sent).append(name)
    return sent, kept


class FileHashes:
    """Hashes of a session's files, kept beside them: a clip is read for its hash once.

    A file with the same size and time of change as before has the same hash; every writer of ours replaces files.
    """

    def __init__(self, session: Session) -> None:
        self._folder = session.folder
        self._path = session.folder / HASHES_NAME
        self._known: dict[str, _Hashed] = {}
        with contextlib.suppress(FileNotFoundError, ValidationError):
            self._known = _Hashes.model_validate_json(self._path.read_bytes()).files

    def of(self, name: str, path: Path) -> ObjectFile:
        """Return a file's hash and size, where need be by reading it."""
        found = self.known(name, path)
        if found is None:
            found = ObjectFile.of(path)
            self.note(name, path, found)
        return found

    def known(self, name: str, path: Path) -> ObjectFile | None:
        """Return a file's hash and size where they are known and it hasn't changed."""
        hashed = self._known.get(name)
        try:
            stat = path.stat()
        except FileNotFoundError:
            return None
        is_same = hashed is not None and (hashed.file.size_bytes, hashed.changed_ns) == (
            stat.st_size,
            stat.st_mtime_ns,
        )
        return hashed.file if hashed is not None and is_same else None

    def note(self, name: str, path: Path, file: ObjectFile) -> None:
        """Note a file's hash and size."""
        self._known[name] = _Hashed(file=file, changed_ns=path.stat().st_mtime_ns)

    def name_of(self, file: ObjectFile) -> str:
        """Return a file of the session that has this content, "" where there is none."""
        found = (name for name, hashed in self._known.items() if hashed.file == file)
        return next((name for name in found if self.known(name, self._folder / name)), "")

    def save(self, coming: Iterable[str] = ()) -> None:
        """Keep them, without those of files that are not there any more.

        Args:
            coming: files that will be there soon, with the same times of change.
        """
        kept = set(coming)
        there = {
            name: hashed
            for name, hashed in self._known.items()
            if name in kept or (self._folder / name).is_file()
        }
        content = _Hashes(files=there).model_dump_json().encode()
        write_atomically(self._path, content)


class _Hashed(BaseModel):
    file: ObjectFile
    changed_ns: int


class _Hashes(BaseModel):
    files: dict[str, _Hashed]
