"""A worker's side of an object store: its disk holds a cache of contents and the attempt that it runs, no session."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.storage.files import exclusive, try_lock
from pipeline.storage.object_cache import ObjectCache
from pipeline.storage.object_store import AT_ONCE, ObjectStore
from pipeline.workers.attempts import Attempt, Manifest, attempts_dir, files_of
from pipeline.workers.object_files import (
    LIVE_S,
    Delivered,
    ObjectFile,
    Sent,
    cache_name,
    input_name,
    kept_as,
    live_name,
    manifest_name,
    mark_kept,
    object_name,
    send_missing,
)
from pipeline.workers.records import JobRecord
from utils.errors import ObjectMissing, SplazmatteError

logger = logging.getLogger(__name__)


class ObjectWorkerFiles:
    """Files of jobs through an object store, as a worker does it; see `WorkerFiles`."""

    def __init__(self, store: ObjectStore, cache: ObjectCache, workspace_dir: Path) -> None:
        self._store = store
        self._cache = cache
        self._running: _Running | None = None
        _sweep(attempts_dir(workspace_dir))

    def begin(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Make the attempt's folder of what the page sent; what is in the cache is not fetched again."""
        content = self._store.read(input_name(record))
        if content is None:
            raise ObjectMissing("objects.missing", store=self._store.shown, detail="no input")
        sent = Sent.model_validate_json(content)
        self._end()
        with _one_at_a_time(attempt.workspace_dir.parent):
            attempt.make_folder()
            self._running = _Running(self._store, attempt, record)
        folder = attempt.session.folder

        def fetch(item: tuple[str, ObjectFile]) -> None:
            name, file = item
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            place = object_name(record.session_id, file)
            self._cache.put(self._store, place, file.sha256, file.size_bytes, folder / name, cancel)

        # Equal contents are one file of the cache, so all but one of them come from there.
        fetched = {file.sha256: (name, file) for name, file in sent.files.items()}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(fetch, fetched.values()))
        for item in sent.files.items():
            if fetched[item[1].sha256] != item:
                fetch(item)
        for name in sent.kept:
            mark_kept(folder / name, name)
        self._cache.trim()
        attempt.note_begin(sent.state)
        self._running.show_pictures()

    def deliver(self, attempt: Attempt, record: JobRecord, cancel: threading.Event) -> None:
        """Send what the attempt made and the store doesn't have, then the manifest."""
        manifest = attempt.commit()
        delivered = Delivered(manifest=manifest, files={}, kept={})
        for name in manifest.made:
            path = attempt.session.folder / name
            origin = kept_as(path)
            if origin:
                delivered.kept[name] = origin
            else:
                delivered.files[name] = ObjectFile.of(path)
        send_missing(
            self._store, record.session_id, delivered.files, attempt.session.folder, cancel
        )
        self._store.write(manifest_name(record), delivered.model_dump_json().encode())
        self._end()

    def deliver_cache(self, attempt: Attempt, record: JobRecord) -> None:
        """Send what the engine can go on from, where there is any; without it the next attempt begins at its first frame."""
        cache = attempt.session.cache_dir
        try:
            files = {
                str(Path(cache.name) / name): ObjectFile.of(cache / name)
                for name in (files_of(cache) if cache.is_dir() else ())
            }
            if files:
                send_missing(
                    self._store, record.session_id, files, attempt.session.folder, threading.Event()
                )
                empty = Manifest(made={}, removed=(), changes={})
                content = Delivered(manifest=empty, files=files).model_dump_json()
                self._store.write(cache_name(record), content.encode())
        except (OSError, SplazmatteError) as error:
            logger.warning("job %s: finished work is not kept: %s", record.id, error)
        finally:
            self._end()

    def _end(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None


class _Running:
    """The attempt that is running: its folder is locked, and its newest picture is sent now and then."""

    def __init__(self, store: ObjectStore, attempt: Attempt, record: JobRecord) -> None:
        self._store = store
        self._attempt = attempt
        self._record = record
        self._lock = try_lock(attempt.workspace_dir / _LOCK_NAME, 0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_showing, name="pictures", daemon=True)

    def show_pictures(self) -> None:
        """Begin to send pictures: from a thread of their own, as nothing may wait for a slow store."""
        self._thread.start()

    def close(self) -> None:
        """Send no further picture, and remove the folder."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._attempt.discard()
        if self._lock is not None:
            os.close(self._lock)

    def _keep_showing(self) -> None:
        shown = b""
        while not self._ended.wait(LIVE_S):
            picture = self._attempt.session.live_picture
            with contextlib.suppress(OSError, SplazmatteError):
                content = b"" if picture is None else picture.read_bytes()
                if content != shown:
                    self._store.write(live_name(self._record), content)
                    shown = content


_LOCK_NAME = ".lock"


def _one_at_a_time(folder: Path) -> AbstractContextManager[None]:
    """Hold other workers of this machine off while a folder is there that nobody has locked yet."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return exclusive(folder / ".begin.lock")


def _sweep(folder: Path) -> None:
    """Remove attempts of workers that were killed: nobody holds their locks any more."""
    with _one_at_a_time(folder):
        for entry in folder.iterdir():
            lock = try_lock(entry / _LOCK_NAME, 0.0) if entry.is_dir() else None
            if lock is not None:
                shutil.rmtree(entry, ignore_errors=True)
                os.close(lock)
