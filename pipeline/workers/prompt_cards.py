"""The page's side of prompts on cards: each goes to the worker process whose card has least to do."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from multiprocessing.connection import Connection

from engines.base import Instance
from engines.device.open_images import OPEN_IMAGES, ImageKey, ReadPictures
from pipeline.workers.prompt_worker import PromptAnswer, PromptCall
from utils.errors import EngineUnavailable
from utils.types import Frame, Prompt

RESTART_S = 20.0
"""Seconds that a prompt waits for a worker that is being started again."""
TRIES = 3
"""Workers that may die of a prompt before it is given up."""


class PromptCards:
    """The worker processes of this machine that have a card each; any thread may use it.

    A frame's prompts go to the card that has it open, since reading a frame in costs more than all its prompts;
    a new frame to the card with the fewest prompts under way, a running job counting as one.
    """

    def __init__(self) -> None:
        self.has_job: Callable[[str], bool] = lambda name: False
        """Whether the worker of that name runs a job."""
        self._changed = threading.Condition()
        self._cards: dict[str, _Card] = {}
        self._places: OrderedDict[ImageKey, _Card] = OrderedDict()
        self._is_closed = False

    def add(self, name: str, connection: Connection) -> None:
        """Use a worker from now on, over its pipe."""
        card = _Card(name, connection, self._drop)
        with self._changed:
            self._cards[name] = card
            self._changed.notify_all()
        card.start()

    def close(self) -> None:
        """Refuse prompts from now on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def segment(
        self, key: ImageKey, prompt: Prompt, read_pictures: ReadPictures
    ) -> tuple[Instance, ...]:
        """Return what a prompt finds on a frame, best first.

        Raises:
            UnusablePrompt: the engine can't use the prompt.
            EngineUnavailable: the workers died of it, or the process is stopping.
        """
        for _ in range(TRIES):
            card = self._reserved(key)
            try:
                answer = card.ask(key, prompt)
                if answer.needs is not None:
                    answer = card.ask(key, prompt, read_pictures(answer.needs))
            except CardGoneError:
                continue
            finally:
                with self._changed:
                    card.prompts -= 1
            if answer.error is not None:
                kind, message = answer.error
                raise kind(message.code, detail="in a worker", **message.params)
            return answer.instances
        raise EngineUnavailable("worker.prompt_died", workers=TRIES)

    def _reserved(self, key: ImageKey) -> _Card:
        """Return the card for a frame, with one prompt more under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._cards, RESTART_S)
            if self._is_closed or not self._cards:
                raise EngineUnavailable("engine.closing")
            card = self._places.get(key)
            if card is None or card not in self._cards.values():
                card = min(self._cards.values(), key=self._load)
            self._places[key] = card
            self._places.move_to_end(key)
            while len(self._places) > OPEN_IMAGES * len(self._cards):
                self._places.popitem(last=False)
            card.prompts += 1
            return card

    def _load(self, card: _Card) -> int:
        return card.prompts + self.has_job(card.name)

    def _drop(self, card: _Card) -> None:
        with self._changed:
            if self._cards.get(card.name) is card:
                del self._cards[card.name]


class CardGoneError(Exception):
    """The worker of a card ended while it had a prompt."""


class _Card:
    """One worker's pipe; `prompts` counts what is under way and belongs to whoever chooses."""

    def __init__(self, name: str, connection: Connection, on_end: Callable[[_Card], None]) -> None:
        self.name = name
        self.prompts = 0
        self._connection = connection
        self._on_end = on_end
        self._lock = threading.Lock()
        self._number = 0
        self._asked: dict[int, Future[PromptAnswer]] = {}
        self._thread = threading.Thread(target=self._keep_reading, name="card", daemon=True)

    def start(self) -> None:
        """Begin to read answers."""
        self._thread.start()

    def ask(
        self, key: ImageKey, prompt: Prompt, pictures: Mapping[int, Frame] | None = None
    ) -> PromptAnswer:
        """Return the worker's answer.

        Raises:
            CardGoneError: it has ended.
        """
        answer: Future[PromptAnswer] = Future()
        with self._lock:
            self._number += 1
            self._asked[self._number] = answer
            try:
                self._connection.send(PromptCall(self._number, key, prompt, pictures))
            except OSError as error:
                raise CardGoneError from error
        return answer.result()

    def _keep_reading(self) -> None:
        while True:
            try:
                answer = self._connection.recv()
            except (EOFError, OSError):
                break
            with self._lock:
                asked = self._asked.pop(answer.number)
            asked.set_result(answer)
        self._on_end(self)
        with self._lock:
            self._connection.close()  # what is asked from now on fails at once
            for asked in self._asked.values():
                asked.set_exception(CardGoneError())
