"""Whether and how a job is divided among workers: reads the session's masks and finds the clip's cuts."""

from __future__ import annotations

import threading

from engines.base import Seam
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.guides import target_guides
from pipeline.jobs.kept_alpha import kept_alphas, made_with, plan_of
from pipeline.jobs.parts import plan_parts
from pipeline.jobs.target_mattes import tracks_first
from pipeline.session.parts import MattePart
from pipeline.session.request import MatteRequest
from pipeline.session.scene_cuts import find_cuts
from pipeline.session.session import Session
from pipeline.session.state import frame_range
from pipeline.video_io import VideoIO
from utils.options import resolve_options


def divide(
    choice: EngineChoice,
    video: VideoIO,
    session: Session,
    request: MatteRequest,
    engine_name: str,
    workers: int,
    cancel: threading.Event,
) -> tuple[MattePart, ...]:
    """Return the parts of a job for so many workers, none where one worker has to do it.

    A hosted service gets a clip in one piece, a correction is short as it is, and where an engine is compared
    with the target first, nobody knows yet which one it will be.

    Raises:
        SplazmatteError: the clip can't be decoded, or the request doesn't fit the session.
    """
    engine = choice.registry.get(engine_name)
    if engine.is_remote or choice.tried_first(request):
        return ()
    first, last = frame_range(request, session.clip)
    guides = target_guides(session, request, first, last)
    options = resolve_options(engine.option_specs(), request.options)
    plan = plan_of(engine_name, made_with(session, request, engine), (first, last), guides)
    if kept_alphas(session, session.state, request, plan) is not None:
        return ()
    seams = engine.seams(options, is_guided=not request.everyone)
    cuts = find_cuts(session, video, cancel) if Seam.CUTS in seams else ()
    return plan_parts(
        guides,
        last - first + 1,
        workers,
        seams,
        [cut - first for cut in cuts],
        tracks_first=tracks_first(engine, request),
    )
