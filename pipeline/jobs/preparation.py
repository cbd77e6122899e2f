"""Requests become jobs: checked against session, clip, engine and disk; it queues and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from config import Settings
from engines.base import Engine, RemoteEngine
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.guides import ReadMask, start_frames
from pipeline.jobs.matting import MattingJob
from pipeline.jobs.parts import Division
from pipeline.jobs.rerender import RenderJob, result_folders
from pipeline.jobs.rerun import keeps_every_alpha
from pipeline.jobs.target_mattes import Services, tracks_first
from pipeline.session.clips import Clips
from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.results import check_picture
from pipeline.session.session import Session
from pipeline.session.state import SessionState, frame_range
from pipeline.storage import disk
from pipeline.video_io import ClipInfo, VideoIO
from pipeline.video_io.outputs.registry import check_outputs, output_format
from utils.errors import SessionError, SplazmatteError
from utils.options import resolve_options
from utils.types import FINISH, SHRINK, Message


class JobPreparation:
    """Makes the jobs of all sessions; any thread may use it.

    Args:
        is_stopping: tells whether a job that is cancelled from now on ends as interrupted.
        writes_here: tells of an engine whether the files of its jobs are written by this process, not by a worker.
    """

    def __init__(
        self,
        settings: Settings,
        clips: Clips,
        video: VideoIO,
        choice: EngineChoice,
        is_stopping: Callable[[], bool],
        writes_here: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._settings = settings
        self._clips = clips
        self._video = video
        self._choice = choice
        self._is_stopping = is_stopping
        self._writes_here = writes_here

    def check_request(self, request: MatteRequest, *, makes_files: bool = True) -> Engine:
        """Check what can be checked of a request without a clip; return its engine.

        Args:
            makes_files: False of a part of a job, of which only alphas are made.

        Raises:
            BadRequest: a value of the request is unusable.
            EngineUnavailable: the engine lacks something.
            FfmpegFailed: FFmpeg can't write one of the files.
        """
        name = self._choice.matting_engine(request.engine, everyone=request.everyone)
        engine = self._choice.registry.get(name)
        options = resolve_options(engine.option_specs(), request.options)
        self._choice.check_options(name, options)
        check_outputs(request.outputs)
        if makes_files and self._writes_here(engine.name):
            self._video.check_encoders(request.outputs)
        if request.refine_key_frames:
            self._choice.main_object_engine()
        return engine

    def before_start(self, session_id: str, request: MatteRequest) -> Message | None:
        """Return what a user must know before the job starts, None for nothing: that the clip leaves this machine.

        Raises:
            BadRequest: the job is beyond what a service takes.
        """
        name, registry = request.engine, self._choice.registry
        if name == "auto" and not request.everyone:
            name = self._choice.default_engine()
        if name not in registry.names:
            return None
        _, clip = self._clips.open(session_id)
        first, last = frame_range(request, clip)
        return self._notice(registry.get(name), request, last - first + 1, clip)

    def _notice(
        self, engine: Engine, request: MatteRequest, count: int, clip: ClipInfo
    ) -> Message | None:
        """Return what a service says before a job of `count` frames, None of an engine that runs here."""
        if not isinstance(engine, RemoteEngine):
            return None
        options = resolve_options(engine.option_specs(), request.options)
        return engine.before_start(clip.size_wh, count, clip.fps, options)

    def matting_job(
        self,
        session_id: str,
        request: MatteRequest,
        engine_name: str = "",
        division: Division | None = None,
        *,
        makes_files: bool = True,
    ) -> tuple[Session, MattingJob, Mapping[str, int]]:
        """Return the checked job, its session, and its stages' units; a divided one has its engine chosen.

        Args:
            makes_files: as in `check_request`.

        Raises:
            BadRequest: a value of the request is unusable, or beyond what a service takes.
            EngineUnavailable: the engine lacks something.
            FfmpegFailed: FFmpeg can't write one of the files.
            NotEnoughDisk: the disk has no space for the outputs.
            SessionError: the session is unknown or damaged.
        """
        session, clip = self._clips.open(session_id)
        choosing = (
            self._as_before(session.state, request)
            if division is None
            else request.model_copy(update={"engine": engine_name})
        )
        engine = self.check_request(choosing, makes_files=makes_files)
        check_picture(session, request.backgrounds)
        first, last = frame_range(request, clip)
        targets = len(start_frames(request, session.state, first, last))
        count = last - first + 1
        self._notice(engine, request, count, clip)
        tried_first = self._choice.tried_first(choosing)
        is_tracked = bool(tried_first) or tracks_first(engine, request)
        needed = estimate_bytes(clip.size_wh, count, request.outputs, with_cache=is_tracked)
        disk.check_before(session.folder, needed, self._settings.min_free_disk_bytes)
        made_by = ("track", "matte") if is_tracked else ("matte",)
        if division is None and _keeps_every_alpha(session, request, engine, tried_first):
            made_by = ("render",)
        job = MattingJob(
            self._services(request),
            session,
            request,
            engine.name,
            tried_first,
            division,
            self._reasons(session.state, request, engine, tried_first),
        )
        return session, job, _stages(made_by, request, count, targets)

    def mattes_nothing(self, session: Session, request: MatteRequest, read: ReadMask) -> bool:
        """Return whether a job keeps the last result's alphas whole; False of one that can't be started.

        Args:
            read: reads the file of a mask.
        """
        choosing = self._as_before(session.state, request)
        try:
            name = self._choice.matting_engine(choosing.engine, everyone=request.everyone)
        except SplazmatteError:
            return False
        engine = self._choice.registry.get(name)
        tried_first = self._choice.tried_first(choosing)
        return _keeps_every_alpha(session, request, engine, tried_first, read)

    def _reasons(
        self, state: SessionState, request: MatteRequest, engine: Engine, tried_first: str
    ) -> tuple[Message, ...]:
        """Return why the engine of a job that names none was chosen; nothing where the look of `tried_first` says it."""
        if request.engine != "auto":
            return ()
        if request.everyone:
            return (Message("engine.finds_everyone", {"name": engine.label}),)
        if self._as_before(state, request).engine != "auto":
            return () if state.result_plan is None else state.result_plan.reasons
        reason = None if tried_first else self._choice.why_default()
        return () if reason is None else (reason,)

    def _as_before(self, state: SessionState, request: MatteRequest) -> MatteRequest:
        """Return the request with the result's engine where both were chosen by themselves.

        The frames that a correction doesn't change are kept, and another engine's would show beside them.
        """
        plan, made_by = state.result_plan, state.result_request
        if plan is None or made_by is None or request.every_frame or request.everyone:
            return request
        registry = self._choice.registry
        is_automatic = request.engine == made_by.engine == "auto" and not request.options
        is_known = plan.engine in registry.names
        if not is_automatic or not is_known or not registry.get(plan.engine).is_available:
            return request
        return request.model_copy(update={"engine": plan.engine})

    def render_job(
        self, session_id: str, request: RenderRequest
    ) -> tuple[Session, RenderJob, Mapping[str, int]]:
        """Return the checked job that renders the kept alpha again, its session, and its stages' units.

        Raises:
            BadRequest: a value of the request is unusable.
            FfmpegFailed: FFmpeg can't write one of the files.
            SessionError: there is no matte yet, or the session is unknown or damaged.
        """
        session, clip = self._clips.open(session_id)
        made_by = session.state.result_request
        if made_by is None or not session.master.is_file():
            raise SessionError("job.no_result")
        check_outputs(request.outputs)
        self._video.check_encoders(request.outputs)
        check_picture(session, request.backgrounds)
        first, last = frame_range(made_by, clip)
        count, folders = last - first + 1, len(result_folders(session))
        stages = {"render": count * folders}
        after = _last_stages(request, count)
        stages |= {stage: frames * folders for stage, frames in after.items()}
        return session, RenderJob(self._services(), session, request), stages

    def _services(self, request: MatteRequest | None = None) -> Services:
        refines = request is not None and request.refine_key_frames
        return Services(
            settings=self._settings,
            video=self._video,
            registry=self._choice.registry,
            manager=self._choice.manager,
            tracker_name=self._choice.segmenter_name(),
            key_frame_engine=self._choice.main_object_engine() if refines else "",
            is_stopping=self._is_stopping,
        )


def _stages(
    made_by: Iterable[str], request: MatteRequest, count: int, targets: int
) -> dict[str, int]:
    """Return the units of a job's stages, in their order.

    Args:
        made_by: the stages that give the alphas of each target.
        count: frames.
        targets: number of targets.
    """
    stages = dict.fromkeys(made_by, count * targets)
    after = _last_stages(request, count)
    if targets > 1 and request.separate_targets:
        stages |= {stage: frames * (targets + 1) for stage, frames in after.items()}
    if targets > 1:
        stages["encode"] = count  # of all targets together, when each has its alpha
    for stage, frames in after.items():
        stages.setdefault(stage, frames)
    return stages


def _keeps_every_alpha(
    session: Session,
    request: MatteRequest,
    engine: Engine,
    tried_first: str,
    read: ReadMask = read_mask,
) -> bool:
    """Return whether a job keeps the last result's alphas whole; False where its request is unusable.

    Args:
        tried_first: an engine that may take the place of the given one; "" for none.
        read: reads the file of a mask.
    """
    if tried_first:
        return False
    try:
        span = frame_range(request, session.clip)
        return keeps_every_alpha(session, request, engine, span, read)
    except SplazmatteError:
        return False


def _last_stages(request: MatteRequest | RenderRequest, count: int) -> dict[str, int]:
    """Return the frames of the files that are written again, or encoded, once all pictures of `count` frames are there."""
    chosen = [output_format(kind) for kind in request.outputs]
    frames = {
        SHRINK: count * sum(one.has_size_limit for one in chosen)
        if request.files.size_limit_mb
        else 0,
        FINISH: count * sum(one.is_encoded_last for one in chosen),
    }
    return {stage: number for stage, number in frames.items() if number}
