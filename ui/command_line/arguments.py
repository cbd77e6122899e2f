"""The command line's grammar: commands, options and the values they take; it runs nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from pipeline.session.request import MatteRequest, RenderRequest, request_specs
from ui.command_line.target_arguments import add_source_arguments, add_target_arguments
from ui.command_line.values import parse_broker, parse_name, parse_names, parse_path, parse_port
from utils.options import OptionSpec

EXIT_USER = 2
"""Exit code for what the user can fix."""


class _Parser(argparse.ArgumentParser):
    """One line on stderr for a wrong argument."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message} (see {self.prog} --help)\n")
        raise SystemExit(EXIT_USER)


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; without a command it is `serve`.

    Raises:
        SystemExit: 2 with one line on stderr for a wrong argument, 0 after --help.
    """
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help")):
        words.insert(0, "serve")
    options, unknown = build_parser().parse_known_args(words)
    if unknown:
        _Parser(prog=f"app.py {options.command}").error(
            f"unrecognized arguments: {' '.join(unknown)}"
        )
    return options


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(prog="app.py", description="SplazMatte: cut people and things out of videos.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    _add_serve(commands.add_parser("serve", help="run the page (default)"))
    _add_worker(commands.add_parser("worker", help="run matting jobs of a page on another machine"))
    segment = commands.add_parser("segment", help="find the target on one frame, write its mask")
    add_source_arguments(segment, several=False)
    add_target_arguments(segment, several=False)
    segment.add_argument("-o", "--output", type=parse_path, required=True, metavar="MASK.png")
    _add_matte(commands.add_parser("matte", help="matte a clip into files"))
    _add_rerun(
        commands.add_parser(
            "rerun",
            help="matte a session again: corrected, by another engine, or with other options",
        )
    )
    render = commands.add_parser(
        "render", help="make new files of a session, without running its engine again"
    )
    render.add_argument("session", metavar="SESSION", help="id of a session that is done")
    _add_request_options(render, RenderRequest)
    _add_result_arguments(render)
    engines = commands.add_parser("engines", help="what is installed, what is missing")
    engines.add_argument("--json", action="store_true")
    doctor = commands.add_parser(
        "doctor", help="examine this machine: driver, FFmpeg, disk, a tiny job an engine"
    )
    doctor.add_argument("--language", choices=("en", "zh"), default="en", help="default en")
    versions = commands.add_parser(
        "versions",
        help="list the results of a session, the earlier ones too, and choose among them",
    )
    _add_versions(versions)
    sessions = commands.add_parser(
        "sessions", help="list sessions, clean up old ones, delete one or restore it"
    )
    _add_sessions(sessions)
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on; 0.0.0.0 opens it to the LAN")
    parser.add_argument("--port", type=parse_port, help="port to listen on; 0 takes a free one")


def _add_worker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--broker",
        type=parse_broker,
        metavar="redis://HOST:PORT/N",
        help="the page's SPLAZMATTE_BROKER",
    )
    parser.add_argument("--name", type=parse_name, default="worker", help="name in logs and lists")


def _add_matte(parser: argparse.ArgumentParser) -> None:
    add_source_arguments(parser, several=True)
    add_target_arguments(parser, several=True)
    _add_request_options(parser, MatteRequest)
    _add_engine_arguments(parser)
    _add_result_arguments(parser, takes_sky=True)


def _add_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "session",
        metavar="SESSION",
        help="id of a session, as `sessions` lists them; what isn't given stays as its last job had it",
    )
    add_target_arguments(parser, several=True, corrects=True)
    _add_request_options(parser, MatteRequest, keeps_all=True)
    _add_engine_arguments(parser)
    _add_result_arguments(parser)


def _add_versions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="id of a session that is done")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--take", type=int, metavar="N", help="make version N the current result")
    one.add_argument("--delete", type=int, metavar="N", help="delete version N for good")
    one.add_argument(
        "--export", type=int, metavar="N", help="put the files of version N into --out"
    )
    parser.add_argument("--out", type=parse_path, metavar="DIR")
    parser.add_argument("--json", action="store_true")


def _add_sessions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clean", action="store_true", help="delete expired sessions")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be deleted")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--delete", metavar="SESSION", help="delete it; it can be restored for a while"
    )
    either.add_argument("--restore", metavar="SESSION", help="take a deleted session back")


def _add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the engine (see `engines`)",
    )
    parser.add_argument(
        "--clean-plate",
        type=parse_path,
        metavar="PICTURE",
        help="PNG or JPEG of the scene without the target, for engines that use one",
    )


def _add_result_arguments(parser: argparse.ArgumentParser, *, takes_sky: bool = False) -> None:
    pictures = parser.add_mutually_exclusive_group()
    pictures.add_argument(
        "--background-picture",
        type=parse_path,
        metavar="PICTURE",
        help="PNG or JPEG that the background “picture” stands for",
    )
    if takes_sky:
        pictures.add_argument(
            "--replace-sky",
            type=parse_path,
            metavar="PICTURE",
            help="find the sky, or take what is marked for it, keep everything else, and put the picture "
            "behind it in the preview",
        )
    parser.add_argument(
        "--out", type=parse_path, required=True, metavar="DIR", help="folder for the files"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")


def _add_request_options(
    parser: argparse.ArgumentParser, request_type: type[RenderRequest], *, keeps_all: bool = False
) -> None:
    """Add an option for each that the request declares; a value that isn't given is not in the result.

    Args:
        keeps_all: what isn't given stays as a session has it, also of those that only a matting job has.
    """
    for spec in request_specs(request_type).values():
        flags = [f"--{name.replace('_', '-')}" for name in (spec.name, *spec.option.aliases)]
        values: dict[str, Any] = {"dest": spec.name, "default": argparse.SUPPRESS}
        if spec.kind == "bool" and (keeps_all or spec.path[0] in RenderRequest.model_fields):
            # What isn't given stays as the session's last files have it.
            values["action"] = argparse.BooleanOptionalAction
        elif spec.kind == "bool":
            values |= {"action": "store_true", "default": False}
        elif spec.kind == "choice":
            values["choices"] = spec.choices
        elif spec.kind == "list":
            values |= {"type": parse_names, "metavar": "NAME,…", "action": "extend"}
        elif spec.kind in ("int", "float"):
            values["type"] = int if spec.kind == "int" else float
        parser.add_argument(*flags, help=_help(spec), **values)


def _help(spec: OptionSpec) -> str:
    text = spec.option.label.en
    if spec.kind == "list":
        text += f": any of {','.join(spec.choices)}"
    if spec.option.hint:
        text += f": {spec.option.hint}"
    if spec.option.minimum is not None or spec.option.maximum is not None:
        text += f" ({spec.allowed})"
    default = ",".join(spec.default) if spec.kind == "list" else spec.default
    return text if spec.default in (None, False) else f"{text}; default {default}"


def request_values(
    options: argparse.Namespace, request_type: type[RenderRequest]
) -> dict[str, Any]:
    """Return the values of the request's options that were given, by name."""
    given = vars(options)
    return {name: given[name] for name in request_specs(request_type) if name in given}
