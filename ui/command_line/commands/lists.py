"""`engines`, `doctor`, `sessions` and `versions`: what is installed, what works, what lies in the workspace."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.storage.disk import MEGABYTE
from ui.command_line.commands.running import check_folder
from utils.errors import BadRequest, EngineUnavailable, SessionError
from utils.messages import Language, render
from utils.options import OptionSpec
from utils.types import Message

if TYPE_CHECKING:
    from pipeline.orchestrator import EngineInfo, Orchestrator
    from pipeline.session.result_versions import VersionInfo
    from pipeline.session.retention import SessionSummary
    from pipeline.session.trash import DeletedSession


def engines(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `engines`."""
    rows = orchestrator.all_engines()
    if options.json:
        print(json.dumps([_engine_row(row) for row in rows]))
        return
    for row in rows:
        state = "ready" if row.is_available else "missing parts"
        print(
            f"{row.name:<10} {render(row.label)}: {state}{' (default)' if row.is_default else ''}"
        )
        notes = [row.description, *([] if row.device_note is None else [row.device_note])]
        print(f"{'':<10} {' '.join(map(render, notes))}")
        if row.licence:
            use = "commercial-clean" if row.commercial_use else "not for commercial use"
            print(f"{'':<10} licence: {row.licence.en}; {use}")
        for label, command in row.missing:
            print(f"{'':<10} needs {render(label)}{f'; get it with: {command}' if command else ''}")
        for spec in row.option_specs if row.is_available else ():
            print(f"{'':<10} --option {spec.name}={_values(spec)} (default {_value(spec.default)})")
            print(f"{'':<10}     {spec.option.label.en}")
        if row.spending is not None and row.is_available:
            print(f"{'':<10} {render(row.spending)}")
        if row.peak_bytes:
            where = "on the GPU" if row.peak_device == "cuda" else "of main memory"
            print(f"{'':<10} measured peak {row.peak_bytes / MEGABYTE:.0f} MB {where}")


def doctor(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `doctor`: a line for each finding, and what to do below it, in the language that is asked for.

    Raises:
        EngineUnavailable: something that is needed does not work.
    """
    language: Language = options.language
    problems = 0
    for finding in orchestrator.examine():
        problems += finding.verdict == "problem"
        verdict = render(Message(f"doctor.{finding.verdict}"), language)
        item, state = render(finding.item, language), render(finding.state, language)
        print(f"{verdict:<8} {item:<22} {state}", flush=True)
        if finding.advice is not None:
            print(f"{'':<31} {render(finding.advice, language)}", flush=True)
    if problems:
        raise EngineUnavailable("engine.doctor_problems", count=problems)


def _values(spec: OptionSpec) -> str:
    """Return what an option takes, as it is written after its name."""
    if spec.kind == "bool":
        return "true|false"
    if spec.choices:
        return "|".join(spec.choices)
    return "TEXT" if spec.option.minimum is None else spec.allowed


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _engine_row(row: EngineInfo) -> dict[str, object]:
    return {
        "name": row.name,
        "label": render(row.label),
        "description": render(row.description),
        "available": row.is_available,
        "default": row.is_default,
        "device": row.device,
        "capabilities": sorted(capability.value for capability in row.capabilities),
        "missing": [{"what": render(label), "command": command} for label, command in row.missing],
        "options": {
            spec.name: {
                "kind": spec.kind,
                "default": spec.default,
                "label": spec.option.label.en,
                "minimum": spec.option.minimum,
                "maximum": spec.option.maximum,
                "choices": list(spec.choices),
            }
            for spec in row.option_specs
        },
        "peak_bytes": row.peak_bytes,
        "licence": row.licence.en if row.licence else "",
        "commercial_use": row.commercial_use,
        "spending": None if row.spending is None else row.spending.params,
    }


def check_sessions(options: argparse.Namespace) -> None:
    """Check that a dry run is one of a clean-up.

    Raises:
        BadRequest: it is of something else.
    """
    if options.dry_run and (not options.clean or options.delete or options.restore):
        raise BadRequest("job.dry_run")


def sessions(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `sessions`.

    Raises:
        SessionError: the session to delete has a job, or the one to restore is not among the deleted.
    """
    if options.delete is not None and not orchestrator.delete(options.delete):
        raise SessionError("job.already_running")
    if options.restore is not None:
        orchestrator.restore(options.restore)
    if options.clean:
        rows = orchestrator.clean_sessions(dry_run=options.dry_run)
        verb = "would delete " if options.dry_run else "deleted "
    else:
        rows, verb = orchestrator.list_sessions(), ""
    deleted = orchestrator.list_deleted()
    if options.json:
        print(json.dumps(_session_rows(rows, deleted, "cleaned" if options.clean else "sessions")))
        return
    for row in rows:
        line = _line(row.id, row.status.value, row.age_hours, row.size_bytes, row.shown_name)
        print(f"{verb}{line}")
    print(f"{len(rows)} sessions, {_shown_mb(sum(row.size_bytes for row in rows))}")
    for item in deleted:
        print(_line(item.id, "in trash", _age_hours(item), item.size_bytes, item.shown_name))
    if deleted:
        total = _shown_mb(sum(item.size_bytes for item in deleted))
        print(f"{len(deleted)} deleted sessions that --restore takes back, {total}")


def _line(session: str, status: str, age_hours: float, size_bytes: int, name: str) -> str:
    return f"{session}  {status:<11} {age_hours:7.1f} h {size_bytes / MEGABYTE:8.1f} MB  {name}"


def _shown_mb(size_bytes: int) -> str:
    return f"{size_bytes / MEGABYTE:.1f} MB"


def _age_hours(item: DeletedSession) -> float:
    return (time.time() - item.deleted_at_s) / 3600.0


def _session_rows(
    rows: Sequence[SessionSummary], deleted: Sequence[DeletedSession], name: str
) -> dict[str, list[dict[str, object]]]:
    """Return what `--json` tells: the sessions, or those that were cleaned up, and what is in the trash."""
    listed: list[dict[str, object]] = [
        {
            "session": row.id,
            "name": row.shown_name,
            "status": row.status.value,
            "age_hours": round(row.age_hours, 3),
            "size_bytes": row.size_bytes,
        }
        for row in rows
    ]
    trash: list[dict[str, object]] = [
        {
            "session": item.id,
            "name": item.shown_name,
            "deleted_hours_ago": round(_age_hours(item), 3),
            "size_bytes": item.size_bytes,
        }
        for item in deleted
    ]
    return {name: listed, "deleted": trash}


def check_versions(options: argparse.Namespace) -> None:
    """Check the folder for a version's files.

    Raises:
        BadRequest: it is missing, can't be written, or is given for nothing.
    """
    if options.export is None and options.out is not None:
        raise BadRequest("job.out_alone")
    if options.export is not None and options.out is None:
        raise BadRequest("job.export_folder")
    if options.out is not None:
        check_folder(options.out, options.workspace_dir)


def versions(options: argparse.Namespace, orchestrator: Orchestrator) -> None:
    """Run `versions`.

    Raises:
        BadRequest: there is no such version.
    """
    if options.take is not None:
        orchestrator.take_version(options.session, options.take)
    if options.delete is not None:
        orchestrator.delete_version(options.session, options.delete)
    if options.export is not None:
        for kind, path in orchestrator.export(options.session, options.out, options.export).items():
            print(f"{kind}: {path}")
        return
    rows = [_version_row(info) for info in orchestrator.versions(options.session)]
    if options.json:
        print(json.dumps(rows))
        return
    if not rows:
        print(f"0 results: {render(Message('job.no_result'))}")
    for row in rows:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(float(row["made_at_s"])))
        print(
            f"{row['version']:>4} {'current' if row['is_current'] else '':<8} {made}  {row['engine']:<12} "
            f"{row['frames']} frames  {_shown_mb(row['size_bytes'])}"
        )


def _version_row(info: VersionInfo) -> dict[str, Any]:
    record = info.record
    return {
        "version": record.number,
        "is_current": info.is_current,
        "made_at_s": record.made_at_s,
        "engine": record.engine_used,
        "frames": record.frames_done,
        "size_bytes": info.size_bytes,
        "outputs": [output.file for output in record.outputs],
    }
