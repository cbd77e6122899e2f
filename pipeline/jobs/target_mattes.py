"""The matte of one target within a job: track where the engine needs it, matte, keep the alpha, render."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from config import Settings
from engines.base import Engine, MattedFrame, MattingEngine, RunContext
from engines.device.manager import ModelManager
from engines.registry import EngineRegistry
from pipeline.jobs.automatic import choose_by_looking
from pipeline.jobs.changed_frames import Stretch
from pipeline.jobs.kept_alpha import KeptAlpha
from pipeline.jobs.outwards import Backwards
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.reorder import in_order
from pipeline.jobs.splice import Splice
from pipeline.jobs.tracking import (
    KeptMasks,
    TrackingPlan,
    masks_token,
    replace_masks,
    track_to_folder,
)
from pipeline.postprocess.review import FrameMeasure, disagreement, measure
from pipeline.selection.main_object import key_frame_alphas
from pipeline.session.masks import MaskFolder
from pipeline.session.output_records import appearance_of, output_records
from pipeline.session.request import MatteRequest
from pipeline.session.session import LIVE_NAME, Session
from pipeline.session.state import OutputRecord
from pipeline.storage.disk import DiskWatch
from pipeline.storage.files import partial_path
from pipeline.video_io import AlphaMasterWriter, ClipInfo, VideoIO, read_master
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
ALPHAS_AHEAD = 8
"""Alphas that an engine may be ahead of the render, as many as VideoMaMa gives at once."""
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

        def report(progress: Progress) -> None:
            total = progress.total
            whole = Progress(progress.stage, progress.done + done * total, count * total)
            self.context.on_progress(whole)

        context = replace(self.context, on_progress=report) if count > 1 else self.context
        return replace(self, start=start, context=context)

    def matte(
        self, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None = None
    ) -> list[OutputRecord]:
        """Make the files of one target in the folder; return their records.

        Args:
            guide: its masks by frame within `frames`, bool (H, W).
            kept: its alpha of the last result; only what changed is matted again then.
        """
        with closing(self._target_alphas(guide, folder, kept)) as alphas:
            return self._render(alphas, folder)

    def keep_alpha(
        self, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None = None
    ) -> None:
        """Make the alpha of one target alone, kept in the folder; parameters as those of `matte`."""
        alphas = self._target_alphas(guide, folder, kept)
        with self._kept_alphas(alphas, folder) as passing:
            for _ in passing:
                pass

    def _target_alphas(
        self, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None
    ) -> Generator[AlphaLevels, None, None]:
        masks = self._masks_folder(folder)
        if kept is None:
            return self.engine_alphas(guide, masks)
        return self._spliced_alphas(guide, masks, kept)

    def _masks_folder(self, folder: Path) -> Path:
        # Not beside the target's files: a further engine uses the same masks.
        masks = self.session.masks_dir
        return masks if folder == self.session.folder else masks / folder.name

    def engine_alphas(
        self, guide: Mapping[int, Mask], masks: Path, tracked: Mapping[int, Mask] | None = None
    ) -> Generator[AlphaLevels, None, None]:
        """Yield the engine's alphas of one target, in the order of frames; parameters as those of `matte`.

        Args:
            masks: the folder of its tracked masks.
            tracked: a mask of every frame, where that is known already.
        """
        context = replace(self.context, confirmed=frozenset(guide))
        name = self.services.key_frame_engine
        refined = key_frame_alphas(self.services.manager, name, self.frames, guide, context)
        if tracked is not None:
            guide = tracked
        elif tracks_first(self.engine, self.request):
            guide = self.tracked(guide, masks, context)
        size_wh = self.clip.size_wh
        manager = self.services.manager
        with manager.lease(self.engine.name, size_wh=size_wh, cancel=context.cancel) as leased:
            context = replace(context, memory_bytes=manager.reserved_for(self.engine.name))
            # The engine goes on in a thread of its own while what it gave is rendered.
            made = ahead(lambda: self._alphas(context, leased, guide), ALPHAS_AHEAD)
            with closing(made) as alphas:  # type: ignore[type-var]
                for position, alpha in enumerate(alphas):
                    yield refined.pop(position, alpha)

    def _spliced_alphas(
        self, guide: Mapping[int, Mask], masks: Path, kept: KeptAlpha
    ) -> Generator[AlphaLevels, None, None]:
        """Yield the kept alphas, with those of the stretch that changed made again."""
        stretch = kept.stretch
        if stretch is None:
            yield from self._reported(kept.alphas(), 0)
            return
        part = replace(
            self,
            frames=self.frames.part(stretch.first, stretch.last),
            first=self.first + stretch.first,
            last=self.first + stretch.last,
            start=stretch.matted_from - stretch.first,
            # Frames of a part have other numbers: what an engine kept of the range is not theirs.
            context=replace(self.context, cache_dir=None),
            confidence=[1.0] * (stretch.last - stretch.first + 1),
            disagreement={},
        )
        part = replace(
            part,
            backwards=self._backwards(kept, stretch),
            kept_masks=self._kept_masks(masks, kept, stretch),
        )
        own = {
            frame - stretch.first: mask
            for frame, mask in guide.items()
            if stretch.first <= frame <= stretch.last
        }
        splice = Splice(stretch)
        with closing(part.engine_alphas(own, partial_path(masks))) as made:
            alphas = splice.join(kept.alphas(), made)
            yield from self._reported(alphas, stretch.last + 1)
        replace_masks(masks, partial_path(masks), stretch.first)
        first = stretch.first + (part.backwards.reached if part.backwards else 0)
        for frame, value in enumerate(part.confidence, start=stretch.first):
            if stretch.weight(frame) > 0.0 and first <= frame <= splice.last:
                self.confidence[frame] = value
        if (first, splice.last) != (stretch.first, stretch.last):
            self._note_early_end(first, splice.last)
        for index, share in part.disagreement.items():
            self.disagreement[stretch.first + index] = share

    def _backwards(self, kept: KeptAlpha, stretch: Stretch) -> Backwards | None:
        """Return what the frames before the correction are compared with, where matting starts from it.

        A hosted service gets the frames in one piece: two would be billed as two.
        """
        if stretch.matted_from == stretch.first or self.engine.is_remote:
            return None
        settled = min(stretch.start, stretch.changed_first) - stretch.first
        return Backwards(kept.master, stretch.first, settled)

    def _kept_masks(self, masks: Path, kept: KeptAlpha, stretch: Stretch) -> KeptMasks | None:
        """Return the tracked masks of the last result, where they are still there."""
        if not kept.mask_token or masks_token(masks) != kept.mask_token:
            return None
        first = min(stretch.matted_from, stretch.changed_first) - stretch.first
        last = max(stretch.end, stretch.changed_last) - stretch.first
        return KeptMasks(MaskFolder(masks), stretch.first, first, last)

    def _note_early_end(self, first: int, last: int) -> None:
        self.context.on_notice(
            Message("job.converged", {"first": self.first + first, "last": self.first + last})
        )

    def _reported(self, alphas: Iterator[AlphaLevels], start: int) -> Iterator[AlphaLevels]:
        """Pass on the alphas, and from frame `start` on report them as rendered: no engine does."""
        for index, alpha in enumerate(alphas):
            self.context.check_cancelled()
            yield alpha
            if index >= start:
                self.context.report("render", index + 1, len(self.frames))

    def suits(self, name: str, guide: Mapping[int, Mask], folder: Path) -> bool:
        """Tell whether an engine that finds people finds this target; a notice says so, and why."""
        context = replace(self.context, confirmed=frozenset(guide))
        return choose_by_looking(
            self.services.manager,
            name,
            self.frames,
            guide,
            self.start,
            lambda: self.tracked(guide, self._masks_folder(folder), context),
            context,
        )

    def combine(self, masters: list[Path]) -> list[OutputRecord]:
        """Render all targets together: the largest of their alphas at each pixel."""
        streams = [read_master(master) for master in masters]
        union = (np.maximum.reduce(alphas) for alphas in zip(*streams, strict=True))
        return self._render(union, self.session.folder)

    def tracked(
        self, guide: Mapping[int, Mask], masks: Path, context: RunContext
    ) -> Mapping[int, Mask]:
        """Return a target's mask of every frame, tracked into the folder, or kept from a run for the same masks."""
        began_s = time.perf_counter()
        tracked = track_to_folder(
            self.services.manager,
            TrackingPlan(
                self.services.tracker_name,
                self.frames,
                guide,
                self.start,
                self.first,
                self.kept_masks,
            ),
            masks,
            context,
            self.watch.check,
        )
        self._add("track", time.perf_counter() - began_s)
        return tracked

    def _alphas(
        self, context: RunContext, engine: Engine, guide: Mapping[int, Mask]
    ) -> Generator[AlphaLevels, None, None]:
        if not isinstance(engine, MattingEngine):
            raise BadRequest("engine.cannot_matte", name=engine.label, known="-")
        options = resolve_options(engine.option_specs(), self.request.options)

        def process(
            frames: FrameRange, masks: Mapping[int, Mask], start: int, part: RunContext
        ) -> Iterator[MattedFrame]:
            return engine.process(frames, masks, start, options, part)

        run = process if self.backwards is None else partial(self.backwards.matte, process)
        matted = run(self.frames, guide, self.start, context)
        if tracks_first(self.engine, self.request):
            matted = self._compared(matted, guide)
        yield from self.ordered(matted, context)

    def ordered(
        self, matted: Iterator[MattedFrame], context: RunContext, targets: int = 1
    ) -> Generator[AlphaLevels, None, None]:
        """Yield an engine's alphas in the order of frames; note its time and confidence, show it live.

        Args:
            targets: of so many targets, each frame's alphas lie one below the other, (targets x H, W).
        """
        width, height = self.frames.size_wh
        ordered = in_order(
            self._with_live(matted),
            len(self.frames),
            (width, targets * height),
            self.session.folder / "spool.partial",
            render(self.engine.label),
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
                self._add("matte", time.perf_counter() - began_s)
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
            if now_s < next_s:
                continue
            frame = self.frames.recent(item.index)
            next_s = now_s + LIVE_INTERVAL_S
            if frame is None:
                next_s = now_s + LIVE_REREAD_INTERVAL_S
                frame = self.frames.one(item.index)
            alpha = item.alpha.reshape(-1, *frame.shape[:2]).max(axis=0)
            picture = compose_over_checker(frame, alpha)
            write_image(self.session.folder / LIVE_NAME, shrink_to(picture, LIVE_LONG_SIDE))

    def _render(
        self, alphas: Generator[AlphaLevels, None, None], folder: Path
    ) -> list[OutputRecord]:
        began_s, matte_before_s = time.perf_counter(), self.seconds.get("matte", 0.0)
        with self._kept_alphas(alphas, folder) as kept:
            result = self.services.video.render(
                self.session.source,
                self.clip,
                kept,
                self.request.outputs,
                folder,
                appearance_of(self.request, self.session),
                self.context,
                first=self.first,
                last=self.last,
            )
        matte_s = self.seconds.get("matte", 0.0) - matte_before_s
        self._add("encode", max(time.perf_counter() - began_s - matte_s, 0.0))
        self.notices.extend(result.notices)
        return output_records(self.session, result.outputs, result.bytes)

    @contextmanager
    def _kept_alphas(
        self, alphas: Generator[AlphaLevels, None, None], folder: Path
    ) -> Iterator[Generator[AlphaLevels, None, None]]:
        """Yield the alphas on their way into the folder's master; it takes its place at a good end."""
        master = folder / self.session.master.name
        unproven = unproven_master(master)
        with closing(_to_master(alphas, self.clip, unproven, self.measures)) as kept:
            yield kept
        os.replace(unproven, master)

    def _add(self, step: str, seconds: float) -> None:
        self.seconds[step] = self.seconds.get(step, 0.0) + seconds


def unproven_master(master: Path) -> Path:
    """Return where a master file is written until it is whole."""
    return master.with_name(f"{master.stem}.partial-new{master.suffix}")


def tracks_first(engine: Engine, request: MatteRequest) -> bool:
    """Return whether a job needs a mask of every frame, tracked before the engine runs.

    Raises:
        BadRequest: an option is unknown or out of its range.
    """
    options = resolve_options(engine.option_specs(), request.options)
    return not request.everyone and engine.wants_tracked_masks(options)


def _to_master(
    alphas: Generator[AlphaLevels, None, None],
    clip: ClipInfo,
    path: Path,
    measures: list[FrameMeasure],
) -> Generator[AlphaLevels, None, None]:
    """Yield the alphas, each measured and written to the master file first."""
    measures.clear()
    with closing(alphas), AlphaMasterWriter(path, clip.size_wh) as master:
        for alpha in alphas:
            master.append(alpha)
            measures.append(measure(alpha))
            yield alpha
