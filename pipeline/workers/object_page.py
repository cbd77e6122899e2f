"""The page's side of an object store: what jobs begin with goes there, what attempts made comes from there.

It also removes what no session needs any more. The session's folder stays the truth: everything here can be
sent again, and a result is in the session before its attempt's objects go.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from pipeline.session.session import LIVE_NAME, Session
from pipeline.session.store import SessionStore
from pipeline.storage.files import link_or_copy, write_atomically
from pipeline.storage.object_cache import fetch_checked, sha256_of
from pipeline.storage.object_store import AT_ONCE, ObjectStore
from pipeline.workers.attempts import Attempt
from pipeline.workers.object_files import (
    LIVE_S,
    SESSIONS,
    Delivered,
    FileHashes,
    ObjectFile,
    Sent,
    cache_name,
    input_name,
    job_folder,
    live_name,
    manifest_name,
    names_to_send,
    object_name,
    send_missing,
    session_folder,
    session_name,
    stored_contents,
)
from pipeline.workers.records import JobRecord
from utils.errors import SplazmatteError
from utils.http_text import attachment

logger = logging.getLogger(__name__)


class ObjectPageFiles:
    """Files of jobs through an object store, as the page does it; see `PageFiles`.

    Args:
        link_s: seconds that an address for a download is good for; 0 for no such addresses.
    """

    def __init__(self, store: ObjectStore, workspace_dir: Path, link_s: int) -> None:
        self._store = store
        self._workspace_dir = workspace_dir
        self._link_s = link_s
        self._looked_s: dict[str, float] = {}

    def send(self, session: Session, record: JobRecord, cancel: threading.Event) -> None:
        """Send what is not there yet of the files that the job reads, then the list of them."""
        copy = Attempt(self._workspace_dir, record.model_copy(update={"attempt": 0}))
        try:
            copy.begin(session)
            self._send_copy(copy.session, session, record, cancel)
        finally:
            copy.discard()

    def _send_copy(
        self, copy: Session, session: Session, record: JobRecord, cancel: threading.Event
    ) -> None:
        state = copy.state
        hashes = FileHashes(session)
        sent, kept = names_to_send(copy, state)
        files = {name: hashes.of(name, copy.folder / name) for name in sent}
        hashes.save()
        send_missing(self._store, session.id, files, copy.folder, cancel)
        content = Sent(files=files, kept=tuple(kept), state=state).model_dump_json()
        self._store.write(input_name(record), content.encode())

    def fetch(
        self, session: Session, attempt: Attempt, record: JobRecord, cancel: threading.Event
    ) -> bool:
        """Return whether an attempt is complete; what it made is in its folder then, its manifest last."""
        if attempt.is_complete:
            return True
        content = self._store.read(manifest_name(record))
        if content is None:
            return False
        delivered = Delivered.model_validate_json(content)
        folder = attempt.session.folder
        hashes = FileHashes(session)
        self._fetch_all(delivered.files, session, folder, hashes, cancel)
        for name, origin in delivered.kept.items():
            known = hashes.known(origin, session.folder / origin)
            _link(session.folder / origin, folder / name)
            if known is not None:
                hashes.note(name, folder / name, known)
        for name, file in delivered.files.items():
            hashes.note(name, folder / name, file)
        attempt.write_manifest(delivered.manifest)
        # A file keeps its time of change when it moves into the session.
        hashes.save(coming=delivered.manifest.made)
        return True

    def fetch_cache(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Bring what an engine keeps to go on from to the attempt's folder."""
        content = self._store.read(cache_name(record)) if record.attempt else None
        if content is not None:
            files = Delivered.model_validate_json(content).files
            hashes = FileHashes(session)
            self._fetch_all(files, session, attempt.session.folder, hashes, threading.Event())

    def fetch_live(self, session: Session, attempt: Attempt, record: JobRecord) -> None:
        """Bring the newest picture of a running attempt to its folder, once every few seconds."""
        now_s = time.monotonic()
        if now_s < self._looked_s.get(record.id, 0.0):
            return
        self._looked_s[record.id] = now_s + LIVE_S
        content = self._store.read(live_name(record))
        shown = attempt.session.live_picture
        if content is not None and (shown is None or shown.read_bytes() != content):
            attempt.session.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_atomically(attempt.session.folder / LIVE_NAME, content)

    def discard(self, session: Session, record: JobRecord) -> None:
        """Remove a job's objects; at a whole job's end also contents that no later job and no download needs."""
        self._looked_s.pop(record.id, None)
        try:
            if record.part is not None:
                self._store.delete_folder(job_folder(record))
                return
            self._store.delete_folder(f"{session_folder(session.id)}jobs/")
            self._store.abort_uploads(session_folder(session.id))
            unneeded = stored_contents(self._store, session.id) - _needed(session)
            self._store.delete(f"{session_folder(session.id)}objects/{name}" for name in unneeded)
        except SplazmatteError as error:
            logger.warning("objects of job %s stay for now: %s", record.id, error)

    def forget(self, session_id: str) -> None:
        """Remove all objects of a session that is gone; those that can't be removed now go with a later sweep."""
        try:
            self._store.delete_folder(session_folder(session_id))
        except SplazmatteError as error:
            logger.warning("objects of session %s stay for now: %s", session_id[:6], error)

    def sweep(self, sessions: SessionStore) -> int:
        """Remove the objects of sessions that are gone, however they went; return of how many.

        A session that can be restored keeps its objects.
        """
        try:
            found = set(self._store.folders(SESSIONS))
            found |= {name.split("/")[1] for name in self._store.unfinished(SESSIONS)}
            gone = found - _names_of(sessions)
            for name in sorted(gone):
                self._store.delete_folder(f"{SESSIONS}{name}/")
        except SplazmatteError as error:
            logger.warning("objects of sessions that are gone stay for now: %s", error)
            return 0
        if gone:
            logger.info("objects of %d sessions that are gone were removed", len(gone))
        return len(gone)

    def link(self, session: Session, path: Path, name: str, media_type: str) -> str:
        """Return an address to fetch a finished file from for a while, "" where it is only here.

        Args:
            name: what the file is called where it is saved.
        """
        if not self._link_s:
            return ""
        file = FileHashes(session).known(str(path.relative_to(session.folder)), path)
        if file is None:
            return ""
        try:
            if not self._store.has(object_name(session.id, file)):
                return ""
        except SplazmatteError as error:
            logger.warning("a download is served from here: %s", error)
            return ""
        return self._store.link(
            object_name(session.id, file), self._link_s, attachment(name), media_type
        )

    def _fetch_all(
        self,
        files: dict[str, ObjectFile],
        session: Session,
        folder: Path,
        hashes: FileHashes,
        cancel: threading.Event,
    ) -> None:
        fetch = partial(self._fetch_one, session, folder, hashes, cancel)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(fetch, files.items()))

    def _fetch_one(
        self,
        session: Session,
        folder: Path,
        hashes: FileHashes,
        cancel: threading.Event,
        item: tuple[str, ObjectFile],
    ) -> None:
        name, file = item
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if place.is_file() and sha256_of(place) == file.sha256:
            return  # a try before got so far
        known = hashes.name_of(file)
        if known:
            _link(session.folder / known, place)
            return
        name = object_name(session.id, file)
        fetch_checked(self._store, name, file.sha256, file.size_bytes, place, cancel)


def _needed(session: Session) -> set[str]:
    """Return the hashes of what a later job of the session begins with, and of its files for download."""
    state = session.state
    names, _ = names_to_send(session, state)
    names += [record.file for record in state.result_outputs]
    hashes = FileHashes(session)
    known = (hashes.known(name, session.folder / name) for name in names)
    return {file.sha256 for file in known if file is not None}


def _names_of(sessions: SessionStore) -> set[str]:
    def there() -> set[str]:
        return {session_name(session.id) for session in sessions}

    # In this order: a session that is deleted or restored meanwhile is found at one of the places.
    return there() | {session_name(one.id) for one in sessions.trash} | there()


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    link_or_copy(source, target)
