"""The store of jobs in Redis or Valkey, for workers on several machines; imports redis only when it is made."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from pipeline.workers.records import Heartbeat, JobRecord, Order, Step, WorkerRecord
from utils.errors import StoreUnavailable, WorkersUnavailable

Stored = TypeVar("Stored", bound=BaseModel)

TIMEOUT_S = 5.0
"""Seconds an answer of the server may take."""
HEARTBEATS_LAST_S = 24 * 3600
"""Seconds after which a heartbeat expires whose job nobody removed."""
ORDERS_LAST_S = 30 * 24 * 3600
"""Seconds after which an order goes by itself, of a worker that ended without a word."""
WORKERS_LAST_S = 60
"""Seconds after which a worker that announces itself no more is not listed."""


class RedisJobStore:
    """Records as JSON under keys of this workspace's own; a step is a transaction that begins again on a change.

    Raises:
        WorkersUnavailable: the package is missing, or the server may throw records away.
        StoreUnavailable: the server can't be reached, or refuses the password.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._name = shown_address(url)
        self._prefix = prefix
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise WorkersUnavailable("worker.packages") from error
        self._failure: type[Exception] = redis.RedisError
        self._changed: type[Exception] = redis.WatchError
        self._forbidden: type[Exception] = redis.ResponseError
        self._refused: type[Exception] = redis.AuthenticationError
        self._client: Any = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 1),
        )
        self._check_policy()

    def begin(self, version: str) -> None:
        """Note the version that workers must have."""
        with self._reaching():
            self._client.set(self._key("version"), version)

    def version(self) -> str:
        """Return the page's version."""
        with self._reaching():
            return (self._client.get(self._key("version")) or b"").decode()

    def put(self, record: JobRecord) -> None:
        """Add a job, or replace what is known of it."""
        with self._reaching(), self._client.pipeline() as pipeline:
            pipeline.sadd(self._key("jobs"), record.id)
            pipeline.set(self._key("job", record.id), record.model_dump_json())
            pipeline.execute()

    def read(self, job_id: str) -> JobRecord | None:
        """Return a job's newest record."""
        return self._get(self._key("job", job_id), JobRecord)

    def change(self, job_id: str, step: Step) -> JobRecord | None:
        """Take a step, if need be again on what somebody else changed meanwhile."""
        key = self._key("job", job_id)
        while True:
            with self._reaching(), self._client.pipeline() as pipeline:
                try:
                    pipeline.watch(key)
                    content = pipeline.get(key)
                    known = None if content is None else JobRecord.model_validate_json(content)
                    changed = None if known is None else step(known)
                    if changed is not None:
                        pipeline.multi()
                        pipeline.set(key, changed.model_dump_json())
                        pipeline.execute()
                    return changed
                except self._changed:
                    continue

    def records(self) -> list[JobRecord]:
        """Return all jobs, oldest first."""
        with self._reaching():
            names = [name.decode() for name in self._client.smembers(self._key("jobs"))]
        found = (self.read(name) for name in names)
        known = [record for record in found if record is not None]
        return sorted(known, key=lambda record: record.submitted_at_s)

    def forget(self, job_id: str) -> None:
        """Remove a job and its heartbeats."""
        with self._reaching(), self._client.pipeline() as pipeline:
            pipeline.srem(self._key("jobs"), job_id)
            pipeline.delete(self._key("job", job_id), self._key("beat", job_id))
            pipeline.execute()

    def put_heartbeat(self, job_id: str, heartbeat: Heartbeat) -> None:
        """Replace a job's newest heartbeat."""
        with self._reaching():
            self._client.set(
                self._key("beat", job_id), heartbeat.model_dump_json(), ex=HEARTBEATS_LAST_S
            )

    def heartbeat(self, job_id: str) -> Heartbeat | None:
        """Return a job's newest heartbeat."""
        return self._get(self._key("beat", job_id), Heartbeat)

    def announce(self, worker: WorkerRecord) -> None:
        """Replace what is known of a worker."""
        key = self._key("worker", worker.name)
        with self._reaching():
            self._client.set(key, worker.model_dump_json(), ex=WORKERS_LAST_S)

    def dismiss(self, name: str) -> None:
        """Forget a worker that ends."""
        with self._reaching():
            self._client.delete(self._key("worker", name), self._key("order", name))

    def workers(self) -> list[WorkerRecord]:
        """Return the workers that announced themselves within the last minute."""
        with self._reaching():
            keys = list(self._client.scan_iter(match=self._key("worker", "*"), count=1000))
        found = (self._get(key, WorkerRecord) for key in sorted(keys))
        return [worker for worker in found if worker is not None]

    def put_order(self, name: str, order: Order) -> None:
        """Note what an administrator wants of a worker."""
        with self._reaching():
            self._client.set(self._key("order", name), order.value, ex=ORDERS_LAST_S)

    def order(self, name: str) -> Order:
        """Return what is wanted of a worker."""
        with self._reaching():
            content = self._client.get(self._key("order", name))
        return Order.WORK if content is None else Order(content.decode())

    def _check_policy(self) -> None:
        with self._reaching():
            try:
                policy = self._client.config_get("maxmemory-policy").get("maxmemory-policy", "")
            except self._forbidden:
                return  # a managed server; its own documentation has to say
            except TypeError as error:  # of the client's, for a name after "?" that it doesn't know
                raise WorkersUnavailable("worker.address", store=self._name) from error
        if policy not in ("", "noeviction"):
            raise WorkersUnavailable("worker.evicts", store=self._name, policy=policy)

    def _get(self, key: str | bytes, kind: type[Stored]) -> Stored | None:
        with self._reaching():
            content = self._client.get(key)
        return None if content is None else kind.model_validate_json(content)

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except self._failure as error:
            detail = str(error)
            code = "worker.store_" + ("refuses" if isinstance(error, self._refused) else "gone")
            raise StoreUnavailable(code, detail=detail, store=self._name) from error


def namespace_of(workspace_dir: Path) -> str:
    """Return what names a workspace; page and workers share it with the folder, or have it from the object store.

    So a worker that was given another folder gets no jobs, instead of failing them.
    """
    folder = workspace_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "namespace"
    if not path.is_file():
        made = folder / f"namespace-{secrets.token_hex(4)}"
        made.write_text(secrets.token_hex(8))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()


def key_prefix(namespace: str) -> str:
    """Return what the keys of a workspace begin with."""
    return f"splazmatte:{namespace}:"


def shown_address(url: str) -> str:
    """Return a broker's address without its password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
