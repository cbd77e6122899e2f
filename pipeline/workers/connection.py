"""What page and workers talk through, opened from the settings: records, messages, files."""

from __future__ import annotations

from dataclasses import dataclass

from config import Settings
from engines.remote.keys import Keys
from pipeline.session.store import SessionStore
from pipeline.storage.object_cache import ObjectCache
from pipeline.storage.object_store import ObjectAccess, ObjectStore
from pipeline.workers.celery_queue import CeleryQueue
from pipeline.workers.object_files import claim_namespace, read_namespace
from pipeline.workers.object_page import ObjectPageFiles
from pipeline.workers.object_worker import ObjectWorkerFiles
from pipeline.workers.redis_store import RedisJobStore, key_prefix, namespace_of
from pipeline.workers.store import FileJobStore, JobStore
from pipeline.workers.transfer import PageFiles, SharedFolder, WorkerFiles
from utils.errors import WorkersUnavailable

ACCESS_KEY = "SPLAZMATTE_OBJECT_ACCESS_KEY"
SECRET_KEY = "SPLAZMATTE_OBJECT_SECRET_KEY"  # a name


@dataclass(frozen=True, slots=True)
class PageConnection:
    """The page's side; `queue` is None where workers look into the store by themselves."""

    store: JobStore
    queue: CeleryQueue | None
    files: PageFiles


@dataclass(frozen=True, slots=True)
class WorkerConnection:
    """A worker's side; `shares_folder` is False where it only gets what is sent to it."""

    store: JobStore
    queue: CeleryQueue | None
    files: WorkerFiles
    shares_folder: bool


def connect_page(settings: Settings) -> PageConnection:
    """Open the page's side.

    Raises:
        WorkersUnavailable: broker or object store are unusable, or their packages are not installed.
        StoreUnavailable: one of them can't be reached.
    """
    shared = SharedFolder(SessionStore(settings.workspace_dir))
    objects = _open_objects(settings)
    if settings.broker is None:
        return PageConnection(FileJobStore(settings.workspace_dir), None, shared)
    namespace = namespace_of(settings.workspace_dir)
    store, queue = _connect_broker(settings, namespace)
    if objects is None:
        return PageConnection(store, queue, shared)
    claim_namespace(objects, namespace)
    files = ObjectPageFiles(objects, settings.workspace_dir, settings.object_link_s)
    return PageConnection(store, queue, files)


def connect_worker(settings: Settings) -> WorkerConnection:
    """Open a worker's side; errors as `connect_page`.

    With an object store the worker's folder may be its own; where it is the page's, files are taken from there.
    """
    shared = SharedFolder(SessionStore(settings.workspace_dir))
    objects = _open_objects(settings)
    if settings.broker is None:
        return WorkerConnection(FileJobStore(settings.workspace_dir), None, shared, True)
    own = namespace_of(settings.workspace_dir)
    namespace = own if objects is None else read_namespace(objects)
    store, queue = _connect_broker(settings, namespace)
    if objects is None or namespace == own:
        return WorkerConnection(store, queue, shared, True)
    cache = ObjectCache(
        settings.workspace_dir / "objects",
        settings.object_cache_bytes,
        settings.min_free_disk_bytes,
    )
    files = ObjectWorkerFiles(objects, cache, settings.workspace_dir)
    return WorkerConnection(store, queue, files, False)


def _connect_broker(settings: Settings, namespace: str) -> tuple[JobStore, CeleryQueue]:
    if settings.broker is None:
        raise WorkersUnavailable("worker.no_broker")
    url, prefix = settings.broker.get_secret_value(), key_prefix(namespace)
    store, queue = RedisJobStore(url, prefix), CeleryQueue(url, prefix)
    queue.check()
    return store, queue


def _open_objects(settings: Settings) -> ObjectStore | None:
    if not settings.object_endpoint:
        return None
    if settings.broker is None:
        raise WorkersUnavailable("objects.no_broker")
    keys = Keys(settings.remote_keys_file)
    access_key, secret_key = keys.named(ACCESS_KEY), keys.named(SECRET_KEY)
    if not access_key or not secret_key:
        file = str(settings.remote_keys_file)
        raise WorkersUnavailable("objects.no_keys", access=ACCESS_KEY, secret=SECRET_KEY, file=file)
    return ObjectStore(
        ObjectAccess(
            endpoint=settings.object_endpoint,
            bucket=settings.object_bucket,
            prefix=settings.object_prefix,
            region=settings.object_region,
            access_key=access_key,
            secret_key=secret_key,
        )
    )
