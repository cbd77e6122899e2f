"""The alpha of an earlier result, and what of it a job may keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engines.base import Engine
from pipeline.jobs.changed_frames import Stretch, changed_stretch
from pipeline.jobs.guides import TargetGuide
from pipeline.selection.source_alpha import is_marked_by_source
from pipeline.session.output_records import target_master, target_numbers
from pipeline.session.pictures import clean_plate_token
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import ResultPlan, SessionState
from pipeline.video_io import read_master
from utils.alpha_levels import AlphaLevels
from utils.options import OptionValue, resolve_options

CLEAN_PLATE_FILE = "clean_plate_file"
"""Beside the options of an engine that uses a clean plate: the checksum of the user's picture, "" for none."""


@dataclass(frozen=True, slots=True)
class KeptAlpha:
    """One target's alpha of the last result; `stretch` is what is made again, None for nothing.

    `parts` are its files, one after the other: one of a result, several of a divided job. `mask_token` is
    that of its tracked masks, "" where there were none.
    """

    parts: tuple[Path, ...]
    stretch: Stretch | None = None
    mask_token: str = ""

    @property
    def master(self) -> Path:
        """The file of a result."""
        return self.parts[0]

    def alphas(self) -> Iterator[AlphaLevels]:
        """Yield every frame's alpha, levels, uint16 (H, W)."""
        for part in self.parts:
            yield from read_master(part)


def made_with(session: Session, request: MatteRequest, engine: Engine) -> dict[str, OptionValue]:
    """Return what an alpha depends on beside its marks and its range: options, and a clean plate's checksum.

    Raises:
        BadRequest: an option is unknown or out of its range.
    """
    options = resolve_options(engine.option_specs(), request.options)
    if request.refine_key_frames:
        options = {**options, "refine_key_frames": True}
    if engine.takes_clean_plate:
        options = {**options, CLEAN_PLATE_FILE: clean_plate_token(session)}
    return dict(options)


def plan_of(
    engine: str,
    options: Mapping[str, OptionValue],
    span: tuple[int, int],
    guides: Sequence[TargetGuide],
) -> ResultPlan:
    """Return what a job makes its alpha from; `span` is the inclusive range."""
    first, last = span
    return ResultPlan(
        engine=engine,
        options=dict(options),
        first=first,
        last=last,
        guides=tuple(guide.checksums() for guide in guides),
        numbers=tuple(guide.number for guide in guides),
    )


def master_paths(session: Session, plan: ResultPlan) -> list[Path]:
    """Return where the kept alphas of a result's targets lie."""
    return [target_master(session, plan, number) for number in target_numbers(plan)]


def mask_folders(session: Session, plan: ResultPlan) -> list[Path]:
    """Return where the tracked masks of a result's targets lie."""
    folder = session.masks_dir
    numbers = target_numbers(plan)
    return [folder] if len(numbers) == 1 else [folder / str(number) for number in numbers]


def kept_alphas(
    session: Session, state: SessionState, request: MatteRequest, plan: ResultPlan
) -> list[KeptAlpha | None] | None:
    """Return what each target keeps of the last result, None for one that is new.

    None for the whole where every frame of every target is matted again.

    Args:
        state: as it was before the job began.
    """
    before = state.result_plan
    # A clean plate may be taken from the clip: a part of the clip would have another one.
    is_whole = request.every_frame or request.everyone or CLEAN_PLATE_FILE in plan.options
    if before is None or is_whole or not plan.guides or not any(before.guides):
        return None  # a job for everyone had no marks that others could correct
    same = ("engine", "options", "first", "last")
    if any(getattr(before, name) != getattr(plan, name) for name in same):
        return None
    masters = dict(zip(target_numbers(before), master_paths(session, before), strict=True))
    if [path.stat().st_size if path.is_file() else -1 for path in masters.values()] != list(
        before.master_bytes
    ):
        return None
    old = dict(zip(target_numbers(before), before.guides, strict=True))
    if not masters.keys() & set(plan.numbers):
        return None
    tokens = dict(zip(target_numbers(before), before.mask_tokens, strict=False))

    def kept(number: int, guide: Mapping[int, int]) -> KeptAlpha | None:
        if number not in masters:
            return None
        stretch = changed_stretch(old[number], guide, 0, plan.last - plan.first)
        token = tokens.get(number, "")
        if stretch is not None and token and is_marked_by_source(state, number):
            # The clip's own transparency is every frame's mask now, also of those that were tracked before.
            return None
        return KeptAlpha((masters[number],), stretch, token)

    try:
        return [
            kept(number, guide) for number, guide in zip(plan.numbers, plan.guides, strict=True)
        ]
    except ValueError:
        return None


def changed_spans(kept: Sequence[KeptAlpha | None], plan: ResultPlan) -> list[tuple[int, int]]:
    """Return the first and last frame of the clip of what is matted again, for each target that changed."""
    spans = [(plan.first, plan.last) for one in kept if one is None]
    for stretch in (one.stretch for one in kept if one is not None):
        if stretch is not None:
            low = plan.first + stretch.first + stretch.anchored_first
            spans.append((low, plan.first + stretch.last - stretch.anchored_last))
    return spans


def changed_count(kept: Sequence[KeptAlpha | None], frames: int) -> int:
    """Return the number of frames that are matted again, over all targets of so many frames each."""
    return sum(
        frames if one is None else one.stretch.changed_count if one.stretch is not None else 0
        for one in kept
    )
