"""Prompts of the page answered in a worker process, on its card: the messages, and the worker's side.

The two processes are ours and on one machine, joined by a pipe from the moment the worker is spawned.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from engines.base import ImageSegmentation, Instance, Segmenter
from engines.device.manager import ModelManager
from utils.errors import BadRequest, SplazmatteError
from utils.priority import ClickPriority
from utils.types import Frame, Message, Prompt

logger = logging.getLogger(__name__)

OPEN_IMAGES = 4
"""Frames whose embedding a worker keeps, over all users."""
AT_ONCE = 4
"""Prompts that a worker answers at a time."""

ImageKey: TypeAlias = tuple[str, int, str]
"""A session's id, a frame, an engine's name."""


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
        self._manager = manager
        self._clicks = clicks
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._open: OrderedDict[ImageKey, _OpenImage] = OrderedDict()

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
        image = self._image(call.key)
        with image.lock, self._manager.lease(call.key[2]) as engine, self._clicks.answering():
            if not isinstance(engine, Segmenter):
                raise BadRequest("engine.cannot_segment", name=engine.label)
            if image.opened is None:
                if call.pictures is None:
                    return PromptAnswer(call.number, needs=engine.neighbour_offsets)
                around = dict(call.pictures)
                image.opened = engine.open_image(around.pop(0), around)
            return PromptAnswer(call.number, tuple(image.opened.segment(call.prompt)))

    def _image(self, key: ImageKey) -> _OpenImage:
        with self._lock:
            image = self._open.setdefault(key, _OpenImage())
            self._open.move_to_end(key)
            while len(self._open) > OPEN_IMAGES:
                self._open.popitem(last=False)
            return image


class _OpenImage:
    """One frame being marked; a prompt for it waits for the one before."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.opened: ImageSegmentation | None = None
