"""One matting job from start to end: its lock, its state, every target in turn, and what a failure leaves."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engines.base import RunContext
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.guides import TargetGuide, left_out_notice, target_guides
from pipeline.jobs.job_state import begin, finish, settle_failure
from pipeline.jobs.joint_targets import keep_alphas, mattes_together
from pipeline.jobs.kept_alpha import (
    KeptAlpha,
    kept_alphas,
    made_with,
    mask_folders,
    master_paths,
    plan_of,
)
from pipeline.jobs.part_run import PartFiles, joined_alphas, run_part
from pipeline.jobs.parts import Division
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.target_files import combine_targets, keep_target_alpha, matte_target
from pipeline.jobs.target_mattes import MattingRun, Services, tracks_first
from pipeline.jobs.tracking import masks_token
from pipeline.session.frame_values import read_frame_values
from pipeline.session.output_records import TARGETS_DIR
from pipeline.session.pictures import read_clean_plate
from pipeline.session.request import MatteRequest
from pipeline.session.result_versions import FormerResult
from pipeline.session.session import LOCK_WAIT_S, Session
from pipeline.session.state import (
    OutputRecord,
    ResultPlan,
    SessionState,
    frame_range,
)
from pipeline.storage import disk
from pipeline.storage.files import partial_path
from utils.errors import SessionError
from utils.heap import return_free_memory
from utils.types import Message


class MattingJob:
    """Runs one request for one session; holds the session's job lock while it does.

    Args:
        engine_name: the matting engine, already chosen (never "auto").
        tried_first: an engine that takes its place where it agrees with the target; "" for none.
        reasons: why the engine was chosen, where that is known already.
        division: how the job is divided, where others make its alphas in parts.
    """

    def __init__(
        self,
        services: Services,
        session: Session,
        request: MatteRequest,
        engine_name: str,
        tried_first: str = "",
        division: Division | None = None,
        reasons: Sequence[Message] = (),
    ) -> None:
        self._services = services
        self._session = session
        self._request = request
        self.engine_name = engine_name
        self._engine = services.registry.get(engine_name)
        self._tried_first = tried_first
        self._division = division
        self._reasons = tuple(reasons)

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
        # What earlier work left free lies between blocks in use, and a job's frames would not all fit there.
        return_free_memory()
        try:
            try:
                with disk.translate_disk_errors(self._session.folder, "job.disk_during"):
                    former = FormerResult(self._session)
                    begin(self._session, self._request, self.engine_name)
                    return self._work(context, started_s, former)
            except BaseException as error:
                settle_failure(self._session, error, is_stopping=self._services.is_stopping())
                raise
        finally:
            os.close(lock)

    def run_part(self, index: int, context: RunContext) -> None:
        """Make the alpha of one part of the divided job; the session's state stays as it is.

        Raises:
            SplazmatteError: what went wrong.
        """
        if self._division is None:
            raise ValueError("the job is not divided")
        first, last = frame_range(self._request, self._session.clip)
        guides = target_guides(self._session, self._request, first, last)
        part = self._division.parts[index]
        guide = guides[part.target]
        masks = self._session.masks_dir
        if len(guides) > 1:
            masks = masks / str(guide.number)
        files = PartFiles(self._session.folder, self._division.job_id)
        with disk.translate_disk_errors(self._session.folder, "job.disk_during"):
            run = self._prepare(context, first, last)
            self._read_clean_plate(run)
            run_part(run, guide, masks, part, files, index)

    def _work(self, context: RunContext, started_s: float, former: FormerResult) -> SessionState:
        first, last = frame_range(self._request, self._session.clip)
        guides = target_guides(self._session, self._request, first, last)
        self._check_disk(last - first + 1, len(guides))
        run = self._prepare(context, first, last)
        for reason in self._reasons:
            run.context.on_notice(reason)
        if self._tried_first and self._suits(run, guides):
            self.engine_name = self._tried_first
            self._engine = self._services.registry.get(self.engine_name)
            self._session.update(engine_used=self.engine_name)
            run = replace(run, engine=self._engine)
        self._read_clean_plate(run)
        options = made_with(self._session, self._request, self._engine)
        plan = plan_of(self.engine_name, options, (first, last), guides)
        kept = self._kept(run, guides, plan) or [None] * len(guides)
        records = self._matte_targets(run, guides, kept)
        sizes = [path.stat().st_size for path in master_paths(self._session, plan)]
        tokens = [masks_token(folder) for folder in mask_folders(self._session, plan)]
        noted = {"master_bytes": tuple(sizes), "mask_tokens": tuple(tokens)}
        plan = plan.model_copy(update={**noted, "reasons": self._reasons})
        return finish(run, records, started_s, plan, former)

    def _read_clean_plate(self, run: MattingRun) -> None:
        if self._engine.takes_clean_plate:
            run.context.clean_plate = read_clean_plate(self._session)

    def _kept(
        self, run: MattingRun, guides: Sequence[TargetGuide], plan: ResultPlan
    ) -> Sequence[KeptAlpha | None] | None:
        """Return the alphas that are there already, from others' parts or the last result; None for none."""
        if self._division is not None:
            files = PartFiles(self._session.folder, self._division.job_id)
            return joined_alphas(run, guides, self._division.parts, files)
        if self._engine.is_remote:
            # A part of the clip would be sent, and paid for, again; the whole is still there.
            return None
        kept = kept_alphas(self._session, self._session.state, self._request, plan)
        if kept is not None:
            before = read_frame_values(self._session.folder)
            if len(before.confidence) == len(run.frames):
                run.confidence[:] = before.confidence
            if len(before.measures) == len(run.frames):
                run.disagreement.update(
                    {index: one.disagreement for index, one in enumerate(before.measures)}
                )
        return kept

    def _matte_targets(
        self,
        run: MattingRun,
        guides: Sequence[TargetGuide],
        kept: Sequence[KeptAlpha | None],
    ) -> list[OutputRecord]:
        """Matte the targets one by one, several of them together after that; return the files' records.

        Each of several targets keeps an alpha of its own, and has files of its own where they are wanted.
        """
        folders = [self._target_folder(guide.number, len(guides)) for guide in guides]
        masters = [folder / self._session.master.name for folder in folders]
        starts = [guide.start for guide in guides]
        if not any(kept) and mattes_together(run.engine, run.request, starts):
            keep_alphas(run, guides, masters)
            kept = [KeptAlpha((master,)) for master in masters]
            if not self._request.separate_targets:
                return combine_targets(run, masters) + self._put_targets([])
        records: list[OutputRecord] = []
        for done, (guide, folder, alpha) in enumerate(zip(guides, folders, kept, strict=True)):
            part = run.of_target(guide.start, done, len(guides))
            if len(guides) == 1 or self._request.separate_targets:
                records += matte_target(part, guide.masks, folder, alpha)
            else:
                keep_target_alpha(part, guide.masks, folder, alpha)
        return (
            records
            if len(guides) == 1
            else combine_targets(run.of_all_targets(len(guides)), masters)
            + self._put_targets(records)
        )

    def _suits(self, run: MattingRun, guides: Sequence[TargetGuide]) -> bool:
        """Tell whether the engine that is tried first finds every target; notices say why, or which it does not."""
        reasons: list[Message] = []
        agrees = True
        for done, guide in enumerate(guides):
            folder = self._target_folder(guide.number, len(guides))
            one = run.of_target(guide.start, done, len(guides))
            found = one.suits(self._tried_first, guide.masks, folder)
            reason = found.reason
            if len(guides) > 1:
                reason = self._about_target(guide.number, reason)
            agrees = found.agrees
            if not agrees:
                # What spoke for the engine with other targets would read as if it had been taken.
                label = self._engine.label
                reasons = [Message("engine.chosen_instead", {"name": label, "said": reason})]
                break
            reasons.append(reason)
        self._reasons = tuple(reasons)
        for reason in reasons:
            run.context.on_notice(reason)
        return agrees

    def _about_target(self, number: int, said: Message) -> Message:
        names = {target.id: target.name for target in self._session.state.targets}
        name = names.get(number) or Message("page.target", {"number": number})
        return Message("job.about_target", {"target": name, "said": said})

    def _prepare(self, context: RunContext, first: int, last: int) -> MattingRun:
        state, clip = self._session.state, self._session.clip
        notices: list[Message] = [*clip.notices]
        for keyframe in state.all_keyframes:
            notices += keyframe.notices
        left_out = left_out_notice(self._request, state, first, last)
        notices += [left_out] if left_out is not None else []

        def notice(message: Message) -> None:
            notices.append(message)
            context.on_notice(message)

        video = self._services.video
        source = video.open(self._session.source, clip, context.cancel, shares_cores=True)
        return MattingRun(
            services=self._services,
            session=self._session,
            request=self._request,
            engine=self._engine,
            context=RunContext(
                on_progress=context.on_progress,
                on_notice=notice,
                cancel=context.cancel,
                cache_dir=self._session.cache_dir,
                kept_dir=self._session.kept_cache_dir,
                fps=clip.fps,
                first=first,
                is_watched=context.is_watched,
                is_stopping=lambda: context.is_stopping() or self._services.is_stopping(),
                make_way=context.make_way,
            ),
            clip=clip,
            frames=FrameRange(source, first, last),
            first=first,
            last=last,
            start=0,
            notices=notices,
            watch=disk.DiskWatch(self._session.folder, self._services.settings.running_floor_bytes),
            confidence=[1.0] * (last - first + 1),
        )

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

    def _check_disk(self, frame_count: int, target_count: int) -> None:
        needed = estimate_bytes(
            self._session.clip.size_wh,
            frame_count,
            self._request.outputs,
            with_cache=bool(self._tried_first) or tracks_first(self._engine, self._request),
        )
        is_each = target_count > 1 and self._request.separate_targets
        runs = target_count + 1 if is_each else 1
        reserve = self._services.settings.min_free_disk_bytes
        disk.check_before(self._session.folder, needed * runs, reserve)
