"""Prompts of the page answered in a worker process, on its card: the messages, and the worker's side.

The two processes are ours and on one machine, joined by a pipe from the moment the worker is spawned.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection

from engines.base import Instance
from engines.device.manager import ModelManager
from engines.device.open_images import ImageKey, OpenImages
from utils.errors import SplazmatteError
from utils.priority import ClickPriority
from utils.types import Frame, Message, Prompt

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
class PromptAnswer:
    """What a worker found, or else why not; where it needs the pictures, the distances of the neighbours."""

    number: int
    instances: tuple[Instance, ...] = ()
    error: tuple[type[SplazmatteError], Message] | None = None
    needs: tuple[int, ...] | None = None


class PromptWorker:
    """Answers prompts from a pipe in threads of its own, beside the job that the main thread may run."""

    def __init__(
        self, connection: Connection, manager: ModelManager, clicks: ClickPriority
    ) -> None:
        self._connection = connection
        self._images = OpenImages(manager, clicks)
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
                pool.submit(self._answer, call)

    def _answer(self, call: PromptCall) -> None:
        try:
            answer = self._found(call)
        except SplazmatteError as error:
            answer = PromptAnswer(call.number, error=(type(error), error.message))
        except Exception:
            logger.exception("a prompt failed")
            answer = PromptAnswer(
                call.number, error=(SplazmatteError, Message("job.internal_error"))
            )
        with self._sending:
            try:
                self._connection.send(answer)
            except OSError as error:
                logger.info("the page is gone: %s", error)

    def _found(self, call: PromptCall) -> PromptAnswer:
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
