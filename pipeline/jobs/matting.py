"""One matting job, from confirmed masks to finished files: track where needed, matte, render."""

from __future__ import annotations

import itertools
import json
import logging
import os
import resource
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from config import Settings
from engines.base import KEPT_CACHE, Engine, MattedFrame, MattingEngine, RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.guides import start_frame, target_guides
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.reorder import in_order
from pipeline.jobs.tracking import track_to_folder
from pipeline.session.output_records import (
    TARGETS_DIR,
    appearance_of,
    output_records,
    remove_output,
    target_number,
)
from pipeline.session.request import MatteRequest
from pipeline.session.state import (
    OutputRecord,
    SessionState,
    SessionStatus,
    StepSeconds,
    frame_range,
)
from pipeline.session.store import LOCK_WAIT_S, Session
from pipeline.storage import disk
from pipeline.storage.files import partial_path, write_atomically
from pipeline.video_io import AlphaMasterWriter, ClipInfo, VideoIO, read_master
from utils.alpha_levels import AlphaLevels
from utils.errors import BadRequest, Cancelled, SessionError, SplazmatteError
from utils.image_utils import compose_over_checker, shrink_to, write_image
from utils.messages import render
from utils.options import resolve_options
from utils.types import Mask, Message

logger = logging.getLogger(__name__)

LIVE_INTERVAL_S = 1.0
LIVE_REREAD_INTERVAL_S = 5.0
"""Seconds between live pictures of an engine that reads ahead: their frames are decoded again."""
LIVE_LONG_SIDE = 960
"""Longest side of the live picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a job works with."""

    settings: Settings
    video: VideoIO
    registry: EngineRegistry
    manager: ModelManager
    tracker_name: str
    is_stopping: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class _Clock:
    """Seconds spent in each step of a job."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, step: str, seconds: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds


class MattingJob:
    """Runs one request for one session; holds the session's job lock while it does.

    Args:
        engine_name: the matting engine, already chosen (never "auto").
    """

    def __init__(
        self, services: Services, session: Session, request: MatteRequest, engine_name: str
    ) -> None:
        self._services = services
        self._session = session
        self._request = request
        self.engine_name = engine_name
        self._clock = _Clock()
        self._details: dict[str, str] = {}
        self._confidence: list[float] = []
        """Of each frame; the least where there are several targets."""
        self._watch = disk.DiskWatch(session.folder, services.settings.running_floor_bytes)

    def run(self, context: RunContext) -> SessionState:
        """Do the whole job; return the final state.

        Raises:
            SplazmatteError: what went wrong; the session's state says so too, and partial files are
                removed. `Cancelled` when the user cancelled or the process is stopping.
        """
        lock = self._session.try_job_lock(LOCK_WAIT_S)
        if lock is None:
            raise SessionError("job.already_running")
        started_s = time.perf_counter()
        try:
            try:
                with disk.translate_disk_full(self._session.folder, "job.disk_during"):
                    self._begin()
                    return self._work(context, started_s)
            except BaseException as error:
                self._settle_failure(error)
                raise
        finally:
            os.close(lock)

    def _begin(self) -> None:
        def begin(state: SessionState) -> SessionState:
            return state.model_copy(
                update={
                    "status": SessionStatus.RUNNING,
                    "request": self._request,
                    "engine_used": self.engine_name,
                    "previous_outputs": state.outputs or state.previous_outputs,
                    "outputs": (),
                    "error": None,
                    "warnings": (),
                    "frames_done": 0,
                }
            )

        self._session.transform(begin)
        self._session.set_room_aside()

    def _work(self, context: RunContext, started_s: float) -> SessionState:
        state = self._session.state
        clip = self._session.clip
        first, last = frame_range(self._request, clip)
        guides = target_guides(self._session, self._request, first, last)
        start = start_frame(self._request, state, first, last) - first
        self._check_disk(clip, last - first + 1, len(guides))
        notices: list[Message] = [*clip.notices]
        for keyframe in state.keyframes.values():
            notices += keyframe.notices

        def notice(message: Message) -> None:
            notices.append(message)
            context.on_notice(message)

        inner = RunContext(
            on_progress=context.on_progress,
            on_notice=notice,
            cancel=context.cancel,
            cache_dir=self._session.cache_dir,
            details=self._details,
        )
        source = self._services.video.open(self._session.source, clip, context.cancel)
        frames = FrameRange(source, first, last)
        self._confidence = [1.0] * len(frames)
        masters = []
        records: list[OutputRecord] = []
        for number, guide in enumerate(guides, start=1):
            folder = self._target_folder(number, len(guides))
            masters.append(folder / self._session.master.name)
            records += self._matte_target(
                inner, clip, frames, guide, start, folder, (first, last), notices
            )
        if len(guides) > 1:
            together = self._combine(inner, clip, masters, (first, last), notices)
            records = together + self._put_targets(records)
        return self._finish(records, notices, last - first + 1, started_s)

    def _target_folder(self, number: int, count: int) -> Path:
        """Return where a target's files are made; separate ones take their places when all are done."""
        if count == 1:
            return self._session.folder
        folder = partial_path(self._session.folder / TARGETS_DIR) / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _put_targets(self, records: list[OutputRecord]) -> list[OutputRecord]:
        """Put the separate targets in the place of earlier ones; return their records as they are there."""
        place = self._session.folder / TARGETS_DIR
        made = partial_path(place)
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
        return [
            record.model_copy(update={"file": record.file.replace(made.name, place.name, 1)})
            for record in records
        ]

    def _check_disk(self, clip: ClipInfo, frame_count: int, target_count: int) -> None:
        engine = self._services.registry.get(self.engine_name)
        needed = estimate_bytes(
            clip.size_wh,
            frame_count,
            self._request.outputs,
            with_cache=tracks_first(engine, self._request),
        )
        runs = target_count if target_count == 1 else target_count + 1
        reserve = self._services.settings.min_free_disk_bytes
        disk.check_before(self._session.folder, needed * runs, reserve)

    def _matte_target(
        self,
        context: RunContext,
        clip: ClipInfo,
        frames: FrameRange,
        guide: Mapping[int, Mask],
        start: int,
        folder: Path,
        span: tuple[int, int],
        notices: list[Message],
    ) -> list[OutputRecord]:
        manager = self._services.manager
        engine = self._services.registry.get(self.engine_name)
        context = replace(context, confirmed=frozenset(guide))
        if tracks_first(engine, self._request):
            began_s = time.perf_counter()
            # Not beside the target's files: a further engine takes the masks as they are.
            masks = self._session.masks_dir
            guide = track_to_folder(
                manager,
                self._services.tracker_name,
                frames,
                guide,
                start,
                span[0],
                masks if folder == self._session.folder else masks / folder.name,
                context,
                self._watch.check,
            )
            self._clock.add("track", time.perf_counter() - began_s)
        with manager.lease(self.engine_name, size_wh=clip.size_wh, cancel=context.cancel) as leased:
            alphas = self._alphas(context, leased, frames, guide, start)
            with closing(alphas):
                return self._render(context, clip, alphas, folder, span, notices)

    def _alphas(
        self,
        context: RunContext,
        engine: Engine,
        frames: FrameRange,
        guide: Mapping[int, Mask],
        start: int,
    ) -> Generator[AlphaLevels, None, None]:
        if not isinstance(engine, MattingEngine):
            raise BadRequest("engine.cannot_matte", name=engine.label, known="-")
        options = resolve_options(engine.option_specs(), self._request.options)
        matted = engine.process(frames, guide, start, options, context)
        ordered = in_order(
            self._with_live(matted, frames),
            len(frames),
            frames.size_wh,
            self._session.folder / "spool.partial",
            render(engine.label),
        )
        iterator = iter(ordered)
        for position in itertools.count():
            context.check_cancelled()
            self._watch.check()
            began_s = time.perf_counter()
            try:
                alpha, confidence = next(iterator)
            except StopIteration:
                return
            finally:
                self._clock.add("matte", time.perf_counter() - began_s)
            self._confidence[position] = min(self._confidence[position], round(confidence, 3))
            yield alpha

    def _with_live(
        self, matted: Iterator[MattedFrame], frames: FrameRange
    ) -> Iterator[MattedFrame]:
        next_s = 0.0
        for item in matted:
            yield item
            now_s = time.monotonic()
            if now_s < next_s:
                continue
            frame = frames.recent(item.index)
            next_s = now_s + LIVE_INTERVAL_S
            if frame is None:
                next_s = now_s + LIVE_REREAD_INTERVAL_S
                frame = frames.one(item.index)
            picture = compose_over_checker(frame, item.alpha)
            write_image(self._session.folder / "live.jpg", shrink_to(picture, LIVE_LONG_SIDE))

    def _to_master(
        self, alphas: Generator[AlphaLevels, None, None], clip: ClipInfo, path: Path
    ) -> Generator[AlphaLevels, None, None]:
        with closing(alphas), AlphaMasterWriter(path, clip.size_wh) as master:
            for alpha in alphas:
                master.append(alpha)
                yield alpha

    def _render(
        self,
        context: RunContext,
        clip: ClipInfo,
        alphas: Generator[AlphaLevels, None, None],
        folder: Path,
        span: tuple[int, int],
        notices: list[Message],
    ) -> list[OutputRecord]:
        master = folder / self._session.master.name
        unproven = folder / f"{master.stem}.partial-new{master.suffix}"
        alphas = self._to_master(alphas, clip, unproven)
        began_s = time.perf_counter()
        matte_before_s = self._clock.seconds.get("matte", 0.0)
        with closing(alphas):
            result = self._services.video.render(
                self._session.source,
                clip,
                alphas,
                self._request.outputs,
                folder,
                appearance_of(self._request, self._session),
                context,
                first=span[0],
                last=span[1],
            )
        os.replace(unproven, master)
        matte_s = self._clock.seconds.get("matte", 0.0) - matte_before_s
        self._clock.add("encode", max(time.perf_counter() - began_s - matte_s, 0.0))
        notices += result.notices
        return output_records(self._session, result.outputs, result.bytes)

    def _combine(
        self,
        context: RunContext,
        clip: ClipInfo,
        masters: list[Path],
        span: tuple[int, int],
        notices: list[Message],
    ) -> list[OutputRecord]:
        """Render all targets together: the largest of their alphas at each pixel."""
        streams = [read_master(master) for master in masters]
        union = (np.maximum.reduce(alphas) for alphas in zip(*streams, strict=True))
        return self._render(context, clip, union, self._session.folder, span, notices)

    def _finish(
        self,
        records: list[OutputRecord],
        notices: list[Message],
        frame_count: int,
        started_s: float,
    ) -> SessionState:
        folder = self._session.folder
        self._session.give_room_back()
        write_atomically(folder / "confidence.json", json.dumps(self._confidence).encode("utf-8"))
        for entry in self._session.cache_dir.glob("*"):
            if entry.name != KEPT_CACHE:
                shutil.rmtree(entry, ignore_errors=True)
        state = self._session.state
        keyframes = state.keyframes.values()
        seconds = StepSeconds(
            segment=sum(keyframe.seconds for keyframe in keyframes),
            track=self._clock.seconds.get("track", 0.0),
            matte=self._clock.seconds.get("matte", 0.0),
            encode=self._clock.seconds.get("encode", 0.0),
            total=time.perf_counter() - started_s,
        )
        engine = self._services.registry.get(self.engine_name)
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        logger.info(
            "session %s: %s made %d frames in %.1f s (track %.1f, matte %.1f, encode %.1f), peak %d MB",
            self._session.id[:6],
            self.engine_name,
            frame_count,
            seconds.total,
            seconds.track,
            seconds.matte,
            seconds.encode,
            peak_bytes // disk.MEGABYTE,
        )
        done = self._session.update(
            status=SessionStatus.DONE,
            result_request=self._request,
            outputs=tuple(records),
            previous_outputs=(),
            options_used=resolve_options(engine.option_specs(), self._request.options),
            run_details=self._details,
            warnings=_unique(notices),
            seconds=seconds,
            frames_done=frame_count,
        )
        self._remove_stale(state, records)
        return done

    def _remove_stale(self, state: SessionState, records: list[OutputRecord]) -> None:
        kept = {record.file for record in records}
        for record in state.previous_outputs:
            if record.file not in kept:
                remove_output(self._session.folder, record)
        if not any(target_number(record) for record in records):
            shutil.rmtree(self._session.folder / TARGETS_DIR, ignore_errors=True)

    def _settle_failure(self, error: BaseException) -> None:
        """Remove what is unfinished and say in the state how it ended; never hides the error itself."""
        try:
            self._session.sweep_partials()
            self._record_failure(error)
        except (OSError, SplazmatteError) as second:
            # The start-up scan settles it: the lock goes with this job.
            logger.warning("session %s keeps an old state: %s", self._session.id[:6], second)

    def _record_failure(self, error: BaseException) -> None:
        message: Message | None = None
        if isinstance(error, Cancelled):
            stopping = self._services.is_stopping()
            status = SessionStatus.INTERRUPTED if stopping else SessionStatus.CANCELLED
        elif isinstance(error, SplazmatteError):
            status, message = SessionStatus.FAILED, error.message
            logger.warning("session %s: %s (%s)", self._session.id[:6], error, error.detail)
        elif isinstance(error, Exception):
            status, message = SessionStatus.FAILED, Message("job.fault")
        else:
            status = SessionStatus.INTERRUPTED
        self._session.transform(
            lambda state: state.model_copy(
                update={
                    "status": status,
                    "error": message,
                    "outputs": state.previous_outputs,
                    "previous_outputs": (),
                }
            )
        )


def tracks_first(engine: Engine, request: MatteRequest) -> bool:
    """Return whether a job needs a mask of every frame, tracked before the engine runs.

    Raises:
        BadRequest: an option is unknown or out of its range.
    """
    options = resolve_options(engine.option_specs(), request.options)
    return not request.everyone and engine.wants_tracked_masks(options)


def _unique(messages: list[Message]) -> tuple[Message, ...]:
    unique: list[Message] = []
    for message in messages:
        if message not in unique:
            unique.append(message)
    return tuple(unique)
