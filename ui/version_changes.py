"""How a version of a result differs from the one before it, in one line; it decides nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from pipeline.jobs.kept_alpha import CLEAN_PLATE_FILE
from pipeline.postprocess.appearance import Edges
from pipeline.session.output_records import target_numbers
from pipeline.session.request import MatteRequest, request_specs
from pipeline.session.result_versions import VersionInfo
from pipeline.session.state import ResultPlan, ResultRecord
from ui.text import listed, translate
from utils.messages import Language
from utils.options import specs_of

OptionLabels = Callable[[str, str], str]
"""What the page calls an engine's option, by the names of both; "" for what is none of it today."""
_MOST_FRAMES = 4
"""Frames that are named; more are counted."""


def version_changes(
    versions: Sequence[VersionInfo], option_label: OptionLabels, language: Language
) -> dict[int, str]:
    """Return a line for each version but the oldest, by number: how it differs from the version before.

    Args:
        versions: the newest first.
    """
    return {
        after.record.number: translate(
            "page.change.line",
            language,
            number=before.record.number,
            changes=listed(_changes(before.record, after.record, option_label, language), language),
        )
        for after, before in pairwise(versions)
    }


def _changes(
    before: ResultRecord, after: ResultRecord, option_label: OptionLabels, language: Language
) -> list[str]:
    old, new = before.request, after.request
    found = []
    if before.engine_used != after.engine_used:
        found.append(translate("page.change.engine", language))
    if before.plan is not None and after.plan is not None:
        found += _plan_changes(before.plan, after.plan, option_label, language)
    if old.everyone != new.everyone:
        found.append(translate("page.change.everyone", language))
    if old.refine_key_frames != new.refine_key_frames:
        found.append(translate("page.change.refine", language))
    found += _edge_changes(old.edges, new.edges, language)
    if old.backgrounds != new.backgrounds:
        found.append(translate("page.change.background", language))
    if old.files != new.files:
        found.append(translate("page.change.files", language))
    return found or [translate("page.change.nothing", language)]


def _plan_changes(
    before: ResultPlan, after: ResultPlan, option_label: OptionLabels, language: Language
) -> list[str]:
    found = []
    if before.engine == after.engine:
        changed = {
            name
            for name in before.options.keys() | after.options.keys()
            if before.options.get(name) != after.options.get(name)
        }
        if CLEAN_PLATE_FILE in changed:
            found.append(translate("page.change.clean_plate", language))
        # What is an option of the request is told with those.
        names = sorted(changed - {CLEAN_PLATE_FILE, *request_specs(MatteRequest)})
        if names:
            shown = ", ".join(option_label(after.engine, name) or name for name in names)
            found.append(translate("page.change.options", language, names=shown))
    old, new = _marks(before), _marks(after)
    if old.keys() != new.keys():
        found.append(translate("page.change.targets", language))
    frames = {
        frame
        for number in old.keys() & new.keys()
        for frame in old[number].keys() | new[number].keys()
        if old[number].get(frame) != new[number].get(frame)
    }
    if 0 < len(frames) <= _MOST_FRAMES:
        shown = listed(map(str, sorted(frames)), language)
        found.append(translate("page.change.marks", language, frames=shown))
    elif frames:
        found.append(translate("page.change.many_marks", language, count=len(frames)))
    if (before.first, before.last) != (after.first, after.last):
        values = {"first": after.first, "last": after.last}
        found.append(translate("page.change.range", language, **values))
    return found


def _marks(plan: ResultPlan) -> dict[int, Mapping[int, int]]:
    """Return each target's checksums of marked masks by the clip's frames."""
    return {
        number: {frame + plan.first: checksum for frame, checksum in guide.items()}
        for number, guide in zip(target_numbers(plan), plan.guides, strict=True)
    }


def _edge_changes(before: Edges, after: Edges, language: Language) -> list[str]:
    found = []
    for spec in specs_of(Edges):
        old, new = spec.value_in(before), spec.value_in(after)
        if old == new:
            continue
        if isinstance(new, bool):
            found.append(translate(f"page.change.{'inverted' if new else 'upright'}", language))
        else:
            found.append(f"{spec.option.label.in_language(language)} {old:g} → {new:g}")
    return found
