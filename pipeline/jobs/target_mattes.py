"""The alphas of one target within a job: tracked first where the engine needs it, then matted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from config import Settings
from engines.base import Agreement, Engine, MattedFrame, MattingEngine, RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from pipeline.jobs.automatic import choose_by_looking
from pipeline.jobs.carried_marks import CarriedMarks
from pipeline.jobs.hand_marks import hand_marks
from pipeline.jobs.outwards import Backwards
from pipeline.jobs.progress import OF_FILES, of_several
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.reorder import in_order
from pipeline.jobs.target_bounds import target_bounds
from pipeline.jobs.tracking import (
    KeptMasks,
    TrackingPlan,
    track_to_folder,
)
from pipeline.postprocess.review import FrameMeasure, disagreement
from pipeline.selection.main_object import key_frame_alphas
from pipeline.selection.source_alpha import are_source_masks, source_masks
from pipeline.session.request import MatteRequest
from pipeline.session.scene_cuts import find_cuts
from pipeline.session.session import LIVE_NAME, Session
from pipeline.storage.disk import DiskWatch
from pipeline.video_io import ClipInfo, VideoIO
from utils.alpha_levels import AlphaLevels
from utils.errors import BadRequest
from utils.image_utils import compose_over_checker, shrink_to, write_image
from utils.messages import render
from utils.options import resolve_options
from utils.prefetch import ahead
from utils.types import Mask, Message, Progress

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
    key_frame_engine: str = ""
    """Gives the alpha of the marked frames, "" where the job's engine does."""
    is_stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class MattingRun:
    """One run of a job: what it works on, and what it finds out on the way.

    `first`, `last`: the clip's frames that `frames` begins and ends with. `start`, the target's frame
    that matting starts from, is counted within `frames`. `confidence` is of each frame, the least where
    there are several targets. `seconds` is by step. `disagreement` is that of alpha and tracked mask by
    frame, the most of several targets.
    `backwards` and `kept_masks` let a run for a correction end early where the answer is what it was.
    `measures` are of each frame of what was rendered last, which is all targets together.
    """

    services: Services
    session: Session
    request: MatteRequest
    engine: Engine
    context: RunContext
    clip: ClipInfo
    frames: FrameRange
    first: int
    last: int
    start: int
    notices: list[Message]
    watch: DiskWatch
    confidence: list[float]
    backwards: Backwards | None = None
    kept_masks: KeptMasks | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    measures: list[FrameMeasure] = field(default_factory=list)
    disagreement: dict[int, float] = field(default_factory=dict)

    def of_target(self, start: int, done: int, count: int) -> MattingRun:
        """Return the run for one of several targets; its progress goes on from the targets that are done."""
        finishing = count + 1 if self.request.separate_targets else count

        def report(progress: Progress) -> None:
            shares = finishing if progress.stage in OF_FILES else count
            self.context.on_progress(of_several(progress, done, shares))

        context = replace(self.context, on_progress=report) if count > 1 else self.context
        return replace(self, start=start, context=context)

    def of_all_targets(self, count: int) -> MattingRun:
        """Return the run for the files of all targets together, after those of each where they have their own."""
        if not self.request.separate_targets:
            return self

        def report(progress: Progress) -> None:
            is_shared = progress.stage in OF_FILES
            self.context.on_progress(
                of_several(progress, count, count + 1) if is_shared else progress
            )

        return replace(self, context=replace(self.context, on_progress=report))

    def of_frames(self, first: int, last: int, start: int) -> MattingRun:
        """Return the run of a part of the frames, `first` to `last`; all three are counted within `frames`."""
        return replace(
            self,
            context=replace(self.context, first=self.first + first),
            frames=self.frames.part(first, last),
            first=self.first + first,
            last=self.first + last,
            start=start - first,
            confidence=[1.0] * (last - first + 1),
            disagreement={},
        )

    def engine_alphas(
        self, guide: Mapping[int, Mask], masks: Path, tracked: Mapping[int, Mask] | None = None
    ) -> Generator[AlphaLevels, None, None]:
        """Yield the engine's alphas of one target, in the order of frames.

        Args:
            guide: its masks by frame within `frames`, bool (H, W).
            masks: the folder of its tracked masks.
            tracked: a mask of every frame, where that is known already.
        """
        bounds = target_bounds(self.session, guide, self.first)
        context = replace(self.context, confirmed=frozenset(guide), bounds=bounds)
        marks, carried = hand_marks(self.session, guide, self.first), None
        if marks and (tracked is not None or tracks_first(self.engine, self.request)):
            carried = CarriedMarks(self.frames, marks, context.confirmed, context.check_cancelled)
        name = self.services.key_frame_engine
        refined = key_frame_alphas(self.services.manager, name, self.frames, guide, context)
        if tracked is not None:
            guide = tracked
        elif tracks_first(self.engine, self.request):
            guide = self.tracked(guide, masks, context)
        with self._leased() as leased:
            reserved_bytes = self.services.manager.reserved_for(self.engine.name)
            context = replace(context, memory_bytes=reserved_bytes)
            # The engine goes on in a thread of its own while what it gave is rendered.
            made = ahead(
                lambda: self._alphas(context, leased, guide, carried), self.engine.alphas_at_once
            )
            with closing(made) as alphas:  # type: ignore[type-var]
                for position, alpha in enumerate(alphas):
                    result = refined.pop(position, alpha)
                    if position in marks and marks[position].are_ignored(result):
                        self._tell_ignored_strokes(self.first + position)
                    yield result

    @contextmanager
    def _leased(self) -> Iterator[Engine]:
        """Lease the engine; before and after it, engines that nobody uses give their working memory back."""
        manager, size_wh = self.services.manager, self.clip.size_wh
        # What clicks and tracking asked networks for is answered.
        manager.release_working_memory()
        try:
            with manager.lease(
                self.engine.name, size_wh=size_wh, cancel=self.context.cancel
            ) as leased:
                yield leased
        finally:
            # The next target is tracked first, which has no use for what this one took.
            manager.release_working_memory()

    def _tell_ignored_strokes(self, frame: int) -> None:
        values: dict[str, str | int | float | Message] = {"frame": frame, "name": self.engine.label}
        self.context.on_notice(Message("job.strokes_ignored", values))

    def suits(self, name: str, guide: Mapping[int, Mask], folder: Path) -> Agreement:
        """Tell whether an engine that finds people finds this target, and why.

        Args:
            guide: the target's masks by frame within `frames`, bool (H, W).
            folder: where the target's files are made.
        """
        context = replace(self.context, confirmed=frozenset(guide))
        return choose_by_looking(
            self.services.manager,
            name,
            self.services.registry.get(name).label,
            self.frames,
            guide,
            self.start,
            lambda: self.tracked(guide, self.masks_folder(folder), context, is_trial=True),
            context,
        )

    def tracked(
        self,
        guide: Mapping[int, Mask],
        masks: Path,
        context: RunContext,
        *,
        is_trial: bool = False,
    ) -> Mapping[int, Mask]:
        """Return a target's mask of every frame, tracked into the folder, or kept from a run for the same masks.

        Where nothing but the clip's own transparency marks it, that is its mask of every frame; a notice says so,
        unless it `is_trial`, before which it isn't known whether the masks are used.
        """
        began_s = time.perf_counter()
        video, session, clip = self.services.video, self.session, self.clip
        known = None
        if are_source_masks(video, session, clip, guide, self.first):
            span = range(self.first, self.first + len(self.frames))
            known = partial(source_masks, video, session, clip, span, context.cancel)
            if not is_trial:
                context.on_notice(Message("job.source_masks"))
        tracked = track_to_folder(
            self.services.manager,
            TrackingPlan(
                self.services.tracker_name,
                self.frames,
                guide,
                self.start,
                self.first,
                self.kept_masks,
                known,
            ),
            masks,
            context,
            self.watch.check,
        )
        self.add_seconds("track", time.perf_counter() - began_s)
        return tracked

    def _alphas(
        self,
        context: RunContext,
        engine: Engine,
        guide: Mapping[int, Mask],
        carried: CarriedMarks | None,
    ) -> Generator[AlphaLevels, None, None]:
        if not isinstance(engine, MattingEngine):
            raise BadRequest("engine.cannot_matte", name=engine.label, known="-")
        options = resolve_options(engine.option_specs(), self.request.options)

        def process(
            frames: FrameRange, masks: Mapping[int, Mask], start: int, part: RunContext
        ) -> Iterator[MattedFrame]:
            cut = self._with_cuts(part, frames)
            made = engine.process(frames, masks, start, options, cut)
            return made if carried is None else carried.keep(made, frames, masks)

        run = process if self.backwards is None else partial(self.backwards.matte, process)
        matted = run(self.frames, guide, self.start, context)
        if tracks_first(self.engine, self.request):
            matted = self._compared(matted, guide)
        yield from self.ordered(matted, context)

    def _with_cuts(self, context: RunContext, frames: FrameRange) -> RunContext:
        """Return the context with the cuts between these frames, for an engine that plans by them."""
        if not self.engine.plans_by_cuts:
            return context
        found = find_cuts(self.session, self.services.video, context.cancel)
        cuts = tuple(cut - frames.first for cut in found if 0 < cut - frames.first < len(frames))
        return replace(context, cuts=cuts)

    def ordered(
        self, matted: Iterator[MattedFrame], context: RunContext, targets: int = 1
    ) -> Generator[AlphaLevels, None, None]:
        """Yield an engine's alphas in the order of frames; note its time and confidence, show it live.

        Args:
            targets: of so many targets, each frame's alphas lie one below the other, (targets x H, W).
        """
        width, height = self.frames.size_wh
        ordered = in_order(
            self._with_live(matted) if context.is_watched else matted,
            len(self.frames),
            (width, targets * height),
            self.session.folder / "spool.partial",
            render(self.engine.label),
            self.first,
        )
        iterator = iter(ordered)
        for position in itertools.count():
            context.check_cancelled()
            self.watch.check()
            began_s = time.perf_counter()
            try:
                alpha, confidence = next(iterator)
            except StopIteration:
                return
            finally:
                self.add_seconds("matte", time.perf_counter() - began_s)
            self.confidence[position] = min(self.confidence[position], round(confidence, 3))
            yield alpha

    def _compared(
        self, matted: Iterator[MattedFrame], masks: Mapping[int, Mask]
    ) -> Iterator[MattedFrame]:
        """Yield the mattes, and note how far each is from the mask it was tracked with."""
        for item in matted:
            share = disagreement(item.alpha, masks[item.index])
            self.disagreement[item.index] = max(self.disagreement.get(item.index, 0.0), share)
            yield item

    def _with_live(self, matted: Iterator[MattedFrame]) -> Iterator[MattedFrame]:
        """Yield the mattes, and write one now and then as the picture that the page shows."""
        next_s = 0.0
        for item in matted:
            yield item
            now_s = time.monotonic()
            if now_s >= next_s:
                next_s = now_s + self._write_live(item)

    def _write_live(self, item: MattedFrame) -> float:
        """Write the live picture; return the seconds until the next one."""
        frame = self.frames.recent(item.index)
        interval_s = LIVE_INTERVAL_S if frame is not None else LIVE_REREAD_INTERVAL_S
        if frame is None:
            frame = self.frames.one(item.index)
        alphas = item.alpha.reshape(-1, *frame.shape[:2])
        alpha = alphas[0] if len(alphas) == 1 else alphas.max(axis=0)
        # Blended at full size, the temporaries would be a tenth of a job's peak memory.
        small, small_alpha = shrink_to(frame, LIVE_LONG_SIDE), shrink_to(alpha, LIVE_LONG_SIDE)
        picture = compose_over_checker(small, small_alpha)
        write_image(self.session.folder / LIVE_NAME, picture)
        return interval_s

    def masks_folder(self, folder: Path) -> Path:
        """Return where the tracked masks lie of the target whose files are made in the folder."""
        # Not beside the target's files: a further engine uses the same masks.
        masks = self.session.masks_dir
        return masks if folder == self.session.folder else masks / folder.name

    def add_seconds(self, step: str, seconds: float) -> None:
        """Add to the seconds that a step took."""
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds


def tracks_first(engine: Engine, request: MatteRequest) -> bool:
    """Return whether a job needs a mask of every frame, tracked before the engine runs.

    Raises:
        BadRequest: an option is unknown or out of its range.
    """
    options = resolve_options(engine.option_specs(), request.options)
    return not request.everyone and engine.wants_tracked_masks(options)
