"""What people wait for at the page, done in a worker process on its card: the messages, and the worker's side.

The two processes are ours and on one machine, joined by a pipe from the moment the worker is spawned.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from engines.base import Instance
from engines.device.manager import ModelManager
from engines.device.open_images import ImageKey, OpenImages
from utils.errors import Cancelled, SplazmatteError
from utils.priority import ClickPriority, give_way
from utils.types import Alpha, Frame, Message, Prompt

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Prompts that a worker answers at a time."""


@dataclass(frozen=True, slots=True)
class PromptCall:
    """A prompt for an image; `pictures` are the frame, as 0, and its neighbours, None where it may be open already."""

    number: int
    key: ImageKey
    prompt: Prompt
    pictures: Mapping[int, Frame] | None = None


@dataclass(frozen=True, slots=True)
class AlphaCall:
    """A frame, uint8 RGB (H, W, 3), whose alpha an engine is to find without a mark."""

    number: int
    engine: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class PreviewCall:
    """A session whose preview an engine is to make; see `pipeline.session.quick_preview`."""

    number: int
    engine: str
    session_id: str


Call: TypeAlias = PromptCall | AlphaCall | PreviewCall


@dataclass(frozen=True, slots=True)
class PromptAnswer:
    """What a worker found, or else why not; where it needs the pictures, the distances of the neighbours.

    `alpha` is float32 (H, W) in [0, 1]. With `done`, frames of a preview so far, a further answer follows.
    """

    number: int
    instances: tuple[Instance, ...] = ()
    error: tuple[type[SplazmatteError], Message] | None = None
    needs: tuple[int, ...] | None = None
    alpha: Alpha | None = None
    done: int | None = None


@dataclass(frozen=True, slots=True)
class CardWork:
    """What a worker does beside prompts: the alpha of a frame by an engine's name, and a session's preview.

    `make_preview` takes the engine's name, the session's id and whom to tell the frames done; it raises
    `Cancelled` where the worker stops.
    """

    find_alpha: Callable[[str, Frame], Alpha]
    make_preview: Callable[[str, str, Callable[[int], None]], None]


class PromptWorker:
    """Answers calls from a pipe in threads of its own, beside the job that the main thread may run."""

    def __init__(
        self, connection: Connection, manager: ModelManager, clicks: ClickPriority, work: CardWork
    ) -> None:
        self._connection = connection
        self._images = OpenImages(manager, clicks)
        self._work = work
        self._sending = threading.Lock()

    def start(self) -> None:
        """Begin to answer; ends with the pipe."""
        threading.Thread(target=self._keep_answering, name="prompts", daemon=True).start()

    def _keep_answering(self) -> None:
        with ThreadPoolExecutor(AT_ONCE, "prompt") as pool:
            while True:
                try:
                    call = self._connection.recv()
                except (EOFError, OSError):
                    return
                if isinstance(call, PreviewCall):
                    # Of its own: its lower priority would stay with a thread that answers prompts later.
                    threading.Thread(target=self._preview, args=(call,), daemon=True).start()
                else:
                    pool.submit(self._answer, call)

    def _preview(self, call: PreviewCall) -> None:
        give_way()
        self._answer(call)

    def _answer(self, call: Call) -> None:
        try:
            answer = self._found(call)
        except Cancelled:
            return  # the worker ends, and with the pipe the page learns of it
        except SplazmatteError as error:
            answer = PromptAnswer(call.number, error=(type(error), error.message))
        except Exception:
            logger.exception("a prompt failed")
            answer = PromptAnswer(
                call.number, error=(SplazmatteError, Message("job.internal_error"))
            )
        self._send(answer)

    def _send(self, answer: PromptAnswer) -> None:
        with self._sending:
            try:
                self._connection.send(answer)
            except OSError as error:
                logger.info("the page is gone: %s", error)

    def _found(self, call: Call) -> PromptAnswer:
        if isinstance(call, AlphaCall):
            return PromptAnswer(call.number, alpha=self._work.find_alpha(call.engine, call.frame))
        if isinstance(call, PreviewCall):
            self._work.make_preview(
                call.engine,
                call.session_id,
                lambda done: self._send(PromptAnswer(call.number, done=done)),
            )
            return PromptAnswer(call.number)
        return self._prompted(call)

    def _prompted(self, call: PromptCall) -> PromptAnswer:
        def read(distances: tuple[int, ...]) -> Mapping[int, Frame]:
            if call.pictures is None:
                raise _PicturesNeededError(distances)
            return call.pictures

        try:
            instances = self._images.segment(call.key, call.prompt, read)
        except _PicturesNeededError as needed:
            return PromptAnswer(call.number, needs=needed.distances)
        return PromptAnswer(call.number, tuple(instances))


class _PicturesNeededError(Exception):
    """The frame is not open here, and its pictures did not come along."""

    def __init__(self, distances: tuple[int, ...]) -> None:
        super().__init__()
        self.distances = distances
