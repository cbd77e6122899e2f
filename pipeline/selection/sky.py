"""Sky replacement: the sky is the target, what is kept is everything but it, over a picture."""

from __future__ import annotations

from pipeline.selection.targets import Targets
from pipeline.session.request import MatteRequest, sky_request
from pipeline.session.session import Session
from pipeline.session.state import Keyframe
from utils.errors import UnusablePrompt
from utils.types import Prompt

SKY = "sky"
"""What is searched for, in the language of the text encoders."""
_WHAT_TO_DO = {
    "prompt.text_unsupported": "prompt.sky_unsupported",
    "prompt.nothing_found": "prompt.sky_not_found",
}
"""Errors of the search whose general advice doesn't fit."""


def replace_sky(session: Session, targets: Targets, frame: int, target: int) -> Keyframe:
    """Make the sky the target on a frame, and choose for the next job what replaces it: the session's picture.

    Marks that the target has already are taken for those of the sky. The choice is kept where the sky isn't
    found, so that a click on it is all that is missing.

    Raises:
        UnusablePrompt: no engine finds things by text, or there is no sky on the frame; with what to do.
    """
    state = session.state
    session.update(draft=sky_request(state.draft or state.request or MatteRequest()))
    known = state.keyframes_of(target)
    if known:
        return known.get(frame) or next(iter(known.values()))
    try:
        found = targets.segment(session.id, frame, Prompt(text=SKY), target=target)
    except UnusablePrompt as error:
        if error.code not in _WHAT_TO_DO:
            raise
        raise UnusablePrompt(_WHAT_TO_DO[error.code], frame=frame) from error
    # Between trees and wires the sky is in several pieces: all of them.
    pieces = tuple(instance.id for instance in found.instances)
    return targets.keep(session.id, frame, pieces, target).keyframes_of(target)[frame]
