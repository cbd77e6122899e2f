"""The command line: reads arguments, runs one command, and turns its errors into exit codes."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from pipeline.session.request import engine_choices
from pipeline.storage.disk import translate_disk_errors
from ui.command_line.arguments import EXIT_USER, parse_arguments
from ui.command_line.commands.lists import (
    check_sessions,
    check_versions,
    doctor,
    engines,
    sessions,
    versions,
)
from ui.command_line.commands.matte import check_matte, check_render, matte, render
from ui.command_line.commands.rerun import check_rerun, rerun
from ui.command_line.commands.segment import check_segment, segment
from ui.command_line.console import one_line, reader_is_gone
from ui.command_line.failures import described
from ui.command_line.settings_problems import (
    misspelt,
    settings_problem,
    unknown_engines,
    variables_given,
)
from ui.command_line.stopping import Stopper
from utils.errors import Cancelled, SplazmatteError

if TYPE_CHECKING:
    from config import Settings
    from pipeline.orchestrator import Orchestrator

EXIT_OK = 0
EXIT_CANCELLED = 130
EXIT_PIPE = 141
"""As the shell has it of programs that end where nobody reads what they print."""

BuildSettings = Callable[[], "Settings"]
BuildOrchestrator = Callable[["Settings"], "Orchestrator"]
Serve = Callable[["Settings"], None]
Work = Callable[["Settings", str], None]
Check: TypeAlias = Callable[[argparse.Namespace], None]
Run: TypeAlias = "Callable[[argparse.Namespace, Orchestrator], None]"


def main(
    arguments: Sequence[str],
    build_settings: BuildSettings,
    build_orchestrator: BuildOrchestrator,
    serve: Serve,
    work: Work | None = None,
) -> int:
    """Run one command; return the exit code: 0, 2 for what the user can fix, 1 for an internal error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a path may hold any bytes
    options = parse_arguments(arguments)
    try:
        settings = build_settings()
    except ValueError as error:
        print(f"settings: {one_line(settings_problem(error))}", file=sys.stderr)
        return EXIT_USER
    problems = misspelt(variables_given(type(settings)), type(settings).model_fields)
    for line in (*problems, *unknown_engines(settings, engine_choices())):
        print(line, file=sys.stderr)
    try:
        with translate_disk_errors(settings.workspace_dir):
            _run(options, settings, build_orchestrator, serve, work)
            sys.stdout.flush()
        return EXIT_OK
    except Cancelled as error:
        print(error.user_message, file=sys.stderr)
        return EXIT_CANCELLED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and reader_is_gone():
            return EXIT_PIPE
        text, exit_code = described(error)
        prefix = "error: " if isinstance(error, SplazmatteError) else ""
        print(f"{prefix}{text}", file=sys.stderr)
        return exit_code


def _run(
    options: argparse.Namespace,
    settings: Settings,
    build_orchestrator: BuildOrchestrator,
    serve: Serve,
    work: Work | None,
) -> None:
    if options.command in ("serve", "worker"):
        given = settings.model_copy(update=_given(options, "host", "port", "broker"))
        if options.command == "serve" or work is None:
            serve(given)
        else:
            work(given, options.name)
        return
    with Stopper(settings.stop_grace_s) as stopper:
        options.stopper, options.workspace_dir = stopper, settings.workspace_dir
        check, run = _COMMANDS[options.command]
        check(options)
        run(options, build_orchestrator(settings))


def _given(options: argparse.Namespace, *names: str) -> dict[str, object]:
    return {
        name: getattr(options, name) for name in names if getattr(options, name, None) is not None
    }


def _nothing_to_check(options: argparse.Namespace) -> None:
    del options


_COMMANDS: dict[str, tuple[Check, Run]] = {
    "segment": (check_segment, segment),
    "matte": (check_matte, matte),
    "rerun": (check_rerun, rerun),
    "render": (check_render, render),
    "engines": (_nothing_to_check, engines),
    "doctor": (_nothing_to_check, doctor),
    "sessions": (check_sessions, sessions),
    "versions": (check_versions, versions),
}
"""By name: what checks the options before anything is built, and what runs the command."""
