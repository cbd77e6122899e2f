"""Finding the target on a frame: prompts to instances on disk; keeps embeddings between clicks."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace

from engines.base import ImageSegmentation, Instance, Segmenter
from engines.device.manager import ModelManager
from pipeline.selection.painting import painted
from pipeline.session.keyframes import Found, store_keyframe
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, Keyframe
from pipeline.workers.prompt_cards import PromptCards
from utils.errors import BadRequest, Cancelled, EngineUnavailable, UnusablePrompt
from utils.priority import ClickPriority
from utils.types import Frame, Prompt

logger = logging.getLogger(__name__)

OPEN_IMAGES = 4
"""Frames whose embedding is kept, over all users."""
MASK_ENGINE = "mask"
"""Engine name recorded for a mask the user brought."""


class Selector:
    """Runs prompts for all sessions; one prompt at a time a frame, others wait for that frame only."""

    def __init__(
        self, manager: ModelManager, clicks: ClickPriority, cards: PromptCards | None = None
    ) -> None:
        """Take engines from the manager; `clicks` is told of every prompt that is being answered here.

        Where worker processes have the cards, engines with weights work there.
        """
        self._manager = manager
        self._cards = cards
        self._clicks = clicks
        self._lock = threading.Lock()
        self._is_stopping = threading.Event()
        self._open: OrderedDict[
            tuple[str, int, str], tuple[threading.Lock, list[ImageSegmentation]]
        ] = OrderedDict()

    def segment(
        self,
        session: Session,
        frame_index: int,
        prompt: Prompt,
        engine_name: str,
        read_frames: Callable[[tuple[int, ...]], Mapping[int, Frame]],
        text_used: str = "",
        *,
        own_mask: bool = False,
        target: int = FIRST_TARGET,
        on_card: bool = False,
    ) -> Keyframe:
        """Find the target on a frame, write the instances' masks and record the keyframe.

        Args:
            read_frames: gives the frame, uint8 RGB (H, W, 3), as 0, and those of its neighbours at the
                given distances that the clip has; called only for a frame not open yet.
            text_used: the English text in use where the user's was translated.
            own_mask: the prompt's mask is one that the user brought.
            target: the number of what is looked for.
            on_card: the engine works on a card, if there is one.

        Raises:
            UnusablePrompt: the engine can't use the prompt, or it selects nothing.
            EngineUnavailable: `stop` was called.
        """
        started_s = time.perf_counter()
        engine_prompt = replace(prompt, text=text_used or prompt.text, strokes=())

        def read(distances: tuple[int, ...]) -> Mapping[int, Frame]:
            try:
                return read_frames(distances)
            except Cancelled as stopped:
                raise EngineUnavailable("engine.closing") from stopped

        key = (session.id, frame_index, engine_name)
        if on_card and self._cards is not None:
            instances = list(self._cards.segment(key, engine_prompt, read))
        else:
            instances = self._found_here(key, engine_prompt, read)
        if not instances:
            raise UnusablePrompt("prompt.nothing_found")
        instances = painted(instances, prompt)
        seconds = time.perf_counter() - started_s
        found = Found(
            instances,
            engine_name,
            prompt,
            text_used,
            seconds,
            own_mask=own_mask,
            target=target,
        )
        return store_keyframe(session, frame_index, found)

    def _found_here(
        self,
        key: tuple[str, int, str],
        prompt: Prompt,
        read: Callable[[tuple[int, ...]], Mapping[int, Frame]],
    ) -> list[Instance]:
        lock, opened = self._slot(key)
        # Only now: a prompt that waits for a job's engine must not hold up the job.
        with lock, self._manager.lease(key[2]) as engine, self._clicks.answering():
            if self._is_stopping.is_set():
                raise EngineUnavailable("engine.closing")
            if not isinstance(engine, Segmenter):
                raise BadRequest("engine.cannot_segment", name=engine.label)
            if not opened:
                around = dict(read(engine.neighbour_offsets))
                opened.append(engine.open_image(around.pop(0), around))
            return opened[0].segment(prompt)

    def stop(self) -> None:
        """Begin nothing more: prompts that wait would take the cores that jobs need to end."""
        self._is_stopping.set()

    def forget(self, session_id: str) -> None:
        """Drop the embeddings of a session."""
        with self._lock:
            for key in [key for key in self._open if key[0] == session_id]:
                del self._open[key]

    def _slot(self, key: tuple[str, int, str]) -> tuple[threading.Lock, list[ImageSegmentation]]:
        with self._lock:
            if key not in self._open:
                self._open[key] = (threading.Lock(), [])
            self._open.move_to_end(key)
            while len(self._open) > OPEN_IMAGES:
                self._open.popitem(last=False)
            return self._open[key]
