"""What a worker process runs: it joins the parts that the page's process has, over the folders of attempts."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection

from config import Settings
from engines.base import Capability, Engine, RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.queue import JobRunner
from pipeline.jobs.requests import Jobs
from pipeline.selection.main_object import alpha_of_frame
from pipeline.session.clips import Clips
from pipeline.session.page_mark import PageMark
from pipeline.session.quick_preview import PreviewMaker
from pipeline.session.store import SessionStore
from pipeline.video_io import VideoIO
from pipeline.video_io.outputs.registry import formats
from pipeline.workers.cards import card_name, device_memory_bytes
from pipeline.workers.connection import WorkerConnection
from pipeline.workers.prompt_worker import CardWork, PromptWorker
from pipeline.workers.records import JobRecord, WorkerRecord
from pipeline.workers.worker import RunJob, Worker
from utils.priority import ClickPriority, give_way

logger = logging.getLogger(__name__)

Loop = Callable[[Worker], None]
"""Gives a worker its jobs until it stops."""
END_S = 5.0
"""Seconds that a worker which stops, and whose job is over, has to tell the broker of it."""
_LOOK_S = 0.1
"""Seconds between two looks whether its job is over."""


def run_worker(
    settings: Settings,
    registry: EngineRegistry,
    manager: ModelManager,
    connection: WorkerConnection,
    name: str,
    loop: Loop,
    lives: Callable[[], bool] = lambda: True,
    prompts: Connection | None = None,
) -> None:
    """Take jobs of the store until SIGTERM or Ctrl+C; a running one is given back then.

    Args:
        prompts: where the page's prompts come from, None where it answers them itself.

    Raises:
        WorkersUnavailable: the page is of another version.
    """
    os.umask(0o077)
    video = VideoIO(settings)
    video.check_ffmpeg()
    runner = JobRunner()
    engines = ready_engines(registry, shares_folder=connection.shares_folder)
    worker = Worker(
        connection.store,
        settings.workspace_dir,
        connection.files,
        _job_starter(settings, video, EngineChoice(settings, registry, manager), runner),
        _record(settings, name, engines, manager.device, video),
        settings.lease_s,
        lives,
    )
    if prompts is not None:
        answer_prompts(prompts, settings, manager, worker, runner.clicks)
    _stop_at_signals(worker, has_broker=connection.queue is not None)
    with worker:
        give_way()  # after its heartbeats began, which must not wait for a core
        loop(worker)
    manager.close(0.0)


def _job_starter(
    settings: Settings, video: VideoIO, choice: EngineChoice, runner: JobRunner
) -> RunJob:
    """Return what runs a job that a worker has taken, with its sessions; clicks that `runner` knows come first."""
    page = PageMark(settings.workspace_dir)

    def run_job(sessions: SessionStore, record: JobRecord, context: RunContext) -> None:
        own = replace(context, make_way=lambda: runner.clicks.make_way(context.cancel))
        clips = Clips(settings, sessions, video)
        try:
            Jobs(settings, clips, video, choice, runner, page).run_record(record, own)
        finally:
            clips.close()

    return run_job


def _record(
    settings: Settings, name: str, engines: tuple[str, ...], device: str, video: VideoIO
) -> WorkerRecord:
    """Return what the page is told of a worker that runs these engines on a device, "cpu" or "cuda"."""
    return WorkerRecord(
        name=name,
        engines=engines,
        device=device,
        card=card_name() if device != "cpu" else "",
        memory_bytes=device_memory_bytes(settings, device),
        unwritable=video.unwritable(formats()),
    )


def _stop_at_signals(worker: Worker, *, has_broker: bool) -> None:
    """Stop the worker at SIGTERM and Ctrl+C, which the main thread alone can be told of."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if has_broker:
        threading.Thread(target=_end_in_time, args=(worker,), name="end", daemon=True).start()


def _end_in_time(worker: Worker) -> None:
    """End the process where the broker answers nothing: each of many questions to it would wait for seconds.

    Nothing is lost: the lease gives the job to another worker, and the page hears no more of this one.
    """
    worker.stopping.wait()
    while worker.is_working:
        time.sleep(_LOOK_S)
    time.sleep(END_S)
    logger.warning("the broker does not answer; ended without it")
    logging.shutdown()
    os._exit(0)


def answer_prompts(
    connection: Connection,
    settings: Settings,
    manager: ModelManager,
    worker: Worker,
    clicks: ClickPriority,
) -> None:
    """Do what the page asks for over the pipe, beside the worker's jobs, until it closes."""
    sessions = SessionStore(settings.workspace_dir)
    maker = PreviewMaker(VideoIO(settings), manager, lambda: worker.is_running)

    def make_preview(engine: str, session_id: str, on_done: Callable[[int], None]) -> None:
        maker.make(sessions.open(session_id), engine, on_done, worker.stopping)

    work = CardWork(partial(alpha_of_frame, manager), make_preview)
    PromptWorker(connection, manager, clicks, work).start()


def ready_engines(registry: Iterable[Engine], *, shares_folder: bool) -> tuple[str, ...]:
    """Return the names of the engines whose jobs a worker can do.

    Args:
        shares_folder: it has the page's folder, where it is noted what was paid for at hosted services; without,
            the page runs their jobs itself.
    """
    return tuple(
        engine.name
        for engine in registry
        if Capability.MATTE in engine.capabilities
        and engine.is_available
        and (shares_folder or not engine.is_remote)
    )
