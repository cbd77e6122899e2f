"""SplazMatte's entry: builds settings, engines, job runner and orchestrator, then serves or runs a command."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

# NumPy's BLAS reads it when it is loaded. Its idle threads would spin: engines' threads share the cores already.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say which Python to run, where this one lacks a package."""
    if not issubclass(kind, ModuleNotFoundError):
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(
        f"{error}. Run SplazMatte by its environment's Python, .venv/bin/python app.py; "
        "`bash scripts/setup_env.sh` makes that environment.\n"
    )


if __name__ == "__main__":
    sys.excepthook = _explain

from ui.command_line.cli import main  # noqa: E402  # what is missing is explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from types import TracebackType

    from config import Settings
    from engines.device.manager import ModelManager
    from engines.registry import EngineRegistry
    from pipeline.orchestrator import Orchestrator
    from pipeline.workers.dispatch import Dispatcher

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def build_settings() -> Settings:
    """Read the settings once.

    Raises:
        pydantic.ValidationError: a SPLAZMATTE_* value is out of range.
    """
    from config import Settings

    return Settings()


def build_engines(settings: Settings) -> tuple[EngineRegistry, ModelManager]:
    """Return the engines and who lends them; no model is loaded and no GPU touched."""
    from engines.device.manager import ModelManager
    from engines.device.memory_probe import PeakRecords
    from engines.foreground import connect_foreground
    from engines.registry import build_registry, connect_exchange
    from pipeline.video_io import ClipFiles
    from utils.heap import keep_freed_blocks, limit_heaps

    limit_heaps()
    keep_freed_blocks()
    registry = build_registry(settings)
    manager = ModelManager(
        registry,
        device=settings.device,
        headroom_bytes=settings.gpu_reserve_bytes,
        peaks=PeakRecords(settings.workspace_dir / "engine_peaks.json"),
    )
    connect_foreground(registry, manager, settings.foreground_network)
    connect_exchange(registry, ClipFiles(settings))
    return registry, manager


def build_orchestrator(settings: Settings, workers: Dispatcher | None = None) -> Orchestrator:
    """Wire the parts together; with `workers` matting jobs run in worker processes."""
    from engines.text.translation import Translator
    from pipeline.jobs.queue import JobRunner
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.store import SessionStore
    from pipeline.video_io import VideoIO

    registry, manager = build_engines(settings)
    return Orchestrator(
        settings=settings,
        store=SessionStore(settings.workspace_dir),
        video=VideoIO(settings),
        registry=registry,
        manager=manager,
        jobs=JobRunner(
            settings.queue_limit,
            settings.client_queue_limit,
            gives_way=True,
            may_start={} if workers is None else {"matte": workers.may_start},
        ),
        translator=Translator(settings),
        workers=workers,
    )


def work(
    settings: Settings,
    name: str,
    lives: Callable[[], bool],
    prompts: Connection | None = None,
) -> None:
    """Run a worker until SIGTERM or until the condition fails; it answers the prompts of a page that spawned it.

    Raises:
        WorkersUnavailable: the page is of another version, or the broker is unusable.
        StoreUnavailable: the broker can't be reached within a lease.
    """
    from functools import partial

    from pipeline.worker_process import run_worker
    from pipeline.workers.connection import connect_worker
    from pipeline.workers.store import reached
    from pipeline.workers.worker import work_by_asking

    registry, manager = build_engines(settings)
    connection = reached(lambda: connect_worker(settings), settings.lease_s)
    queue = connection.queue
    loop = partial(work_by_asking, store=connection.store) if queue is None else queue.work
    run_worker(settings, registry, manager, connection, name, loop, lives, prompts)


def work_for_others(settings: Settings, name: str) -> None:
    """Run a worker of a page that may be on another machine, until SIGTERM.

    Raises:
        BadRequest: no broker is set.
        SplazmatteError: see `work`.
    """
    from pipeline.workers.local import worker_name
    from utils.errors import BadRequest

    if settings.broker is None:
        raise BadRequest("worker.no_broker")
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    work(settings, worker_name(name), lambda: True)


def serve(settings: Settings) -> None:
    """Run the page until stopped.

    Raises:
        FfmpegFailed: FFmpeg is missing or too old; no page is started then.
    """
    from ui.gradio_import import without_type_stubs

    with without_type_stubs():
        from ui.http.server import serve as serve_page

    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    workers = build_dispatcher(settings)
    orchestrator = build_orchestrator(settings, workers)
    orchestrator.check_tools()
    orchestrator.warm_up()
    serve_page(settings, orchestrator)


def build_dispatcher(settings: Settings) -> Dispatcher | None:
    """Return what gives jobs to worker processes, None where the page's process runs them itself."""
    # An object store without a broker is refused there instead of being left unused in silence.
    if not settings.workers and settings.broker is None and not settings.object_endpoint:
        return None
    from pipeline.workers.connection import connect_page
    from pipeline.workers.dispatch import Dispatcher
    from pipeline.workers.local import LocalWorkers

    connection = connect_page(settings)
    queue = connection.queue
    return Dispatcher(
        connection.store,
        settings.workspace_dir,
        settings.lease_s,
        connection.files,
        send=(lambda record, queues: None) if queue is None else queue.send,
        local=LocalWorkers(settings, work) if settings.workers else None,
    )


if __name__ == "__main__":
    # Idle threads must sleep: FFmpeg works beside the engines, and spinning ones starve it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT, stream=sys.stderr)
    sys.exit(main(sys.argv[1:], build_settings, build_orchestrator, serve, work_for_others))
