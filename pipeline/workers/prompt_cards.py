"""The page's side of work on cards that people wait for: each piece goes to the card with least to do."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection

from engines.base import Instance
from engines.device.open_images import OPEN_IMAGES, ImageKey, ReadPictures
from pipeline.session.session import Session
from pipeline.workers.prompt_worker import AlphaCall, Call, PreviewCall, PromptAnswer, PromptCall
from utils.errors import Cancelled, EngineUnavailable
from utils.types import Alpha, Frame, Prompt

RESTART_S = 20.0
"""Seconds that a prompt waits for a worker that is being started again."""
TRIES = 3
"""Workers that may die of a prompt before it is given up."""


class PromptCards:
    """The worker processes of this machine that have a card each; any thread may use it.

    A frame's prompts go to the card that has it open, since reading a frame in costs more than all its prompts;
    a new frame, and all else, to the card with the least under way, a running job counting as one.
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

        def ask(card: _Card) -> PromptAnswer:
            answer = card.ask(lambda number: PromptCall(number, key, prompt))
            if answer.needs is None:
                return answer
            pictures = read_pictures(answer.needs)
            return card.ask(lambda number: PromptCall(number, key, prompt, pictures))

        return self._answer(ask, key).instances

    def find_alpha(self, engine: str, frame: Frame) -> Alpha:
        """Return the alpha that an engine finds on a frame, uint8 RGB (H, W, 3), without a mark.

        Returns:
            float32 (H, W) in [0, 1].

        Raises:
            SplazmatteError: see `selection.main_object.alpha_of_frame`.
            EngineUnavailable: the workers died of it, or the process is stopping.
        """
        answer = self._answer(
            lambda card: card.ask(lambda number: AlphaCall(number, engine, frame))
        )
        if answer.alpha is None:
            raise TypeError("a worker gave no alpha")
        return answer.alpha

    def make_preview(
        self,
        session: Session,
        engine: str,
        on_done: Callable[[int], None],
        stopping: threading.Event,
    ) -> None:
        """Have a session's preview made in its folder; see `quick_preview.MakePreview`.

        Raises:
            SplazmatteError: why there will be none.
        """

        def ask(card: _Card) -> PromptAnswer:
            return card.ask(lambda number: PreviewCall(number, engine, session.id), on_done)

        try:
            self._answer(ask)
        except EngineUnavailable as error:
            # The workers are stopped first, and end the preview.
            if self._is_closed or stopping.is_set():
                raise Cancelled from error
            raise

    def _answer(
        self, ask: Callable[[_Card], PromptAnswer], key: ImageKey | None = None
    ) -> PromptAnswer:
        """Return a card's answer, of another one where the worker ends meanwhile; raise the error that it has."""
        for _ in range(TRIES):
            card = self._reserved(key)
            try:
                answer = ask(card)
            except CardGoneError:
                continue
            finally:
                with self._changed:
                    card.prompts -= 1
            if answer.error is not None:
                kind, message = answer.error
                raise kind(message.code, detail="in a worker", **message.params)
            return answer
        raise EngineUnavailable("worker.prompt_died", workers=TRIES)

    def _reserved(self, key: ImageKey | None) -> _Card:
        """Return the card for a frame, or with None for other work, with one thing more under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._cards, RESTART_S)
            if self._is_closed or not self._cards:
                raise EngineUnavailable("engine.closing")
            card = None if key is None else self._places.get(key)
            if card is None or card not in self._cards.values():
                card = min(self._cards.values(), key=self._load)
            if key is not None:
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
        self._asked: dict[int, tuple[Future[PromptAnswer], Callable[[int], None]]] = {}
        self._thread = threading.Thread(target=self._keep_reading, name="card", daemon=True)

    def start(self) -> None:
        """Begin to read answers."""
        self._thread.start()

    def ask(
        self, call: Callable[[int], Call], on_done: Callable[[int], None] = lambda done: None
    ) -> PromptAnswer:
        """Return the worker's answer to a call, which is given its number.

        Raises:
            CardGoneError: it has ended.
        """
        answer: Future[PromptAnswer] = Future()
        with self._lock:
            self._number += 1
            self._asked[self._number] = answer, on_done
            try:
                self._connection.send(call(self._number))
            except OSError as error:
                raise CardGoneError from error
        return answer.result()

    def _keep_reading(self) -> None:
        while True:
            try:
                answer = self._connection.recv()
            except (EOFError, OSError):
                break
            if answer.done is not None:
                with self._lock:
                    _, on_done = self._asked[answer.number]
                on_done(answer.done)
                continue
            with self._lock:
                asked, _ = self._asked.pop(answer.number)
            asked.set_result(answer)
        self._on_end(self)
        with self._lock:
            self._connection.close()  # what is asked from now on fails at once
            for asked, _ in self._asked.values():
                asked.set_exception(CardGoneError())
