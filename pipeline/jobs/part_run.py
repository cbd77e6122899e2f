"""One part of a divided job, from the engine to a file of its own, and the parts' alphas as the job's."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from pipeline.jobs.guides import TargetGuide
from pipeline.jobs.kept_alpha import KeptAlpha
from pipeline.jobs.outwards import GuidePart
from pipeline.jobs.target_mattes import MattingRun, tracks_first
from pipeline.session.parts import MattePart, parts_dir
from pipeline.storage.files import write_atomically
from pipeline.video_io import AlphaMasterWriter
from utils.types import Mask, Message


class PartReport(BaseModel):
    """What a part found out beside its alpha: confidence of its frames, disagreement by the job's frames."""

    confidence: list[float]
    disagreement: dict[int, float]
    notices: list[Message]
    seconds: dict[str, float]
    details: dict[str, str]


class PartFiles:
    """Where the parts of a divided job lie in its session: an alpha each, levels in order, and a report."""

    def __init__(self, session_folder: Path, job_id: str) -> None:
        self.folder = parts_dir(session_folder) / job_id

    def alpha(self, index: int) -> Path:
        """The alpha of the part of that number."""
        return self.folder / f"{index}.nut"

    def write_report(self, index: int, report: PartReport) -> None:
        """Keep a part's report."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._report(index), report.model_dump_json().encode("utf-8"))

    def read_report(self, index: int) -> PartReport:
        """Return a part's report."""
        return PartReport.model_validate_json(self._report(index).read_bytes())

    def _report(self, index: int) -> Path:
        return self.folder / f"{index}.json"


def run_part(
    run: MattingRun, guide: TargetGuide, masks: Path, part: MattePart, files: PartFiles, index: int
) -> None:
    """Do one part of a job, whose whole range `run` is of; its alpha or its masks are files then.

    Args:
        masks: the folder of the target's tracked masks.
    """
    began_s = time.perf_counter()
    whole = replace(run, start=guide.start)
    confirmed: Mapping[int, Mask] = guide.masks
    tracked: Mapping[int, Mask] | None = None
    is_whole = part.frames == len(run.frames)
    if part.tracks or (tracks_first(run.engine, run.request) and not is_whole):
        context = replace(run.context, confirmed=frozenset(confirmed))
        tracked = whole.tracked(confirmed, masks, context)
    if part.tracks:
        files.write_report(index, _report(run, part, began_s))
        return
    count = part.read_last - part.read_first + 1
    own = run.of_frames(part.read_first, part.read_last, part.start)
    is_start_tracked = part.start not in guide.masks
    own = replace(own, context=replace(own.context, is_start_tracked=is_start_tracked))
    if not is_whole:
        confirmed = GuidePart(confirmed, part.read_first, count)
        tracked = None if tracked is None else GuidePart(tracked, part.read_first, count)
    files.folder.mkdir(parents=True, exist_ok=True)
    with (
        AlphaMasterWriter(files.alpha(index), run.clip.size_wh) as master,
        closing(own.engine_alphas(confirmed, masks, tracked)) as alphas,
    ):
        for frame, alpha in enumerate(alphas, start=part.read_first):
            if part.first <= frame <= part.last:
                master.append(alpha)
    files.write_report(index, _report(own, part, began_s))


def _report(run: MattingRun, part: MattePart, began_s: float) -> PartReport:
    low = part.first - part.read_first
    found = {frame + part.read_first: share for frame, share in run.disagreement.items()}
    return PartReport(
        confidence=run.confidence[low : low + part.frames],
        disagreement={
            frame: share for frame, share in found.items() if part.first <= frame <= part.last
        },
        notices=run.notices,
        seconds={**run.seconds, "total": time.perf_counter() - began_s},
        details=run.context.details,
    )


def joined_alphas(
    run: MattingRun, guides: Sequence[TargetGuide], parts: Sequence[MattePart], files: PartFiles
) -> list[KeptAlpha]:
    """Return each target's alpha as its parts made it, and note in the run what they reported.

    Their seconds are added up; of all parts, which ran at the same time, "total" is the longest.
    """
    reports = [files.read_report(index) for index in range(len(parts))]
    absences = run.engine.absence_notices
    mattes = [report for part, report in zip(parts, reports, strict=True) if not part.tracks]
    for part, report in zip(parts, reports, strict=True):
        for frame, value in enumerate(report.confidence, start=part.first):
            run.confidence[frame] = min(run.confidence[frame], value)
        for frame, share in report.disagreement.items():
            run.disagreement[frame] = max(run.disagreement.get(frame, 0.0), share)
        for step, seconds in report.seconds.items():
            before = run.seconds.get(step, 0.0)
            run.seconds[step] = max(before, seconds) if step == "total" else before + seconds
        run.context.details.update(report.details)
        run.notices.extend(
            notice
            for notice in report.notices
            if notice.code not in absences or all(notice in other.notices for other in mattes)
        )
    return [
        KeptAlpha(
            parts=tuple(
                files.alpha(index)
                for index, part in enumerate(parts)
                if part.target == number and not part.tracks
            )
        )
        for number in range(len(guides))
    ]
