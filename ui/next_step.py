"""What the status line says and what the start button is called: always the next step."""

from __future__ import annotations

from pipeline.jobs.queue import ACTIVE, JobState, JobStatus
from pipeline.jobs.rerun import NextJob
from pipeline.session.state import SessionState, SessionStatus, frame_range
from ui.downloads import render_for_page
from ui.text import listed, sentences, translate
from utils.errors import BadRequest
from utils.messages import Language

_ENDED = {
    SessionStatus.CANCELLED: "page.step.cancelled",
    SessionStatus.INTERRUPTED: "page.step.interrupted",
}

NOTHING_KNOWN = NextJob()
"""Of a session without a result, or with a job under way."""


def start_label(chosen: NextJob, language: Language) -> str:
    """Return what the start button says: what the job that is chosen next does beside the result."""
    if _makes_files_alone(chosen):
        return translate("page.files_again", language)
    plan = chosen.plan
    count = plan.clip_frames if plan is not None and plan.has_changes else 0
    return translate("page.rerun" if count else "page.start", language, count=count)


def _makes_files_alone(chosen: NextJob) -> bool:
    """Tell whether the next job changes the files and no alpha."""
    if chosen.plan is not None and chosen.plan.has_changes:
        return chosen.plan.clip_frames == 0
    return chosen.has_other_settings and chosen.mattes_nothing


def step_line(
    state: SessionState,
    job: JobStatus | None,
    language: Language,
    chosen: NextJob = NOTHING_KNOWN,
) -> tuple[str, str]:
    """Return the status line's kind ("step", "done" or "error") and text: always the next step.

    Args:
        chosen: what the job that is chosen next would do beside the result.
    """
    if job is not None and job.state in ACTIVE:
        running = job.state is JobState.RUNNING
        return "step", translate("page.step.running" if running else "page.step.queued", language)
    error = (job.error if job is not None else None) or state.error
    if error is not None and (job is None or job.state is JobState.FAILED):
        return "error", render_for_page(error, language)
    has_nothing = _has_lost_target(state)
    if state.status is SessionStatus.DONE and not has_nothing:
        stopped = job is not None and job.state is JobState.CANCELLED
        return _done_line(language, chosen, stopped=stopped)
    if state.status in _ENDED and not has_nothing:
        start = start_label(chosen, language)
        text = translate(_ENDED[state.status], language, start=start)
        return "step", text if keeps_everyone(state) else _marks_line(state, text, language)
    if keeps_everyone(state):
        return "step", translate("page.step.everyone", language)
    return "step", _marks_line(state, translate(_selection_step(state), language), language)


def _has_lost_target(state: SessionState) -> bool:
    """Tell whether the marks of the last job were all taken away, so that the next one has nothing to matte."""
    if keeps_everyone(state) or (state.request is not None and state.request.everyone):
        return False
    return not state.has_target


def keeps_everyone(state: SessionState) -> bool:
    """Tell whether the next job keeps everybody, without marks."""
    request = state.draft or state.request
    return request is not None and request.everyone


def _done_line(language: Language, chosen: NextJob, *, stopped: bool) -> tuple[str, str]:
    plan = chosen.plan
    if plan is not None and plan.has_changes:
        some = "page.step.taken_back" if plan.is_taken_back else "page.step.corrected"
        codes = {0: "page.step.changed", plan.length: f"{some}_whole"}
        code = codes.get(plan.clip_frames, some)
        return "step", translate(code, language, count=plan.clip_frames)
    if chosen.has_other_settings:
        code = "page.step.files" if chosen.mattes_nothing else "page.step.settings"
        return "step", translate(code, language)
    return "done", translate("page.step.done_before" if stopped else "page.step.done", language)


def _selection_step(state: SessionState) -> str:
    if not state.all_keyframes:
        return "page.step.select"
    if not state.has_target:
        return "page.step.keep"
    return "page.step.start"


def _marks_line(state: SessionState, step: str, language: Language) -> str:
    """Return the step that the marks allow, and which of them the next job leaves out."""
    missed = _outside_range(state, language)
    if missed and not _kept_targets(state, in_range=True):
        return missed
    return sentences((step, _unmarked_targets(state, language), missed), language)


def chosen_range(state: SessionState) -> tuple[int, int] | None:
    """Return the in and out points chosen for the next job, inclusive; None while none can be used."""
    request = state.draft or state.request
    if request is None or state.clip is None:
        return None
    try:
        return frame_range(request, state.clip)
    except BadRequest:
        return None


def _kept_targets(state: SessionState, *, in_range: bool = False) -> set[int]:
    """Return the targets of which something is kept on a frame, or on one `in_range` of the next job."""
    first, last = (chosen_range(state) if in_range else None) or (0, None)
    return {
        keyframe.target
        for keyframe in state.all_keyframes
        if keyframe.kept and first <= keyframe.frame and (last is None or keyframe.frame <= last)
    }


def _unmarked_targets(state: SessionState, language: Language) -> str:
    """Return the names of targets that keep nothing, beside others that do, as a sentence; "" for none."""
    kept = _kept_targets(state)
    unmarked = {target.id for target in state.targets} - kept if kept else set()
    return _sentence_about(state, unmarked, "page.step.unmarked", language)


def _outside_range(state: SessionState, language: Language) -> str:
    """Return what is kept outside the in and out points alone, as a sentence; "" for nothing."""
    outside = _kept_targets(state) - _kept_targets(state, in_range=True)
    if not outside or _kept_targets(state, in_range=True):
        return _sentence_about(state, outside, "page.step.outside", language)
    first, last = chosen_range(state) or (0, 0)
    start = min(keyframe.frame for keyframe in state.all_keyframes if keyframe.kept)
    return translate("job.start_outside_range", language, start=start, first=first, last=last)


def _sentence_about(state: SessionState, targets: set[int], code: str, language: Language) -> str:
    names = [
        target.name or translate("page.target", language, number=target.id)
        for target in state.targets
        if target.id in targets
    ]
    return translate(code, language, names=listed(names, language)) if names else ""
