"""The order of the steps, for the page and the command line alike; the only thing they call."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from config import Settings
from engines.base import Capability, RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from engines.text.translation import Translator
from pipeline.engine_choice import EngineChoice, EngineInfo
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.guides import start_frame
from pipeline.jobs.matting import MattingJob, Services, tracks_first
from pipeline.jobs.queue import JobRunner, JobStatus
from pipeline.jobs.rerender import RenderJob, result_folders
from pipeline.postprocess.appearance import Edges
from pipeline.selection.corrections import base_mask
from pipeline.selection.selector import (
    Selector,
    mask_notices,
    read_mask_file,
    remove_keyframe,
    store_mask,
)
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.results import (
    OutputFile,
    Results,
    check_picture,
)
from pipeline.session.retention import (
    RetentionRules,
    SessionSummary,
    check_share,
    clean,
    summarise_all,
)
from pipeline.session.state import (
    Keyframe,
    SessionState,
    SessionStatus,
    frame_range,
)
from pipeline.session.store import Session, SessionStore
from pipeline.storage import disk
from pipeline.storage.files import link_or_copy
from pipeline.video_io import ClipInfo, VideoIO
from pipeline.video_io.outputs.registry import check_outputs
from utils.errors import BadRequest, SessionError, SplazmatteError
from utils.image_utils import encode_image, write_bytes
from utils.options import resolve_options
from utils.prompts import check_points, check_prompt
from utils.types import Frame, Prompt

logger = logging.getLogger(__name__)

UNLOAD_WAIT_S = 1.0
"""Seconds that a click still being answered has to end when the process stops."""

__all__ = ["EngineInfo", "Orchestrator", "OutputFile", "RenderRequest", "SessionView"]


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session and its job, where this process has one; `live` is the newest matted frame."""

    state: SessionState
    job: JobStatus | None
    live: Path | None


class Orchestrator:
    """Built once in app.py; every method may be called from any thread."""

    def __init__(
        self,
        settings: Settings,
        store: SessionStore,
        video: VideoIO,
        registry: EngineRegistry,
        manager: ModelManager,
        jobs: JobRunner,
        translator: Translator,
    ) -> None:
        self._settings = settings
        self._store = store
        self._video = video
        self._registry = registry
        self._manager = manager
        self._jobs = jobs
        self._translator = translator
        self._interrupted = threading.Event()
        self._selector = Selector(manager)
        self._choice = EngineChoice(settings, registry, manager)
        self._results = Results(video)

    # --- sessions -------------------------------------------------------------------------------

    def create_session(
        self, upload: Path, shown_name: str, *, may_link: bool = False, owner: str = ""
    ) -> SessionState:
        """Ingest a clip: give it a folder of its own, then check it there.

        Args:
            owner: whose share of the disk and of the queue the session counts for.
            may_link: share the file with the upload instead of copying it; only for an upload that
                nobody else writes to.

        Raises:
            BadUpload: not a clip we accept; nothing is kept.
            NotEnoughDisk: the disk has no room for it.
        """
        self._video.check_file(upload)
        self._store.root.mkdir(parents=True, exist_ok=True)
        size_bytes = upload.stat().st_size
        reserve_bytes = self._settings.min_free_disk_bytes
        disk.check_before(self._store.root, size_bytes, reserve_bytes)
        check_share(self._store, owner, size_bytes, reserve_bytes)
        source = f"source{self._safe_suffix(upload)}"
        take_in = link_or_copy if may_link else shutil.copyfile

        def fill(folder: Path) -> dict[str, object]:
            take_in(upload, folder / source)
            clip = self._video.probe(folder / source)
            return {"source": source, "clip": clip, "owner": owner}

        with disk.translate_disk_full(self._store.root):
            session = self._store.create(shown_name, fill)
        state = session.state
        clip = session.clip
        logger.info(
            "session %s: %dx%d, %d frames, %s",
            session.id[:6],
            *clip.size_wh,
            clip.frame_count,
            clip.codec,
        )
        return state

    def state(self, session_id: str) -> SessionState:
        """Return the session's state.

        Raises:
            SessionError: unknown or damaged.
        """
        return self._store.open(session_id).state

    def discard(self, session_id: str) -> bool:
        """Remove a session for good; False when a job runs or waits."""
        self._selector.forget(session_id)
        return self._store.remove(self._store.open(session_id))

    def sessions_exist(self, session_ids: Sequence[str]) -> list[SessionState]:
        """Return the states of those ids that exist, in the order given."""
        states = []
        for session_id in session_ids:
            try:
                states.append(self.state(session_id))
            except SessionError:
                continue
        return states

    def sessions_of(self, owner: str | None, limit: int) -> list[SessionState]:
        """Return an owner's sessions, newest change first; with None everybody's."""
        states = []
        for session in self._store:
            with contextlib.suppress(SessionError):
                state = session.state
                if owner is None or state.owner == owner:
                    states.append(state)
        return sorted(states, key=lambda state: -state.updated_at_s)[:limit]

    def set_kept(self, session_id: str, *, is_kept: bool) -> SessionState:
        """Protect a session from being removed for its age, or stop protecting it.

        Raises:
            SessionError: its owner keeps as many as one may.
        """
        session = self._store.open(session_id)
        owner = session.state.owner
        limit = self._settings.kept_sessions_per_client
        if is_kept and sum(state.is_kept for state in self.sessions_of(owner, 10**9)) >= limit:
            raise SessionError("job.kept_limit", limit=limit)
        return session.update(is_kept=is_kept)

    def frame_jpeg(
        self, session_id: str, frame: int, cancel: threading.Event | None = None
    ) -> bytes:
        """Return a JPEG of the displayed frame at its own size.

        It is kept in the session for the next time, as long as the disk's reserve stays free.

        Args:
            cancel: ends a decode that is waited for.

        Raises:
            BadRequest: the clip has no such frame.
            Cancelled: the event was set.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        path = session.folder / "frames" / f"{frame:06d}.jpg"
        with contextlib.suppress(FileNotFoundError):
            return path.read_bytes()
        content = encode_image(self._read_frame(session, clip, frame, cancel), ".jpg")
        free_bytes = shutil.disk_usage(session.folder).free
        if free_bytes - len(content) >= self._settings.min_free_disk_bytes:
            with contextlib.suppress(OSError):
                # A full disk, or a job that sweeps unfinished files: it is made again next time.
                path.parent.mkdir(exist_ok=True)
                write_bytes(path, content)
        return content

    # --- the target -----------------------------------------------------------------------------

    def segment(self, session_id: str, frame: int, prompt: Prompt) -> Keyframe:
        """Find the target on a frame; a Chinese text is translated first.

        Raises:
            UnusablePrompt: empty, outside the frame, too long, or nothing was found.
            BadRequest: the clip has no such frame.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        with disk.translate_disk_full(session.folder):
            return self._find(session, clip, frame, prompt)

    def _find(self, session: Session, clip: ClipInfo, frame: int, prompt: Prompt) -> Keyframe:
        if prompt.mask is not None:
            return store_mask(session, frame, prompt.mask)
        text = prompt.text.strip()
        english = ""
        name = self._choice.segmenter_name()
        engine = self._registry.get(name)
        check_points(prompt.points, clip.size_wh)
        base = base_mask(session, frame, prompt, self._results)
        prompt = check_prompt(
            prompt if base is None else replace(prompt, mask=base),
            clip.size_wh,
            engine.label,
            reads_text=Capability.TEXT in engine.capabilities,
            finds_similar=Capability.EXEMPLARS in engine.capabilities,
        )
        if text:
            english = self._translator.translate(text).english

        def read_frames(distances: tuple[int, ...]) -> dict[int, Frame]:
            return self._read_around(session, clip, frame, distances)

        return self._selector.segment(session, frame, prompt, name, read_frames, english)

    def read_mask_upload(self, session_id: str, frame: int, path: Path) -> Keyframe:
        """Take a mask PNG of the clip's size as the target on a frame.

        Raises:
            UnusablePrompt: not a PNG, of another size, or it selects nothing or everything.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        mask = read_mask_file(path, clip.size_wh, frame)
        notices = mask_notices(path, clip.size_wh)
        with disk.translate_disk_full(session.folder):
            return store_mask(session, frame, mask, notices)

    def instance_image(self, session_id: str, frame: int, instance: int) -> Path:
        """Return the mask PNG of a found instance, white on black, at full size."""
        session = self._store.open(session_id)
        path = session.instance_path(int(frame), int(instance))
        if not path.is_file():
            raise BadRequest("job.no_target")
        return path

    def keep(self, session_id: str, frame: int, kept: tuple[int, ...]) -> SessionState:
        """Choose which found instances of a keyframe are the target.

        Raises:
            BadRequest: no such keyframe or instance.
        """

        def choose(state: SessionState) -> SessionState:
            keyframe = state.keyframes.get(frame)
            known = {instance.id for instance in keyframe.instances} if keyframe else set()
            if keyframe is None or not set(kept) <= known:
                raise BadRequest("job.no_target")
            return state.with_keyframe(keyframe.model_copy(update={"kept": tuple(kept)}))

        return self._store.open(session_id).transform(choose)

    def remove_keyframe(self, session_id: str, frame: int) -> SessionState:
        """Forget what was selected on a frame; harmless when nothing was."""
        return remove_keyframe(self._store.open(session_id), int(frame))

    # --- engines --------------------------------------------------------------------------------

    def engines(self) -> tuple[EngineInfo, ...]:
        """Return the matting engines, with what each still needs."""
        return self._choice.matting()

    def segmenter_info(self) -> EngineInfo:
        """Return who finds the target now."""
        return self._choice.segmenter()

    def segmenters(self) -> tuple[EngineInfo, ...]:
        """Return every engine that finds targets, best first, with what each still needs."""
        return self._choice.segmenters()

    def all_engines(self) -> tuple[EngineInfo, ...]:
        """Return every engine, with its measured peak where it has run."""
        return self._choice.everything()

    # --- jobs -----------------------------------------------------------------------------------

    def check_request(self, request: MatteRequest) -> None:
        """Check what can be checked of a request without a clip; same errors as `submit`."""
        name = self._choice.matting_engine(request.engine, everyone=request.everyone)
        engine = self._registry.get(name)
        resolve_options(engine.option_specs(), request.options)
        check_outputs(request.outputs)

    def submit(self, session_id: str, request: MatteRequest) -> JobStatus:
        """Queue a matting job; it belongs to the session, not to whoever asked.

        Raises:
            BadRequest: a value of the request is unusable.
            EngineUnavailable: the engine lacks something.
            NotEnoughDisk: the disk has no room for the outputs.
            SessionError: the session has a job already, or the queue is full.
        """
        session, job, stages = self._prepare(session_id, request)

        def drop() -> None:
            stopping = self._jobs.is_stopping
            status = SessionStatus.INTERRUPTED if stopping else SessionStatus.CANCELLED
            session.update(status=status)

        with disk.translate_disk_full(session.folder):
            self._jobs.submit(
                session.id,
                "matte",
                lambda context: _drop_result(job.run(context)),
                stages,
                rate_key=job.engine_name,
                client=session.state.owner,
                on_dropped=drop,
                on_queued=lambda: _drop_result(
                    session.update(status=SessionStatus.QUEUED, request=request, error=None)
                ),
            )
        return self._job_status(session.id)

    def run_now(self, session_id: str, request: MatteRequest, context: RunContext) -> SessionState:
        """Run a matting job in this thread, for the command line; same errors as `submit`."""
        _, job, _ = self._prepare(session_id, request)
        return job.run(context)

    def rerender(self, session_id: str, request: RenderRequest) -> JobStatus:
        """Queue new files from the kept alpha; the engine does not run.

        Raises:
            SessionError: there is no matte yet, or a job is running.
        """
        session, job, stages = self._prepare_render(session_id, request)
        self._jobs.submit(
            session.id,
            "render",
            lambda context: _drop_result(job.run(context)),
            stages,
            client=session.state.owner,
        )
        return self._job_status(session.id)

    def rerender_now(
        self, session_id: str, request: RenderRequest, context: RunContext
    ) -> SessionState:
        """Render again in this thread, for the command line; same errors as `rerender`."""
        _, job, _ = self._prepare_render(session_id, request)
        return job.run(context)

    def status(self, session_id: str) -> SessionView:
        """Return the session and its job."""
        session = self._store.open(session_id)
        live = session.folder / "live.jpg"
        return SessionView(
            state=session.state,
            job=self._jobs.status(session_id),
            live=live if live.is_file() else None,
        )

    def cancel(self, session_id: str) -> bool:
        """Ask the session's job to stop at its next frame; False when none is active."""
        return self._jobs.cancel(self._store.open(session_id).id)

    # --- results --------------------------------------------------------------------------------

    def outputs(self, session_id: str) -> tuple[OutputFile, ...]:
        """Return the finished files; a sequence comes as one zip."""
        return self._results.outputs(self._store.open(session_id))

    def still(
        self,
        session_id: str,
        frame: int,
        edges: Edges,
        background: str,
        cancel: threading.Event | None = None,
    ) -> Frame:
        """Return one result frame over a background; see `Results.still`."""
        return self._results.still(self._store.open(session_id), frame, edges, background, cancel)

    def alpha_still(self, session_id: str, frame: int, edges: Edges) -> Frame:
        """Return one alpha frame as grey, uint8 RGB (H, W, 3)."""
        return self._results.alpha_still(self._store.open(session_id), frame, edges)

    def set_background_picture(self, session_id: str, path: Path) -> None:
        """Keep a picture as the session's own background; see `Results.set_background_picture`."""
        self._results.set_background_picture(self._store.open(session_id), path)

    def confidence(self, session_id: str) -> tuple[float | None, ...]:
        """Return how sure the engine was at each frame of the clip, None where it did not run."""
        return self._results.confidence(self._store.open(session_id))

    def export(self, session_id: str, folder: Path) -> dict[str, Path]:
        """Put the finished files into the folder; see `Results.export`."""
        return self._results.export(self._store.open(session_id), folder)

    def export_mask(self, session_id: str, frame: int, path: Path) -> None:
        """Write the kept instances of a keyframe as one mask PNG, 0 or 255."""
        self._results.export_mask(self._store.open(session_id), frame, path)

    # --- upkeep ---------------------------------------------------------------------------------

    def check_tools(self) -> None:
        """Check what every job needs, before anybody waits for one.

        Raises:
            FfmpegFailed: FFmpeg is missing, does not run, or is too old.
        """
        logger.info("FFmpeg %s", self._video.check_ffmpeg())

    def recover(self) -> int:
        """Settle sessions whose process died, at start-up; return how many were interrupted."""
        return len(self._store.recover())

    def list_sessions(self) -> list[SessionSummary]:
        """Return all sessions, newest change first."""
        rows = summarise_all(self._store, time.time(), self._jobs.active_sessions())
        return sorted(rows, key=lambda row: row.age_hours)

    def clean_sessions(self, *, dry_run: bool = False) -> list[SessionSummary]:
        """Remove expired sessions; return those that went, or with `dry_run` would go."""
        rules = RetentionRules(
            self._settings.retention_hours,
            self._settings.keep_sessions,
            self._settings.protected_hours,
            self._settings.running_floor_bytes,
        )
        active = self._jobs.active_sessions()
        removals = clean(self._store, rules, dry_run=dry_run, active=active)
        return [removal.session for removal in removals]

    def health(self) -> dict[str, bool | int]:
        """Return what a monitor wants: is the GPU usable, how many jobs wait or run."""
        return {"healthy": self._manager.healthy, "jobs": len(self._jobs.active_sessions())}

    def interrupt(self) -> None:
        """Have jobs that are cancelled from now on end as interrupted: the process is stopping."""
        self._interrupted.set()

    def close(self) -> bool:
        """Stop for good: running jobs end as interrupted, models are unloaded; True when all stopped."""
        self.interrupt()
        stopped = self._jobs.close(self._settings.stop_grace_s)
        for session_id in self._jobs.active_sessions():
            self._give_up(session_id)
        self._manager.close(UNLOAD_WAIT_S)
        return stopped

    def _give_up(self, session_id: str) -> None:
        """Say of a job that did not stop in time what the process's end is about to make true."""
        logger.warning("session %s did not stop in time", session_id[:6])
        try:
            self._store.open(session_id).update(status=SessionStatus.INTERRUPTED)
        except (OSError, SplazmatteError) as error:
            logger.warning("session %s keeps an old state: %s", session_id[:6], error)

    # --- inside ---------------------------------------------------------------------------------

    def _services(self) -> Services:
        return Services(
            settings=self._settings,
            video=self._video,
            registry=self._registry,
            manager=self._manager,
            tracker_name=self._choice.segmenter_name(),
            is_stopping=lambda: self._jobs.is_stopping or self._interrupted.is_set(),
        )

    def _prepare(
        self, session_id: str, request: MatteRequest
    ) -> tuple[Session, MattingJob, dict[str, int]]:
        session, clip = self._session_clip(session_id)
        self.check_request(request)
        check_picture(session, request.backgrounds)
        name = self._choice.matting_engine(request.engine, everyone=request.everyone)
        engine = self._registry.get(name)
        first, last = frame_range(request, clip)
        start_frame(request, session.state, first, last)
        count = last - first + 1
        is_tracked = tracks_first(engine, request)
        needed = estimate_bytes(clip.size_wh, count, request.outputs, with_cache=is_tracked)
        disk.check_before(session.folder, needed, self._settings.min_free_disk_bytes)
        stages = {"matte": count}
        if is_tracked:
            stages = {"track": count, **stages}
        return session, MattingJob(self._services(), session, request, name), stages

    def _prepare_render(
        self, session_id: str, request: RenderRequest
    ) -> tuple[Session, RenderJob, dict[str, int]]:
        session, clip = self._session_clip(session_id)
        made_by = session.state.result_request
        if made_by is None or not session.master.is_file():
            raise SessionError("job.no_result")
        check_outputs(request.outputs)
        check_picture(session, request.backgrounds)
        first, last = frame_range(made_by, clip)
        stages = {"render": (last - first + 1) * len(result_folders(session))}
        return session, RenderJob(self._services(), session, request), stages

    def _job_status(self, session_id: str) -> JobStatus:
        status = self._jobs.status(session_id)
        if status is None:
            raise SessionError("job.session_unknown")
        return status

    def _session_clip(self, session_id: str) -> tuple[Session, ClipInfo]:
        session = self._store.open(session_id)
        return session, session.clip

    @staticmethod
    def _check_frame(frame: int, clip: ClipInfo) -> None:
        if not 0 <= frame < clip.frame_count:
            raise BadRequest(
                "job.frame_range", frame=frame, frames=clip.frame_count, end=clip.frame_count - 1
            )

    def _read_frame(
        self, session: Session, clip: ClipInfo, frame: int, cancel: threading.Event | None
    ) -> Frame:
        return next(iter(self._video.open(session.source, clip, cancel).read(frame, frame + 1)))

    def _read_around(
        self, session: Session, clip: ClipInfo, frame: int, distances: tuple[int, ...]
    ) -> dict[int, Frame]:
        """Return a frame as 0 and its neighbours by their distance, those that the clip has."""
        wanted = {0, *(d for d in distances if 0 <= frame + d < clip.frame_count)}
        first, stop = frame + min(wanted), frame + max(wanted) + 1
        frames = self._video.open(session.source, clip).read(first, stop)
        return {
            index - frame: picture.copy()
            for index, picture in enumerate(frames, start=first)
            if index - frame in wanted
        }

    def _safe_suffix(self, upload: Path) -> str:
        suffix = upload.suffix.lower().lstrip(".")
        return f".{suffix}" if suffix in self._settings.formats else ".bin"


def _drop_result(result: object) -> None:
    del result
