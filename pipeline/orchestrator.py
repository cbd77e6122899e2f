"""The order of the steps, for the page and the command line alike; the only thing they call."""

from __future__ import annotations

import json
import logging
import re
import shutil
import threading
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict

from config import Settings
from engines.base import Capability, Instance, OptionSpec, RunContext, resolve_options
from engines.manager import ModelManager
from engines.registry import EngineRegistry
from engines.translation import Translator
from pipeline import disk
from pipeline.files import link_or_copy, partial_path
from pipeline.jobs import JobRunner, JobStatus
from pipeline.matting import (
    TARGETS_DIR,
    MattingJob,
    Services,
    frame_range,
    start_frame,
)
from pipeline.postprocess import EdgeControls, apply_edges
from pipeline.rerender import RenderJob
from pipeline.retention import SessionSummary, clean, summarise
from pipeline.selection import (
    MASK_ENGINE,
    Selector,
    check_geometry,
    read_mask_file,
    store_keyframe,
)
from pipeline.session import Session, SessionStore, read_mask
from pipeline.state import (
    OUTPUT_KINDS,
    Keyframe,
    MatteRequest,
    SessionState,
    SessionStatus,
)
from pipeline.video_io import ClipInfo, RenderLook, VideoIO, compose_still, read_master_frame
from utils.errors import BadRequest, BadUpload, EngineUnavailable, SessionError
from utils.image_utils import write_image
from utils.types import Alpha, Frame, Message, Prompt

logger = logging.getLogger(__name__)

MATTING_ENGINES = ("builtin", "matanyone", "videomama")
"""Engines that make mattes, in the order they are shown."""
SEGMENTERS = ("sam3", "sam2", "builtin")
"""Engines that find and track the target, best first."""
MAX_PICTURE_SIDE = 8192
"""Longest side of a background picture, in pixels."""
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_NAMED_BACKGROUNDS = ("checker", "grey", "black", "white", "picture")


class RenderRequest(BaseModel):
    """New files from the kept alpha: the engine does not run."""

    model_config = ConfigDict(frozen=True)

    edges: EdgeControls = EdgeControls()
    background: str = "#00FF00"
    preview_background: str = "checker"
    outputs: tuple[str, ...] = ("alpha", "foreground", "preview")


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """An engine as the page and `engines` show it; `missing` pairs what lacks with its command."""

    name: str
    label: Message
    description: Message
    capabilities: frozenset[Capability]
    is_available: bool
    missing: tuple[tuple[Message, str], ...]
    option_specs: tuple[OptionSpec, ...]
    is_default: bool
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A finished output ready to download."""

    kind: str
    path: Path
    size_bytes: int


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
        self._selector = Selector(manager)
        self._zip_lock = threading.Lock()

    # --- sessions -------------------------------------------------------------------------------

    def create_session(self, upload: Path, shown_name: str) -> SessionState:
        """Take a clip in: check it at the one door, then give it a folder of its own.

        Raises:
            BadUpload: not a clip we accept; nothing is kept.
            NotEnoughDisk: the disk has no room for it.
        """
        if upload.is_symlink() or not upload.is_file():
            raise BadUpload("video.not_a_file")
        self._store.root.mkdir(parents=True, exist_ok=True)
        size_bytes = upload.stat().st_size
        disk.check_before(self._store.root, size_bytes, self._settings.min_free_disk_bytes)
        clip = self._video.probe(upload)
        session = self._store.create(shown_name)
        try:
            source = session.folder / f"source{self._safe_suffix(upload)}"
            link_or_copy(upload, source)
            state = session.update(source=source.name, clip=clip)
        except BaseException:
            self._store.remove(session)
            raise
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

    def sessions_exist(self, session_ids: Sequence[str]) -> list[SessionState]:
        """Return the states of those ids that exist, in the order given."""
        states = []
        for session_id in session_ids:
            try:
                states.append(self.state(session_id))
            except SessionError:
                continue
        return states

    def frame_image(self, session_id: str, frame: int) -> Path:
        """Return a JPEG of the displayed frame at its own size, kept in the session.

        Raises:
            BadRequest: the clip has no such frame.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        path = session.folder / "frames" / f"{frame:06d}.jpg"
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            write_image(path, self._read_frame(session, clip, frame))
        return path

    # --- the target -----------------------------------------------------------------------------

    def segment(self, session_id: str, frame: int, prompt: Prompt) -> Keyframe:
        """Find the target on a frame; a Chinese text is translated first.

        Raises:
            UnusablePrompt: empty, outside the frame, too long, or nothing was found.
            BadRequest: the clip has no such frame.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        check_geometry(prompt, clip.size_wh)
        if prompt.mask is not None:
            return store_keyframe(
                session, frame, [Instance(prompt.mask, 1.0)], engine=MASK_ENGINE, prompt=prompt
            )
        text = prompt.text.strip()
        english = ""
        name = self.segmenter_name()
        if text and Capability.TEXT in self._registry.get(name).capabilities:
            english = self._translator.translate(text).english
        return self._selector.segment(
            session, frame, prompt, name, lambda: self._read_frame(session, clip, frame), english
        )

    def read_mask_upload(self, session_id: str, frame: int, path: Path) -> Keyframe:
        """Take a mask PNG of the clip's size as the target on a frame.

        Raises:
            UnusablePrompt: not a PNG, of another size, or it selects nothing or everything.
        """
        session, clip = self._session_clip(session_id)
        self._check_frame(frame, clip)
        mask = read_mask_file(path, clip.size_wh, frame)
        return self.segment(session.id, frame, Prompt(mask=mask))

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
        session = self._store.open(session_id)
        shutil.rmtree(session.instance_path(int(frame), 0).parent, ignore_errors=True)
        return session.transform(
            lambda state: state.model_copy(
                update={
                    "keyframes": {
                        key: value for key, value in state.keyframes.items() if key != frame
                    }
                }
            )
        )

    # --- engines --------------------------------------------------------------------------------

    def engines(self) -> tuple[EngineInfo, ...]:
        """Return the matting engines, with what each still needs."""
        default = self.default_engine()
        return tuple(self._info(name, name == default) for name in MATTING_ENGINES)

    def segmenter_info(self) -> EngineInfo:
        """Return who finds the target now."""
        return self._info(self.segmenter_name(), True)

    def segmenters(self) -> tuple[EngineInfo, ...]:
        """Return every engine that finds targets, best first, with what each still needs."""
        chosen = self.segmenter_name()
        return tuple(self._info(name, name == chosen) for name in SEGMENTERS)

    def segmenter_name(self) -> str:
        """Return the engine that finds and tracks: as set, else the best that is available.

        Raises:
            EngineUnavailable: the engine that the settings name lacks something.
        """
        if self._settings.segmenter != "auto":
            self._require(self._settings.segmenter)
            return self._settings.segmenter
        return next(name for name in SEGMENTERS if self._registry.get(name).is_available)

    def default_engine(self) -> str:
        """Return the matting engine used when a job names none."""
        if self._settings.default_engine != "auto":
            return self._settings.default_engine
        return "matanyone" if self._registry.get("matanyone").is_available else "builtin"

    def all_engines(self) -> tuple[EngineInfo, ...]:
        """Return every engine, with its measured peak where it has run."""
        default = self.default_engine()
        return tuple(self._info(name, name == default) for name in self._registry.names)

    # --- jobs -----------------------------------------------------------------------------------

    def check_request(self, request: MatteRequest) -> None:
        """Check what can be checked of a request without a clip; same errors as `submit`."""
        name = self._engine_name(request)
        engine = self._registry.get(name)
        resolve_options(engine.option_specs(), request.options)
        self._check_look(request.outputs, request.background, request.preview_background)

    def submit(self, session_id: str, request: MatteRequest) -> JobStatus:
        """Queue a matting job; it belongs to the session, not to whoever asked.

        Raises:
            BadRequest: a value of the request is unusable.
            EngineUnavailable: the engine lacks something.
            NotEnoughDisk: the disk has no room for the outputs.
            SessionError: the session has a job already, or the queue is full.
        """
        session, job, stages = self._prepare(session_id, request)
        self._jobs.submit(
            session.id,
            "matte",
            lambda context: _drop_result(job.run(context)),
            stages,
            rate_key=job.engine_name,
            on_dropped=lambda: _drop_result(session.update(status=SessionStatus.CANCELLED)),
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
        session, _ = self._session_clip(session_id)
        state = session.state
        if state.request is None or not session.master.is_file():
            raise SessionError("job.no_result")
        self._check_look(request.outputs, request.background, request.preview_background)
        job = RenderJob(self._services(), session, request)
        first, last = frame_range(state.request, _known(state.clip))
        self._jobs.submit(
            session.id,
            "render",
            lambda context: _drop_result(job.run(context)),
            {"render": last - first + 1},
        )
        return self._job_status(session.id)

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
        """Return the finished files; the PNG sequence comes as one zip, packed without recompression."""
        session = self._store.open(session_id)
        files = []
        for record in session.state.outputs:
            path = session.folder / record.file
            if record.kind == "png":
                path = self._zipped(session, path)
            if path.is_file():
                files.append(OutputFile(record.kind, path, path.stat().st_size))
        return tuple(files)

    def still(self, session_id: str, frame: int, edges: EdgeControls, background: str) -> Frame:
        """Return one result frame over a background, uint8 RGB (H, W, 3), from the kept alpha.

        Args:
            frame: frame of the clip.
            background: "#RRGGBB", "checker", "grey", "black", "white" or "picture".
        """
        self._check_look((), background, background)
        session, clip, alpha = self._kept_alpha(session_id, frame)
        source = self._read_frame(session, clip, frame)
        if background == "picture":
            background = str(session.folder / "background.png")
        look = RenderLook(background=background, preview_background=background, edge=edges)
        return compose_still(source, alpha, look)

    def alpha_still(self, session_id: str, frame: int, edges: EdgeControls) -> Frame:
        """Return one alpha frame as grey, uint8 RGB (H, W, 3), from the kept alpha."""
        _, _, alpha = self._kept_alpha(session_id, frame)
        levels = np.rint(apply_edges(alpha, edges) * 255.0).astype(np.uint8)
        return np.repeat(levels[..., None], 3, axis=2)

    def set_background_picture(self, session_id: str, path: Path) -> None:
        """Keep a picture (PNG or JPEG) as the session's own background.

        Raises:
            BadRequest: not such a picture, or too large.
        """
        session = self._store.open(session_id)
        target = session.folder / "background.png"
        problem = BadRequest("job.background_picture", limit=MAX_PICTURE_SIDE)
        try:
            with Image.open(path, formats=["PNG", "JPEG"]) as image:
                if max(image.size) > MAX_PICTURE_SIDE:
                    raise problem
                image.convert("RGB").save(partial_path(target), format="PNG")
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
            raise problem from error
        partial_path(target).replace(target)

    def confidence(self, session_id: str) -> tuple[float | None, ...]:
        """Return how sure the engine was at each frame of the clip, None where it did not run."""
        session, clip = self._session_clip(session_id)
        path = session.folder / "confidence.json"
        state = session.state
        values: list[float | None] = [None] * clip.frame_count
        if path.is_file() and state.request is not None:
            found = json.loads(path.read_text())
            first = state.request.first
            values[first : first + len(found)] = found
        return tuple(values[: clip.frame_count])

    def export(self, session_id: str, folder: Path) -> dict[str, Path]:
        """Put the finished files into the folder, by hard link where it can; return them by kind.

        The PNG sequence goes to `foreground/` and `alpha/`.

        Raises:
            NotEnoughDisk: the folder's disk is full.
        """
        session = self._store.open(session_id)
        exported: dict[str, Path] = {}
        try:
            for record in session.state.outputs:
                source = session.folder / record.file
                target = folder / record.file
                _export(source, target)
                if record.kind == "png":
                    _export(
                        session.folder / record.file.replace("foreground", "alpha"),
                        folder / record.file.replace("foreground", "alpha"),
                    )
                key = record.kind
                if record.file.startswith(TARGETS_DIR):
                    key = f"{record.kind} {Path(record.file).parts[1]}"
                exported[key] = target
        except OSError as error:
            raise BadRequest(
                "job.folder_unusable", folder=str(folder), detail=str(error)
            ) from error
        return exported

    def export_mask(self, session_id: str, frame: int, path: Path) -> None:
        """Write the kept instances of a keyframe as one mask PNG, 0 or 255.

        Raises:
            BadRequest: the file can't be written.
        """
        session = self._store.open(session_id)
        keyframe = session.state.keyframes[frame]
        masks = [read_mask(session.instance_path(frame, number)) for number in keyframe.kept]
        union = np.logical_or.reduce(masks)
        try:
            write_image(path, np.where(union, np.uint8(255), np.uint8(0)))
        except OSError as error:
            raise BadRequest("job.folder_unusable", folder=str(path.parent)) from error

    # --- upkeep ---------------------------------------------------------------------------------

    def recover(self) -> int:
        """Settle sessions whose process died, at start-up; return how many were interrupted."""
        return len(self._store.recover())

    def list_sessions(self) -> list[SessionSummary]:
        """Return all sessions, newest change first."""
        now_s = time.time()
        active = self._jobs.active_sessions()
        rows = [summarise(session, now_s, active) for session in self._store]
        return sorted(rows, key=lambda row: row.age_hours)

    def clean_sessions(self, *, dry_run: bool = False) -> list[SessionSummary]:
        """Remove expired sessions; return those that went, or with `dry_run` would go."""
        return clean(
            self._store,
            self._settings.retention_hours,
            self._settings.keep_sessions,
            dry_run=dry_run,
            active=self._jobs.active_sessions(),
        )

    def health(self) -> dict[str, bool | int]:
        """Return what a monitor wants: is the GPU usable, how many jobs wait or run."""
        return {"healthy": self._manager.healthy, "jobs": len(self._jobs.active_sessions())}

    def close(self) -> bool:
        """Stop for good: running jobs end as interrupted, models are unloaded; True when all stopped."""
        stopped = self._jobs.close(self._settings.stop_grace_s)
        self._manager.close()
        return stopped

    # --- inside ---------------------------------------------------------------------------------

    def _services(self) -> Services:
        return Services(
            settings=self._settings,
            video=self._video,
            registry=self._registry,
            manager=self._manager,
            tracker_name=self.segmenter_name(),
            is_stopping=lambda: self._jobs.is_stopping,
        )

    def _prepare(
        self, session_id: str, request: MatteRequest
    ) -> tuple[Session, MattingJob, dict[str, int]]:
        session, clip = self._session_clip(session_id)
        self.check_request(request)
        name = self._engine_name(request)
        engine = self._registry.get(name)
        first, last = frame_range(request, clip)
        start_frame(request, session.state, first, last)
        count = last - first + 1
        needed = disk.estimate_bytes(clip.size_wh, count, request.outputs)
        disk.check_before(session.folder, needed, self._settings.min_free_disk_bytes)
        stages = {"matte": count}
        if engine.guide_kind == "mask_per_frame":
            stages = {"track": count, **stages}
        return session, MattingJob(self._services(), session, request, name), stages

    def _engine_name(self, request: MatteRequest) -> str:
        name = self.default_engine() if request.engine == "auto" else request.engine
        if name not in MATTING_ENGINES:
            raise BadRequest("engine.unknown", name=name[:60], known=", ".join(MATTING_ENGINES))
        self._require(name)
        return name

    def _require(self, name: str) -> None:
        engine = self._registry.get(name)
        missing = [item for item in engine.requirements() if not item.present]
        if missing:
            raise EngineUnavailable(
                "engine.unavailable",
                name=engine.label,
                missing=missing[0].label,
                command=missing[0].command or "-",
            )

    def _info(self, name: str, is_default: bool) -> EngineInfo:
        engine = self._registry.get(name)
        requirements = engine.requirements()
        return EngineInfo(
            name=name,
            label=engine.label,
            description=engine.description,
            capabilities=engine.capabilities,
            is_available=all(item.present for item in requirements),
            missing=tuple((item.label, item.command) for item in requirements if not item.present),
            option_specs=engine.option_specs(),
            is_default=is_default,
        )

    def _check_look(self, outputs: Sequence[str], *backgrounds: str) -> None:
        for kind in outputs:
            if kind not in OUTPUT_KINDS:
                raise BadRequest(
                    "job.output_unknown", name=kind[:60], known=", ".join(OUTPUT_KINDS)
                )
        for background in backgrounds:
            if background not in _NAMED_BACKGROUNDS and not _COLOUR.fullmatch(background):
                raise BadRequest("job.colour", value=background[:60])

    def _job_status(self, session_id: str) -> JobStatus:
        status = self._jobs.status(session_id)
        if status is None:
            raise SessionError("job.session_unknown")
        return status

    def _session_clip(self, session_id: str) -> tuple[Session, ClipInfo]:
        session = self._store.open(session_id)
        return session, _known(session.state.clip)

    @staticmethod
    def _check_frame(frame: int, clip: ClipInfo) -> None:
        if not 0 <= frame < clip.frame_count:
            raise BadRequest(
                "job.frame_range", frame=frame, frames=clip.frame_count, end=clip.frame_count - 1
            )

    def _read_frame(self, session: Session, clip: ClipInfo, frame: int) -> Frame:
        return next(iter(self._video.open(session.source, clip).read(frame, frame + 1)))

    def _kept_alpha(self, session_id: str, frame: int) -> tuple[Session, ClipInfo, Alpha]:
        session, clip = self._session_clip(session_id)
        request = session.state.request
        if request is None or not session.master.is_file():
            raise SessionError("job.no_result")
        first, last = frame_range(request, clip)
        if not first <= frame <= last:
            raise BadRequest("job.frame_range", frame=frame, frames=last - first + 1, end=last)
        levels = read_master_frame(session.master, frame - first)
        return session, clip, levels.astype(np.float32) / np.float32(255.0)

    def _zipped(self, session: Session, folder: Path) -> Path:
        path = session.folder / "png.zip"
        with self._zip_lock:
            newest = max(
                (item.stat().st_mtime for item in folder.parent.glob("*/*.png")), default=0.0
            )
            if not path.is_file() or path.stat().st_mtime < newest:
                temporary = partial_path(path)
                with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                    for part in ("foreground", "alpha"):
                        for item in sorted((session.folder / part).glob("*.png")):
                            archive.write(item, f"{part}/{item.name}")
                temporary.replace(path)
        return path

    def _safe_suffix(self, upload: Path) -> str:
        suffix = upload.suffix.lower().lstrip(".")
        return f".{suffix}" if suffix in self._settings.formats else ".bin"


def _known(clip: ClipInfo | None) -> ClipInfo:
    if clip is None:
        raise SessionError("job.session_damaged")
    return clip


def _export(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for item in source.iterdir():
            link_or_copy(item, target / item.name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(source, target)


def _drop_result(result: object) -> None:
    del result
