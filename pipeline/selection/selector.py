"""Finding the target on a frame: prompts to instances on disk; keeps embeddings between clicks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from engines.base import Instance
from engines.device.manager import ModelManager
from engines.device.open_images import ImageKey, OpenImages, ReadPictures
from pipeline.selection.distinct import distinct
from pipeline.selection.painting import painted
from pipeline.session.keyframes import Found, store_keyframe
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, Keyframe
from pipeline.workers.prompt_cards import PromptCards
from utils.errors import Cancelled, EngineUnavailable, UnusablePrompt
from utils.priority import ClickPriority
from utils.types import Frame, Prompt


class Selector:
    """Runs prompts for all sessions; see `OpenImages`."""

    def __init__(
        self, manager: ModelManager, clicks: ClickPriority, cards: PromptCards | None = None
    ) -> None:
        """Take engines from the manager; `clicks` is told of every prompt that is being answered here.

        Where worker processes have the cards, engines with weights work there.
        """
        self._images = OpenImages(manager, clicks)
        self._cards = cards

    def segment(
        self,
        session: Session,
        frame_index: int,
        prompt: Prompt,
        engine_name: str,
        read_frames: ReadPictures,
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
        key = (session.id, frame_index, engine_name)
        answered = self._answer(key, engine_prompt, read_frames, on_card=on_card)
        instances = [one for one in answered if one.mask.any()]
        if not instances:
            raise UnusablePrompt("prompt.nothing_found")
        instances = painted(instances, prompt)
        if not prompt.text.strip() and not prompt.exemplars:
            # Answers to choose one of; others are objects side by side.
            instances = distinct(instances)
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

    def _answer(
        self, key: ImageKey, prompt: Prompt, read_frames: ReadPictures, *, on_card: bool
    ) -> list[Instance]:
        """Return what the prompt finds, best first, from the engine on a card or from the one here."""

        def read(distances: tuple[int, ...]) -> Mapping[int, Frame]:
            try:
                return read_frames(distances)
            except Cancelled as stopped:
                raise EngineUnavailable("engine.closing") from stopped

        if on_card and self._cards is not None:
            return list(self._cards.segment(key, prompt, read))
        return self._images.segment(key, prompt, read)

    def stop(self) -> None:
        """Begin nothing more; see `OpenImages.stop`."""
        self._images.stop()

    def forget(self, session_id: str) -> None:
        """Drop the embeddings of a session."""
        self._images.forget(session_id)
