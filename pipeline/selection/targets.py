"""The target of a session: found by prompts, given as a mask, kept or dropped, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from engines.base import Capability
from engines.text.translation import Translator
from pipeline.engine_choice import EngineChoice
from pipeline.selection.corrections import base_mask, own_mask
from pipeline.selection.expected_size import confirmed_masks, size_in_session
from pipeline.selection.main_object import alpha_of_frame, main_object
from pipeline.selection.mask_upload import (
    check_selects,
    mask_notices,
    read_mask_file,
    store_mask,
)
from pipeline.selection.selector import Selector
from pipeline.selection.source_alpha import OPAQUE_FROM, SOURCE_ENGINE
from pipeline.selection.target_list import check_unlocked
from pipeline.session.clips import Clips
from pipeline.session.keyframes import remove_keyframe, restore_keyframe
from pipeline.session.masks import write_mask
from pipeline.session.results import Results
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, Keyframe, SessionState
from pipeline.storage import disk
from pipeline.video_io import ClipInfo
from pipeline.workers.prompt_cards import PromptCards
from utils.errors import BadRequest, UnusablePrompt
from utils.priority import ClickPriority
from utils.prompts import check_points, check_prompt
from utils.types import Example, Frame, Prompt, Stroke


class Targets:
    """Selection for all sessions; any thread may use it."""

    def __init__(
        self,
        clips: Clips,
        choice: EngineChoice,
        translator: Translator,
        results: Results,
        clicks: ClickPriority,
        cards: PromptCards | None = None,
    ) -> None:
        self._clips = clips
        self._choice = choice
        self._translator = translator
        self._results = results
        self._cards = cards
        self._selector = Selector(choice.manager, clicks, cards)

    def segment(
        self,
        session_id: str,
        frame: int,
        prompt: Prompt,
        *,
        with_own_mask: bool | None = None,
        target: int = FIRST_TARGET,
        is_undo: bool = False,
    ) -> Keyframe:
        """Find the target on a frame; a Chinese text is translated first.

        Args:
            with_own_mask: whether the mask that the user brought for the frame is what clicks and strokes
                correct; None where it is so already. With it, an empty prompt is that mask again.
            target: the number of the target that the prompt marks.
            is_undo: give back what these marks had selected on the frame before, where it is still kept, instead of
                an answer to what the session shows now; see `restore_keyframe`.

        Raises:
            UnusablePrompt: empty, outside the frame, too long, or nothing was found.
            BadRequest: the clip has no such frame, the session no such target, or it is locked.
        """
        session, clip = self._clips.open(session_id, frame)
        check_unlocked(session.state, target)
        check_points(prompt.points, clip.size_wh)
        with disk.translate_disk_errors(session.folder):
            if prompt.mask is not None:
                write_mask(session.own_mask_path(frame, target), prompt.mask)
                return self._find(session, clip, frame, prompt, is_own=True, target=target)
            is_own = own_mask(session, frame, with_own_mask, target) is not None
            if is_undo and not is_own:
                former = restore_keyframe(session, frame, prompt, target)
                if former is not None:
                    return former
            base = base_mask(session, frame, prompt, self._results, with_own_mask, target)
            whole = replace(prompt, mask=base)
            if prompt.is_clicks_only:
                whole = self._with_known_target(session, clip, frame, whole, target)
            is_own = is_own and base is not None
            return self._find(session, clip, frame, whole, is_own=is_own, target=target)

    def _with_known_target(
        self, session: Session, clip: ClipInfo, frame: int, prompt: Prompt, target: int
    ) -> Prompt:
        """Return a prompt of clicks with what the confirmed frames around it show of the target.

        Those frames where the engine uses them, and the target's size where there is no mask to correct.
        """
        uses_examples = self._choice.registry.get(self._choice.segmenter_name()).uses_examples
        if prompt.mask is not None and not uses_examples:
            return prompt
        confirmed = confirmed_masks(session, frame, target)
        if uses_examples:

            def read(index: int) -> Frame:
                return self._clips.read_around(session, clip, index, ())[0]

            examples = (
                Example(index, mask, partial(read, index)) for index, mask in confirmed.items()
            )
            prompt = replace(prompt, examples=tuple(examples))
        if prompt.mask is None:
            size = size_in_session(session, frame, confirmed, self._results, target)
            prompt = replace(prompt, expected=size)
        return prompt

    def _find(
        self,
        session: Session,
        clip: ClipInfo,
        frame: int,
        prompt: Prompt,
        *,
        is_own: bool,
        target: int,
    ) -> Keyframe:
        if prompt.is_empty:
            raise UnusablePrompt("prompt.empty")
        if not prompt.needs_engine:
            return store_mask(session, frame, prompt, own_mask=is_own, target=target)
        name = self._choice.segmenter_name()
        engine = self._choice.registry.get(name)
        prompt = check_prompt(
            prompt,
            clip.size_wh,
            engine.label,
            reads_text=Capability.TEXT in engine.capabilities,
            finds_similar=Capability.EXEMPLARS in engine.capabilities,
        )
        text = prompt.text.strip()
        english = self._translator.translate(text).english if text else ""

        def read_frames(distances: tuple[int, ...]) -> dict[int, Frame]:
            return self._clips.read_around(session, clip, frame, distances)

        return self._selector.segment(
            session,
            frame,
            prompt,
            name,
            read_frames,
            english,
            own_mask=is_own,
            target=target,
            on_card=bool(engine.weight_bytes),
        )

    def select_main_object(
        self, session_id: str, frame: int, target: int = FIRST_TARGET
    ) -> Keyframe:
        """Make what a network finds without a mark the target on a frame; clicks then correct it.

        Raises:
            EngineUnavailable: no such network is installed.
            UnusablePrompt: it finds nothing.
            BadRequest: the clip has no such frame, the session no such target, or it is locked.
        """
        session, clip = self._clips.open(session_id, frame)
        check_unlocked(session.state, target)
        name = self._choice.main_object_engine()
        picture = self._clips.read_around(session, clip, frame, ())[0]
        if self._cards is None:
            alpha = alpha_of_frame(self._choice.manager, name, picture)
        else:
            alpha = self._cards.find_alpha(name, picture)
        mask = main_object(alpha)
        with disk.translate_disk_errors(session.folder):
            write_mask(session.own_mask_path(frame, target), mask)
            prompt = Prompt(mask=mask)
            return store_mask(session, frame, prompt, engine=name, own_mask=True, target=target)

    def select_source_alpha(
        self, session_id: str, frame: int, target: int = FIRST_TARGET
    ) -> Keyframe:
        """Make what a clip's own transparency shows on a frame the target there; clicks then correct it.

        Raises:
            UnusablePrompt: the clip has none, or the frame is wholly transparent or opaque.
            BadRequest: the clip has no such frame, the session no such target, or it is locked.
        """
        session, clip = self._clips.open(session_id, frame)
        check_unlocked(session.state, target)
        if not clip.has_alpha:
            raise UnusablePrompt("prompt.no_source_alpha")
        mask = self._clips.read_alpha(session, clip, frame) > OPAQUE_FROM
        check_selects(mask, frame)
        with disk.translate_disk_errors(session.folder):
            write_mask(session.own_mask_path(frame, target), mask)
            prompt = Prompt(mask=mask)
            return store_mask(
                session, frame, prompt, engine=SOURCE_ENGINE, own_mask=True, target=target
            )

    def read_mask_upload(
        self,
        session_id: str,
        frame: int,
        path: Path,
        strokes: tuple[Stroke, ...] = (),
        target: int = FIRST_TARGET,
    ) -> Keyframe:
        """Make a mask PNG of the clip's size the target on a frame, with strokes painted on it.

        Raises:
            UnusablePrompt: not a PNG, of another size, or it selects nothing or everything.
        """
        session, clip = self._clips.open(session_id, frame)
        check_unlocked(session.state, target)
        mask = read_mask_file(path, clip.size_wh, frame)
        notices = mask_notices(path, clip.size_wh)
        with disk.translate_disk_errors(session.folder):
            write_mask(session.own_mask_path(frame, target), mask)
            prompt = Prompt(mask=mask, strokes=strokes)
            return store_mask(session, frame, prompt, notices, own_mask=True, target=target)

    def instance_image(
        self, session_id: str, frame: int, instance: int, target: int = FIRST_TARGET
    ) -> Path:
        """Return the mask PNG of a found instance, white on black, at full size.

        Raises:
            BadRequest: there is none.
        """
        session, _ = self._clips.open(session_id)
        path = session.instance_path(int(frame), int(instance), int(target))
        if not path.is_file():
            raise BadRequest("job.no_target")
        return path

    def keep(
        self, session_id: str, frame: int, kept: tuple[int, ...], target: int = FIRST_TARGET
    ) -> SessionState:
        """Choose which found instances of a keyframe are the target.

        Raises:
            BadRequest: no such keyframe or instance, or the target is locked.
        """

        def choose(state: SessionState) -> SessionState:
            check_unlocked(state, target)
            keyframe = state.keyframes_of(target).get(frame)
            known = {instance.id for instance in keyframe.instances} if keyframe else set()
            if keyframe is None or not set(kept) <= known:
                raise BadRequest("job.no_target")
            changes = {"kept": tuple(kept), "is_chosen": True}
            return state.with_keyframe(keyframe.model_copy(update=changes))

        session, _ = self._clips.open(session_id)
        return session.transform(choose)

    def remove(self, session_id: str, frame: int, target: int = FIRST_TARGET) -> SessionState:
        """Forget what was selected of a target on a frame; harmless when nothing was.

        Raises:
            BadRequest: no such target, or it is locked.
        """
        session, _ = self._clips.open(session_id)
        check_unlocked(session.state, target)
        return remove_keyframe(session, int(frame), target)

    def stop(self) -> None:
        """See `Selector.stop`."""
        self._selector.stop()

    def forget(self, session_id: str) -> None:
        """Drop what is kept in memory of a session."""
        self._selector.forget(session_id)
