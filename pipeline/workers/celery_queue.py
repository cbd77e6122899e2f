"""Celery as what tells workers of several machines that a job waits; it carries job ids and decides nothing.

Celery 5.7 on Redis delivers a message again after its visibility time, drops one at a cold shutdown and
can't stop a task of a solo worker. None of it matters here: who runs a job is decided by a claim in the
store, whether a worker lives by our lease, a cancel is read from the store, and the page sends again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.workers.records import JobRecord
from pipeline.workers.redis_store import TIMEOUT_S, shown_address
from pipeline.workers.worker import Worker
from utils.errors import StoreUnavailable, WorkersUnavailable

TASK = "splazmatte.run"
VISIBILITY_S = 24 * 3600
"""Seconds until Redis gives a message that was not acknowledged to another worker: above the longest job."""


class CeleryQueue:
    """Queues by engine and memory of workers on one broker, under keys of this workspace's own.

    Raises:
        WorkersUnavailable: Celery is not installed.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._name = shown_address(url)
        try:
            from celery import Celery
        except ImportError as error:
            raise WorkersUnavailable("worker.packages") from error
        self._app: Any = Celery("splazmatte", broker=url, set_as_current=False)
        self._app.conf.update(
            accept_content=["json"],
            task_serializer="json",
            task_ignore_result=True,
            task_acks_late=True,
            task_create_missing_queues=False,
            worker_prefetch_multiplier=1,
            worker_enable_remote_control=False,
            worker_hijack_root_logger=False,
            worker_redirect_stdouts=False,
            broker_connection_retry_on_startup=True,
            broker_connection_max_retries=None,
            broker_transport_options={
                "visibility_timeout": VISIBILITY_S,
                "global_keyprefix": prefix,
                "socket_timeout": TIMEOUT_S,
                "socket_connect_timeout": TIMEOUT_S,
                "max_retries": 1,
            },
        )

    def check(self) -> None:
        """Read back from the transport after how long it gives a message to another worker.

        Kombu's own hour would have every longer job announced again and again.

        Raises:
            WorkersUnavailable: it is shorter than what is set here.
            StoreUnavailable: the broker can't be reached.
        """
        with self._reaching(), self._app.connection_for_read() as connection:
            found_s = float(connection.default_channel.visibility_timeout)
        if found_s < VISIBILITY_S:
            raise WorkersUnavailable(
                "worker.visibility", store=self._name, seconds=round(found_s), needed=VISIBILITY_S
            )

    def send(self, record: JobRecord, queues: Iterable[str]) -> None:
        """Tell the workers that read one of the queues of a waiting job; the first of them gets it.

        Raises:
            StoreUnavailable: the broker can't be reached.
        """
        with self._reaching():
            for name in queues:
                self._declare(name)
                self._app.send_task(TASK, args=[record.id], queue=name, retry=False)

    def _declare(self, name: str) -> None:
        from kombu import Queue

        self._app.amqp.queues.add(Queue(name))

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        from kombu.exceptions import OperationalError

        try:
            yield
        except (OperationalError, OSError) as error:
            detail = str(error)
            raise StoreUnavailable("worker.store_gone", detail=detail, store=self._name) from error

    def work(self, worker: Worker) -> None:
        """Run the jobs that messages name, one at a time in this thread, until the worker stops.

        Raises:
            WorkersUnavailable: a page of another version was started.
        """
        from celery.worker import state

        @self._app.task(name=TASK)  # type: ignore[untyped-decorator]
        def run(job_id: str) -> None:
            worker.run(job_id)

        state.should_stop = None
        for name in worker.queues:
            self._declare(name)
        controller = self._app.WorkController(
            hostname=worker.name,
            pool="solo",
            concurrency=1,
            queues=list(worker.queues),
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        threading.Thread(target=_stop_with, args=(worker,), name="stop", daemon=True).start()
        controller.start()
        worker.check()


def _stop_with(worker: Worker) -> None:
    """End Celery's loop when the worker stops; it looks at this between two messages."""
    from celery.worker import state

    worker.stopping.wait()
    state.should_stop = 0
