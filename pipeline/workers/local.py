"""Worker processes of this machine: started with the page, one a GPU, and started again when one dies."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

from config import Settings
from engines.device.placement import likely_device
from pipeline.video_io import VideoIO
from pipeline.workers.cards import device_memory_bytes, list_cards
from pipeline.workers.needs import JobNeeds
from pipeline.workers.prompt_cards import PromptCards
from pipeline.workers.records import WorkerRecord

logger = logging.getLogger(__name__)

LOOK_S = 0.5
"""Seconds between two looks whether a worker has died."""
PAUSE_S = 5.0
"""Seconds after which a worker that died as soon as it was started is started again."""

_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
"""Has CUDA count cards as the driver does, where nobody else has named them."""
_Share: TypeAlias = tuple[Settings, dict[str, str]]

Work = Callable[[Settings, str, Callable[[], bool], Connection | None], None]
"""Runs a worker of that name until it is told to stop or the condition no longer holds; it answers the prompts that
come over the connection."""


class LocalWorkers:
    """Keeps a number of worker processes running until it is closed.

    They are spawned, since CUDA can't be used again in a forked process, and see one GPU each: what names
    it is set before anything of theirs loads torch.

    Args:
        work: what a process runs; a function of a module, as it is found again by its name.
    """

    def __init__(self, settings: Settings, work: Work) -> None:
        self._settings = settings
        self._work = work
        self._on_death: Callable[[str], None] = lambda name: None
        self._shares: list[_Share] = []
        self._processes: dict[int, BaseProcess] = {}
        self.cards = PromptCards() if _has_cards(settings) else None
        """Where prompts are answered; None where there are no cards, so that the page's process does it."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="supervisor", daemon=True)

    def start(self, on_death: Callable[[str], None]) -> None:
        """Start the processes; `on_death` gets the name of one that has ended by itself."""
        self._on_death = on_death
        self._shares = _shares(self._settings)
        for index in range(self._settings.workers):
            self._spawn(index)
        self._thread.start()

    def expected(self, needs: JobNeeds) -> tuple[WorkerRecord, ...]:
        """Return these workers with a job's engine, as they will announce themselves; they may be starting just now."""
        device = likely_device(self._settings.device)
        unwritable = VideoIO(self._settings).unwritable(needs.outputs)
        return tuple(
            WorkerRecord(
                name=f"{socket.gethostname()}-{index + 1}",
                engines=(needs.engine,),
                device=device,
                memory_bytes=settings.worker_memory_bytes,
                unwritable=unwritable,
            )
            for index, (settings, _) in enumerate(self._shares)
        )

    def stop(self) -> None:
        """Have the workers give their jobs back and end; returns at once."""
        self._closed.set()
        if self.cards is not None:
            self.cards.close()
        if self._thread.ident is not None:
            self._thread.join()
        for process in self._processes.values():
            process.terminate()

    def close(self, grace_s: float) -> None:
        """Wait for the end of the workers; those that take longer are killed."""
        deadline_s = time.monotonic() + grace_s
        for process in self._processes.values():
            process.join(max(deadline_s - time.monotonic(), 0.0))
            if process.is_alive():
                process.kill()
                process.join()

    def _spawn(self, index: int) -> None:
        name = worker_name(str(index + 1))
        settings, environment = self._shares[index]
        context = multiprocessing.get_context("spawn")
        own_end, prompts = context.Pipe() if self.cards is not None else (None, None)
        arguments = (self._work, settings, name, environment, os.getpid(), prompts)
        process = context.Process(target=_run, args=arguments, name=name, daemon=True)
        process.start()
        if self.cards is not None and own_end is not None and prompts is not None:
            prompts.close()  # the worker has it; its end is the pipe's
            self.cards.add(name, own_end)
        self._processes[index] = process

    def _keep_running(self) -> None:
        pause_s = LOOK_S
        while not self._closed.wait(pause_s):
            dead = [index for index, one in self._processes.items() if not one.is_alive()]
            for index in dead:
                process = self._processes[index]
                logger.warning("worker %s ended with code %s", process.name, process.exitcode)
                self._on_death(process.name)
                self._spawn(index)
            pause_s = PAUSE_S if dead else LOOK_S


def worker_name(name: str) -> str:
    """Return a worker's name in the store; workers that were given the same name differ in it."""
    return f"{socket.gethostname()}-{name}-{secrets.token_hex(4)}"


def visible_gpus() -> tuple[str, ...]:
    """Return what CUDA_VISIBLE_DEVICES may name, without asking CUDA, which would take memory of each."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(item.strip() for item in named.split(",") if item.strip())
    count = sum(path.name[6:].isdecimal() for path in Path("/dev").glob("nvidia*"))
    return tuple(map(str, range(count)))


def _has_cards(settings: Settings) -> bool:
    return bool(visible_gpus()) and settings.device != "cpu"


def _shares(settings: Settings) -> list[_Share]:
    """Return settings and variables of each worker: a GPU of its own and its memory, or a share of the cores."""
    device = likely_device(settings.device)
    if not _has_cards(settings):
        threads = max((settings.cpu_threads or os.cpu_count() or 1) // settings.workers, 1)
        environment = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}
        memory = device_memory_bytes(settings, device)
        changes = {"cpu_threads": threads, "worker_memory_bytes": memory}
        return [(settings.model_copy(update=changes), environment)] * settings.workers
    gpus, listed = visible_gpus(), list_cards()
    order = dict(_ORDER) if "CUDA_VISIBLE_DEVICES" not in os.environ else {}
    shares = []
    for index in range(settings.workers):
        environment = {**order, "CUDA_VISIBLE_DEVICES": gpus[index % len(gpus)]}
        memory = device_memory_bytes(
            settings, device, {**os.environ, **environment}, lambda: listed
        )
        shares.append((settings.model_copy(update={"worker_memory_bytes": memory}), environment))
    return shares


def _run(
    work: Work,
    settings: Settings,
    name: str,
    environment: dict[str, str],
    parent: int,
    prompts: Connection | None,
) -> None:
    """Be a worker, in its own process, for as long as the page's process lives."""
    os.environ.update(environment)
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s %(levelname)s {name}: %(message)s")
    # It would log the addresses of results, which whoever reads them may fetch.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    work(settings, name, lambda: os.getppid() == parent, prompts)
