"""The alpha of an earlier result, and what of it a job may keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.jobs.changed_frames import Stretch, changed_stretch
from pipeline.jobs.guides import fingerprint
from pipeline.session.output_records import TARGETS_DIR
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import ResultPlan, SessionState
from utils.options import OptionValue
from utils.types import Mask

Guides = Sequence[Mapping[int, Mask]]
"""For each target, its masks by frame counted from the range's first."""


@dataclass(frozen=True, slots=True)
class KeptAlpha:
    """One target's alpha of the last result; `stretch` is what is made again, None for nothing."""

    master: Path
    stretch: Stretch | None


def plan_of(
    engine: str, options: Mapping[str, OptionValue], span: tuple[int, int], guides: Guides
) -> ResultPlan:
    """Return what a job makes its alpha from; `span` is the inclusive range."""
    checksums = tuple(
        {int(frame): value for frame, value in fingerprint(guide).items()} for guide in guides
    )
    first, last = span
    return ResultPlan(
        engine=engine, options=dict(options), first=first, last=last, guides=checksums
    )


def master_paths(session: Session, count: int) -> list[Path]:
    """Return where the kept alphas of that many targets lie."""
    name = session.master.name
    if count == 1:
        return [session.master]
    return [session.folder / TARGETS_DIR / str(number) / name for number in range(1, count + 1)]


def kept_alphas(
    session: Session, state: SessionState, request: MatteRequest, plan: ResultPlan
) -> list[KeptAlpha] | None:
    """Return what each target keeps of the last result; None where every frame is matted again.

    Args:
        state: as it was before the job began.
    """
    before = state.result_plan
    if before is None or request.every_frame or request.everyone or not plan.guides:
        return None
    same = ("engine", "options", "first", "last")
    if any(getattr(before, name) != getattr(plan, name) for name in same):
        return None
    if len(before.guides) != len(plan.guides):
        return None
    masters = master_paths(session, len(plan.guides))
    if [path.stat().st_size if path.is_file() else -1 for path in masters] != list(
        before.master_bytes
    ):
        return None
    try:
        return [
            KeptAlpha(master, changed_stretch(old, new, 0, plan.last - plan.first))
            for master, old, new in zip(masters, before.guides, plan.guides, strict=True)
        ]
    except ValueError:
        return None


def changed_count(kept: Sequence[KeptAlpha]) -> int:
    """Return the number of frames that are matted again, over all targets."""
    return sum(one.stretch.changed_count for one in kept if one.stretch is not None)
