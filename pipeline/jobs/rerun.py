"""What a job would make again after marks or settings changed; it reads masks and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from engines.base import Engine
from pipeline.jobs.guides import ReadMask, target_guides
from pipeline.jobs.kept_alpha import changed_count, changed_spans, kept_alphas, made_with, plan_of
from pipeline.session.masks import read_mask
from pipeline.session.output_records import target_numbers
from pipeline.session.request import MatteRequest
from pipeline.session.result_versions import next_number
from pipeline.session.session import Session
from pipeline.session.state import ResultPlan, SessionState
from utils.errors import SplazmatteError
from utils.options import OptionSpec, resolve_options

SpecsOf: TypeAlias = Callable[[str], tuple[OptionSpec, ...]]

_APART: Mapping[str, object] = {
    "kept": {},
    "start": None,
    "first": 0,
    "last": None,
    "engine": "auto",
    "options": {},
}
"""Fields of a request that say what is marked, or are compared in another way, without a meaning here."""


@dataclass(frozen=True, slots=True)
class RerunPlan:
    """`frames` to matte again, over all targets, in the inclusive `spans` of the clip; `length` frames were matted.

    `has_changes`: the files no longer show what is marked, be it that a target was only removed.
    `is_taken_back`: an earlier result was made the current one again, and later ones are kept beside it.
    """

    frames: int
    spans: tuple[tuple[int, int], ...]
    length: int
    has_changes: bool
    is_taken_back: bool = False

    @property
    def changed_spans(self) -> tuple[tuple[int, int], ...]:
        """The spans where the files no longer show what is marked."""
        return self.spans if self.has_changes and self.frames else ()

    @property
    def clip_frames(self) -> int:
        """Number of the clip's frames on which any target is matted again."""
        spans = (range(first, last + 1) for first, last in self.spans)
        return len(set().union(*spans)) if self.frames else 0


@dataclass(frozen=True, slots=True)
class NextJob:
    """What the job that is chosen next would do, beside the result that is there.

    `plan` is what the marks made since can change, see `plan_rerun`. `has_other_settings`: what is chosen is other than
    what made the result. `mattes_nothing`: it keeps every alpha of the result, and makes its files alone.
    """

    plan: RerunPlan | None = None
    has_other_settings: bool = False
    mattes_nothing: bool = False


def plan_rerun(session: Session, specs_of: SpecsOf, read: ReadMask = read_mask) -> RerunPlan | None:
    """Return what the marks made since the result can change.

    None where there is no result, where it was made without marks, or where none are left.

    Args:
        specs_of: returns the options of an engine by its name.
        read: reads the file of a mask.
    """
    plan = _plan_rerun(session, specs_of, read)
    if plan is None or not plan.has_changes:
        return plan
    state = session.state
    return replace(plan, is_taken_back=next_number(session, state) > state.result_number + 1)


def _plan_rerun(session: Session, specs_of: SpecsOf, read: ReadMask) -> RerunPlan | None:
    state = session.state
    plan, request = state.result_plan, state.result_request
    if plan is None or request is None or request.everyone:
        return None
    request = request.model_copy(update={"kept": {}, "start": None, "every_frame": False})
    try:
        guides = target_guides(session, request, plan.first, plan.last, read)
    except SplazmatteError:
        return None
    now = plan_of(plan.engine, plan.options, (plan.first, plan.last), guides)
    first, last, is_every = _chosen(state, plan)
    is_every |= _has_other_alpha(state, plan, specs_of)
    kept = None if is_every else kept_alphas(session, state, request, now)
    length = last - first + 1
    is_other = target_numbers(now) != target_numbers(plan)
    if kept is None:
        has_changes = is_other or now.guides != plan.guides
        return RerunPlan(length * len(guides), ((first, last),), length, has_changes)
    frames = changed_count(kept, length)
    return RerunPlan(frames, tuple(changed_spans(kept, plan)), length, frames > 0 or is_other)


def keeps_every_alpha(
    session: Session,
    request: MatteRequest,
    engine: Engine,
    span: tuple[int, int],
    read: ReadMask = read_mask,
) -> bool:
    """Return whether a job keeps the last result's alphas whole, so that it makes files alone.

    Args:
        engine: the job's, which nothing takes the place of.
        span: its inclusive range.
        read: reads the file of a mask.

    Raises:
        SplazmatteError: the request doesn't fit the session or the engine.
    """
    if engine.is_remote:
        return False
    guides = target_guides(session, request, *span, read)
    plan = plan_of(engine.name, made_with(session, request, engine), span, guides)
    kept = kept_alphas(session, session.state, request, plan)
    return kept is not None and all(one is not None and one.stretch is None for one in kept)


def _chosen(state: SessionState, plan: ResultPlan) -> tuple[int, int, bool]:
    """Return the range chosen for the next job, and whether that job mattes all of it whatever is marked."""
    draft, made = state.draft, state.result_request
    if draft is None or made is None or state.clip is None:
        return plan.first, plan.last, False
    last = state.clip.frame_count - 1 if draft.last is None else draft.last
    is_other = (draft.first, last) != (plan.first, plan.last)
    is_other |= draft.engine not in (made.engine, plan.engine)
    return draft.first, last, is_other or draft.every_frame


def _has_other_alpha(state: SessionState, plan: ResultPlan, specs_of: SpecsOf) -> bool:
    """Return whether what is chosen beside engine, range and marks gives another alpha: no frame's is kept then."""
    draft, made = state.draft, state.result_request
    if draft is None or made is None:
        return False
    try:
        options = resolve_options(specs_of(plan.engine), draft.options)
    except SplazmatteError:
        return True
    return options != state.options_used or draft.refine_key_frames != made.refine_key_frames


def has_other_settings(state: SessionState, specs_of: SpecsOf) -> bool:
    """Return whether what is chosen for the next job is other than what made the result, the marks aside.

    Args:
        specs_of: returns the options of an engine by its name.
    """
    draft, made, plan = state.draft, state.result_request, state.result_plan
    if draft is None or made is None or plan is None:
        return False
    first, last, _ = _chosen(state, plan)
    if (first, last) != (plan.first, plan.last) or draft.engine not in (made.engine, plan.engine):
        return True
    return _has_other_alpha(state, plan, specs_of) or _compared(draft) != _compared(made)


def _compared(request: MatteRequest) -> MatteRequest:
    """Return the request without marks, range, engine and its options, and its files in a set order."""
    return request.model_copy(update={**_APART, "outputs": tuple(sorted(request.outputs))})
