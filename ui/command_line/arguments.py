"""The command line's grammar: commands, options and the values they take; it runs nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from engines.registry import ENGINES
from pipeline.video_io.outputs.registry import default_outputs, output_kinds
from utils.types import Box, Point

EXIT_USER = 2
"""Exit code for what the user can mend."""


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
    return build_parser().parse_args(words)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = _Parser(prog="app.py", description="SplazMatte: cut people and things out of videos.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    serve = commands.add_parser("serve", help="run the page (default)")
    serve.add_argument("--host", help="address to listen on; 0.0.0.0 opens it to the LAN")
    serve.add_argument("--port", type=int, help="port to listen on; 0 takes a free one")

    segment = commands.add_parser("segment", help="find the target on one frame, write its mask")
    _add_target_arguments(segment, with_mask=False)
    segment.add_argument("-o", "--output", type=Path, required=True, metavar="MASK.png")

    matte = commands.add_parser("matte", help="matte a clip into files")
    _add_target_arguments(matte, with_mask=True)
    matte.add_argument(
        "--everyone",
        action="store_true",
        help="keep everybody, without a mark; for engines that find people by themselves",
    )
    matte.add_argument("--engine", default="auto", choices=["auto", *ENGINES])
    matte.add_argument(
        "--outputs",
        default=",".join(default_outputs()),
        help=f"any of {','.join(output_kinds())}",
    )
    matte.add_argument("--background", default="#00FF00", help="colour of foreground.mp4, #RRGGBB")
    matte.add_argument("--preview-background", default="checker", help="checker, grey or #RRGGBB")
    matte.add_argument("--first", type=int, default=0, help="in point, a frame number")
    matte.add_argument("--last", type=int, help="out point, inclusive")
    matte.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an option of the engine (see `engines`)",
    )
    matte.add_argument("--grow", type=float, default=0.0, help="grow (+) or shrink (-), pixels")
    matte.add_argument("--feather", type=float, default=0.0, help="soften the edge, pixels")
    matte.add_argument(
        "--separate-targets", action="store_true", help="one matte for each found instance"
    )
    matte.add_argument("--out", type=Path, required=True, metavar="DIR")
    matte.add_argument("--json", action="store_true", help="one JSON object as the last line")

    engines = commands.add_parser("engines", help="what is installed, what is missing")
    engines.add_argument("--json", action="store_true")

    sessions = commands.add_parser("sessions", help="list sessions, or clean up old ones")
    sessions.add_argument("--clean", action="store_true", help="delete expired sessions")
    sessions.add_argument("--dry-run", action="store_true", help="only say what would go")
    return parser


def _add_target_arguments(parser: argparse.ArgumentParser, *, with_mask: bool) -> None:
    parser.add_argument("clip", type=Path, metavar="CLIP")
    if with_mask:
        parser.add_argument("--mask", type=Path, metavar="M.png", help="white = the target")
    parser.add_argument("--text", default="", help="what to find, for instance “dancer”")
    parser.add_argument(
        "--point",
        type=parse_point,
        action="append",
        default=[],
        metavar="X,Y[,-]",
        help="a click on the target, or with ,- beside it; may be repeated",
    )
    parser.add_argument("--box", type=parse_box, metavar="X0,Y0,X1,Y1")
    parser.add_argument("--frame", type=int, default=0, help="frame the prompt is on (default 0)")


def parse_point(text: str) -> Point:
    """Parse "X,Y", "X,Y,+" or "X,Y,-"."""
    parts = text.split(",")
    if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("+", "-")):
        raise argparse.ArgumentTypeError(f"a point is X,Y or X,Y,- and not {text[:40]!r}")
    x, y = _numbers(parts[:2])
    return Point(x, y, positive=len(parts) == 2 or parts[2] == "+")


def parse_box(text: str) -> Box:
    """Parse "X0,Y0,X1,Y1"."""
    parts = text.split(",")
    if len(parts) != 4:
        raise argparse.ArgumentTypeError(f"a box is X0,Y0,X1,Y1 and not {text[:40]!r}")
    return Box(*_numbers(parts))


def _numbers(parts: Sequence[str]) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not numbers: {','.join(parts)[:40]!r}") from error
    if not all(abs(number) < 1e6 for number in numbers):
        raise argparse.ArgumentTypeError(f"out of range: {','.join(parts)[:40]!r}")
    return numbers
