"""Everything that page, API and command line may ask for, by subject; they call nothing else of the pipeline."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from config import Settings
from engines.base import RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from engines.text.translation import Translator
from pipeline.doctor import Doctor, Finding
from pipeline.engine_choice import EngineChoice, EngineInfo
from pipeline.jobs.deletion import Deletion
from pipeline.jobs.queue import JobRunner, JobStatus
from pipeline.jobs.requests import Jobs
from pipeline.jobs.rerun import NextJob
from pipeline.jobs.upkeep import Upkeep
from pipeline.jobs.waiting import Queue
from pipeline.metrics import exposition
from pipeline.operations import Operations
from pipeline.postprocess.appearance import Edges
from pipeline.postprocess.review import ReviewPlace
from pipeline.selection.sky import replace_sky
from pipeline.selection.target_list import (
    TargetChange,
    add_target,
    change_target,
    remove_target,
)
from pipeline.selection.targets import Targets
from pipeline.selection.undo import marking
from pipeline.session.archive import NameOf, archive
from pipeline.session.clips import Clips
from pipeline.session.page_mark import PageMark
from pipeline.session.pictures import SessionPictures
from pipeline.session.playback import PlaybackClips
from pipeline.session.quick_preview import PreviewMaker, PreviewState, QuickPreviews
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.result_versions import (
    VersionInfo,
    delete_version,
    saved_result,
    take_version,
    versions_of,
)
from pipeline.session.results import OutputFile, Results
from pipeline.session.retention import SessionSummary
from pipeline.session.session import Session
from pipeline.session.sizes import SessionSizes
from pipeline.session.state import FIRST_TARGET, Keyframe, SessionState, TargetRecord
from pipeline.session.store import SessionStore
from pipeline.session.trash import DeletedSession
from pipeline.video_io import PictureSequence, UploadOptions, VideoIO
from pipeline.workers.dispatch import Dispatcher
from utils.types import Frame, Message, Prompt, Stroke

__all__ = [
    "EngineInfo",
    "Orchestrator",
    "OutputFile",
    "RenderRequest",
    "SessionView",
    "TargetChange",
]


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session and its job, where this process has one; `live` is the newest matted frame."""

    state: SessionState
    job: JobStatus | None
    live: Path | None


class Orchestrator:
    """Built once in app.py; every method may be called from any thread.

    Each method is one line to the object of its subject, where the docstring with its errors stands.
    """

    def __init__(
        self,
        settings: Settings,
        store: SessionStore,
        video: VideoIO,
        registry: EngineRegistry,
        manager: ModelManager,
        jobs: JobRunner,
        translator: Translator,
        workers: Dispatcher | None = None,
    ) -> None:
        """Wire the parts; `workers` gives matting jobs to worker processes, None runs them in this one."""
        self._store = store
        self._runner = jobs
        self._workers = workers
        elsewhere = frozenset[str] if workers is None else workers.engines
        self._choice = EngineChoice(settings, registry, manager, elsewhere)
        self._clips = Clips(settings, store, video)
        self._sizes = SessionSizes()
        self._results = Results(video)
        self._pictures = SessionPictures()
        cards = None if workers is None else workers.cards
        self._targets = Targets(
            self._clips, self._choice, translator, self._results, jobs.clicks, cards
        )
        page = PageMark(settings.workspace_dir)
        self._jobs = Jobs(settings, self._clips, video, self._choice, jobs, page, workers)
        self.operations = Operations(settings, self._clips, jobs, self._jobs, self._choice, workers)
        """What an administrator sees and may change."""
        self._playback = PlaybackClips(video)
        maker = PreviewMaker(video, manager, lambda: bool(jobs.active_sessions()))
        self._previews = QuickPreviews(
            self._choice.quick_preview_engine, maker.make if cards is None else cards.make_preview
        )
        self._upkeep = Upkeep(settings, store, video, manager, jobs, page)
        self._deletion = Deletion(store, self._upkeep, self._targets, workers)
        self._doctor = Doctor(settings, registry, manager, video)

    # --- sessions -------------------------------------------------------------------------------

    def create_session(
        self,
        upload: Path,
        shown_name: str,
        *,
        may_link: bool = False,
        owner: str = "",
        options: UploadOptions | None = None,
    ) -> SessionState:
        """Make a session of an uploaded clip, or of a ZIP of pictures; see `Clips.create`."""
        return self._clips.create(
            upload, shown_name, may_link=may_link, owner=owner, options=options
        )

    def create_session_of_pictures(
        self,
        sequence: PictureSequence,
        *,
        owner: str = "",
        options: UploadOptions | None = None,
    ) -> SessionState:
        """Make a session of a sequence of pictures; see `Clips.create_of_pictures`."""
        return self._clips.create_of_pictures(sequence, owner=owner, options=options)

    def state(self, session_id: str) -> SessionState:
        """Return the session's state; `SessionError` where it is unknown or damaged."""
        return self._store.open(session_id).state

    def delete(self, session_id: str) -> bool:
        """Move a session to the trash; False when a job runs or waits."""
        return self._deletion.delete(session_id)

    def restore(self, session_id: str) -> SessionState:
        """Take a session back from the trash; `SessionError` where it is not there."""
        return self._store.restore(session_id).state

    def purge(self, session_id: str) -> bool:
        """Remove a session of the trash for good; False where it is not there."""
        return self._deletion.purge(session_id)

    def deleted(self, session_id: str) -> DeletedSession | None:
        """Return a session of the trash, None where it is not there."""
        return self._store.deleted(session_id)

    def list_deleted(self) -> list[DeletedSession]:
        """Return the sessions that can be restored, the one deleted last first."""
        return self._upkeep.list_deleted()

    def discard(self, session_id: str) -> bool:
        """Remove a session for good; False when a job runs or waits."""
        return self._deletion.discard(session_id)

    def rename(self, session_id: str, name: str) -> SessionState:
        """Give a session another name to show; see `Clips.rename`."""
        return self._clips.rename(session_id, name)

    def size_bytes(self, session_id: str) -> int:
        """Return the disk space that a session takes; see `SessionSizes.of`."""
        return self._sizes.of(self._store.open(session_id))

    def remember(self, session_id: str, request: MatteRequest) -> None:
        """Keep what is chosen for the session's next job, for whoever opens it again."""
        self._store.open(session_id).update(draft=request)

    def sessions_of(self, owner: str | None, limit: int) -> list[SessionState]:
        """Return an owner's sessions, newest change first; with None everybody's."""
        return self._clips.of_owner(owner, limit)

    def set_kept(self, session_id: str, *, is_kept: bool) -> SessionState:
        """Protect a session from being removed for its age, or stop protecting it."""
        return self._clips.set_kept(session_id, is_kept=is_kept)

    def frame_jpeg(
        self,
        session_id: str,
        frame: int,
        cancel: threading.Event | None = None,
        *,
        neighbours: bool = False,
    ) -> bytes:
        """Return a JPEG of the displayed frame; see `Clips.frame_jpeg`."""
        return self._clips.frame_jpeg(session_id, frame, cancel, neighbours=neighbours)

    def kept_frame_jpeg(self, session_id: str, frame: int) -> bytes | None:
        """Return the JPEG that was kept of a frame; see `Clips.kept_frame_jpeg`."""
        return self._clips.kept_frame_jpeg(session_id, frame)

    def has_playback(self, session_id: str) -> bool:
        """Return whether the session's playback clip is there; if not, it is made in the background."""
        return self._playback.ask(self._store.open(session_id))

    def archive(self, session_ids: Sequence[str], name_of: NameOf) -> Iterator[bytes]:
        """Return the finished files of several sessions as one ZIP, piece by piece; see `archive`."""
        sessions = [self._store.open(session_id) for session_id in session_ids]
        return archive(self._results, sessions, name_of)

    def scene_cuts(self, session_id: str) -> tuple[int, ...]:
        """Return the frames that begin a new scene; none before the playback clip was made."""
        return self._playback.cuts(self._store.open(session_id))

    def playback_clip(self, session_id: str) -> Path | None:
        """Return the clip of the source that the page plays, None while there is none."""
        return self._playback.path(self._store.open(session_id))

    def quick_preview(self, session_id: str) -> PreviewState | None:
        """Return how far the preview without a mark is, and have it made; see `QuickPreviews.ask`."""
        return self._previews.ask(self._store.open(session_id))

    def quick_preview_file(self, session_id: str, *, is_clip: bool) -> Path | None:
        """Return the preview's clip, or the newest picture of one in the making; None where there is none."""
        session = self._store.open(session_id)
        path = session.quick_preview_clip if is_clip else session.quick_preview_picture
        return path if path.is_file() else None

    # --- the target -----------------------------------------------------------------------------

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
        """Find the target on a frame; see `Targets.segment`."""
        return self._targets.segment(
            session_id,
            frame,
            prompt,
            with_own_mask=with_own_mask,
            target=target,
            is_undo=is_undo,
        )

    def select_source_alpha(
        self, session_id: str, frame: int, target: int = FIRST_TARGET
    ) -> Keyframe:
        """Take the clip's own transparency as the target; see `Targets.select_source_alpha`."""
        return self._targets.select_source_alpha(session_id, frame, target)

    def read_mask_upload(
        self,
        session_id: str,
        frame: int,
        path: Path,
        strokes: tuple[Stroke, ...] = (),
        target: int = FIRST_TARGET,
    ) -> Keyframe:
        """Make a mask PNG the target on a frame; see `Targets.read_mask_upload`."""
        return self._targets.read_mask_upload(session_id, frame, path, strokes, target)

    def select_main_object(
        self, session_id: str, frame: int, target: int = FIRST_TARGET
    ) -> Keyframe:
        """Find the target without a mark; see `Targets.select_main_object`."""
        return self._targets.select_main_object(session_id, frame, target)

    def replace_sky(
        self, session_id: str, frame: int, picture: Path, target: int = FIRST_TARGET
    ) -> Keyframe:
        """Keep the picture as background and make the sky what it replaces; see `replace_sky`."""
        self.set_background_picture(session_id, picture)
        return replace_sky(self._store.open(session_id), self._targets, frame, target)

    def instance_image(
        self, session_id: str, frame: int, instance: int, target: int = FIRST_TARGET
    ) -> Path:
        """Return the mask PNG of a found instance, white on black, at full size."""
        return self._targets.instance_image(session_id, frame, instance, target)

    def keep(
        self, session_id: str, frame: int, kept: tuple[int, ...], target: int = FIRST_TARGET
    ) -> SessionState:
        """Choose which found instances of a keyframe are the target."""
        return self._targets.keep(session_id, frame, kept, target)

    def remove_keyframe(
        self, session_id: str, frame: int, target: int = FIRST_TARGET
    ) -> SessionState:
        """Forget what was selected of a target on a frame; harmless when nothing was."""
        return self._targets.remove(session_id, frame, target)

    def add_target(self, session_id: str, change: TargetChange) -> TargetRecord:
        """Add a target without marks; see `target_list.add_target`."""
        return add_target(self._store.open(session_id), change)

    def change_target(self, session_id: str, number: int, change: TargetChange) -> SessionState:
        """Name, colour, show or lock a target; see `target_list.change_target`."""
        return change_target(self._store.open(session_id), number, change)

    def remove_target(self, session_id: str, number: int) -> SessionState:
        """Remove a target with its marks; see `target_list.remove_target`."""
        return remove_target(self._store.open(session_id), number)

    def marking(self, session_id: str) -> AbstractContextManager[None]:
        """Take back all marks that are made inside the block where one is refused; see `undo.marking`."""
        self._upkeep.check_free(session_id)
        return marking(self._store.open(session_id))

    # --- engines --------------------------------------------------------------------------------

    def engines(self) -> tuple[EngineInfo, ...]:
        """Return the matting engines, with what each still needs."""
        return self._choice.matting()

    def segmenter_info(self) -> EngineInfo:
        """Return the engine that finds the target now."""
        return self._choice.segmenter()

    def segmenters(self) -> tuple[EngineInfo, ...]:
        """Return every engine that finds targets, best first, with what each still needs."""
        return self._choice.segmenters()

    def missing_network(self) -> Message | None:
        """Return what the foreground network of the settings lacks; see `EngineChoice.missing_network`."""
        return self._choice.missing_network()

    def examine(self) -> Iterator[Finding]:
        """Yield what this machine offers and lacks, item by item; runs a tiny job on every ready engine."""
        return self._doctor.examine()

    def all_engines(self) -> tuple[EngineInfo, ...]:
        """Return every engine, with its measured peak where it has run."""
        return self._choice.everything()

    def take_webhook(self, service: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Take a webhook of a service, by its engine's name; see `EngineChoice.take_webhook`."""
        return self._choice.take_webhook(service, headers, body)

    # --- jobs -----------------------------------------------------------------------------------

    def check_request(self, request: MatteRequest) -> None:
        """Check what can be checked of a request without a clip; see `Jobs.check_request`."""
        self._jobs.check_request(request)

    def check_job(self, session_id: str, request: MatteRequest) -> None:
        """Check a request as `submit` does; see `Jobs.check`."""
        self._jobs.check(session_id, request)

    def before_start(self, session_id: str, request: MatteRequest) -> Message | None:
        """Return what a user must know before the job starts; see `Jobs.before_start`."""
        return self._jobs.before_start(session_id, request)

    def submit(self, session_id: str, request: MatteRequest) -> JobStatus:
        """Queue a matting job; see `Jobs.submit`."""
        return self._jobs.submit(session_id, request)

    def run_now(self, session_id: str, request: MatteRequest, context: RunContext) -> SessionState:
        """Run a matting job in this thread, for the command line."""
        return self._jobs.run_now(session_id, request, context)

    def rerender(self, session_id: str, request: RenderRequest) -> JobStatus:
        """Queue new files from the kept alpha; see `Jobs.rerender`."""
        return self._jobs.rerender(session_id, request)

    def rerender_now(
        self, session_id: str, request: RenderRequest, context: RunContext
    ) -> SessionState:
        """Render again in this thread, for the command line."""
        self._upkeep.check_free(session_id)
        return self._jobs.rerender_now(session_id, request, context)

    def status(self, session_id: str) -> SessionView:
        """Return the session and its job."""
        session = self._store.open(session_id)
        return SessionView(session.state, self._runner.status(session_id), session.live_picture)

    def next_job(self, session_id: str) -> NextJob:
        """Return what the job that is chosen next would do beside the result; see `Jobs.next_job`."""
        return self._jobs.next_job(session_id)

    def cancel(self, session_id: str) -> bool:
        """Ask the session's job to stop at its next frame; False when none is active."""
        return self._runner.cancel(self._store.open(session_id).id)

    # --- results --------------------------------------------------------------------------------

    def versions(self, session_id: str) -> list[VersionInfo]:
        """Return the current result and the earlier ones that are kept, the newest first."""
        return versions_of(self._store.open(session_id))

    def take_version(self, session_id: str, number: int) -> SessionState:
        """Make an earlier result the current one; see `result_versions.take_version`."""
        self._upkeep.check_free(session_id)
        return take_version(self._store.open(session_id), number)

    def delete_version(self, session_id: str, number: int) -> SessionState:
        """Delete an earlier result for good; see `result_versions.delete_version`."""
        self._upkeep.check_free(session_id)
        return delete_version(self._store.open(session_id), number)

    def _result(self, session_id: str, version: int | None) -> Session:
        """Return the session with its current result, or with that of a version."""
        session = self._store.open(session_id)
        if version is None or version == session.state.result_number:
            return session
        return saved_result(session, version)

    def outputs(
        self, session_id: str, version: int | None = None, kind: str = ""
    ) -> tuple[OutputFile, ...]:
        """Return the finished files of the current result or of a version; see `Results.outputs`."""
        return self._results.outputs(self._result(session_id, version), kind)

    def prepare_download(
        self, session_id: str, output: OutputFile, version: int | None = None
    ) -> None:
        """Have a finished file lie at its path; see `Results.prepare_download`."""
        self._results.prepare_download(self._result(session_id, version), output)

    def download_link(self, session_id: str, output: OutputFile, name: str, media_type: str) -> str:
        """Return an address at the object store to fetch a finished file from, "" where it comes from here."""
        if self._workers is None:
            return ""
        session = self._store.open(session_id)
        return self._workers.files.link(session, output.path, name, media_type)

    def still(
        self,
        session_id: str,
        frame: int,
        edges: Edges,
        background: str,
        cancel: threading.Event | None = None,
        version: int | None = None,
    ) -> Frame:
        """Return one result frame over a background, uint8 RGB (H, W, 3); see `Results.still`."""
        session = self._result(session_id, version)
        return self._results.still(session, frame, edges, background, cancel)

    def alpha_still(
        self, session_id: str, frame: int, edges: Edges, version: int | None = None
    ) -> Frame:
        """Return one alpha frame as grey, uint8 RGB (H, W, 3)."""
        return self._results.alpha_still(self._result(session_id, version), frame, edges)

    def set_background_picture(self, session_id: str, path: Path) -> None:
        """Keep a picture as the session's own background; see `SessionPictures.set_background`."""
        self._pictures.set_background(self._store.open(session_id), path)

    def set_clean_plate(self, session_id: str, path: Path) -> None:
        """Keep a picture of the scene without the target; see `SessionPictures.set_clean_plate`."""
        self._pictures.set_clean_plate(self._store.open(session_id), path)

    def confidence(self, session_id: str) -> tuple[float | None, ...]:
        """Return the engine's confidence at each frame of the clip, None where it did not run."""
        return self._results.confidence(self._store.open(session_id))

    def places_to_review(self, session_id: str) -> list[ReviewPlace]:
        """Return frames of the result worth a look, with the reason; see `postprocess.review`."""
        return self._results.places_to_review(self._store.open(session_id))

    def export(self, session_id: str, folder: Path, version: int | None = None) -> dict[str, Path]:
        """Put the finished files into the folder; see `Results.export`."""
        return self._results.export(self._result(session_id, version), folder)

    def export_mask(self, session_id: str, frame: int, path: Path) -> None:
        """Write the kept instances of a keyframe as one mask PNG, 0 or 255."""
        self._results.export_mask(self._store.open(session_id), frame, path)

    # --- upkeep ---------------------------------------------------------------------------------

    def check_tools(self) -> None:
        """Check what every job needs; see `Upkeep.check_tools`."""
        self._upkeep.check_tools()

    def warm_up(self) -> None:
        """Compile, in the background, what the first mark needs; an engine with weights loads on use."""
        name = self._choice.segmenter_name()
        if not self._choice.registry.get(name).weight_bytes:
            self._upkeep.warm_up(name)

    def recover(self) -> int:
        """Settle sessions whose process died, at start-up; return how many were interrupted.

        Jobs that workers have go on; see `Jobs.follow_left`. Waiting ones are left to `queue_again`.
        """
        return len(self._upkeep.recover(self._jobs.follow_left()))

    def queue_again(self) -> int:
        """Take over the jobs of pages that ended; return how many. See `Upkeep.queue_again`."""
        jobs = self._jobs
        queue = Queue(jobs.submit, jobs.rerender, self._runner.active_sessions, jobs.follow_ended)
        return self._upkeep.queue_again(queue)

    def list_sessions(self) -> list[SessionSummary]:
        """Return all sessions, newest change first."""
        return self._upkeep.list_sessions()

    def clean_sessions(self, *, dry_run: bool = False) -> list[SessionSummary]:
        """Remove expired sessions; return those that went, or with `dry_run` would go."""
        gone = self._upkeep.clean_sessions(dry_run=dry_run)
        if self._workers is not None and not dry_run:
            self._workers.files.sweep(self._store)
        return gone

    def health(self) -> dict[str, bool | int]:
        """Return what a monitor wants: is the GPU usable, how many jobs wait or run, how many workers live."""
        workers = {} if self._workers is None else {"workers": len(self._workers.workers)}
        return {**self._upkeep.health(), **workers}

    def metrics(self) -> str:
        """Return what a monitor draws, as Prometheus reads it; see `Upkeep.metrics` and `Dispatcher.metrics`."""
        of_workers = () if self._workers is None else self._workers.metrics()
        return exposition((*self._upkeep.metrics(), *of_workers))

    def interrupt(self) -> None:
        """Have jobs that are cancelled from now on end as interrupted: the process is stopping."""
        self._jobs.interrupt()

    def close(self) -> bool:
        """Stop for good: running jobs end as interrupted, models are unloaded; True when all stopped."""
        self._jobs.interrupt()
        if self._workers is not None:
            self._workers.stop()
        self._targets.stop()
        self._clips.stop_decodes()
        self._playback.stop()
        self._previews.stop()
        stopped = self._upkeep.close()
        self._clips.close()
        self._playback.close()
        self._previews.close()
        if self._workers is not None:
            self._workers.close()
        return stopped
