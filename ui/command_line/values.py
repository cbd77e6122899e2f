"""Values on the command line, from text; each raises `argparse.ArgumentTypeError` with what is wanted."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from pydantic import SecretStr

from config import LAST_PORT, redis_address
from pipeline.video_io.sequence.naming import parse_rate
from utils.errors import BadRequest
from utils.types import Box, Point, Stroke


def parse_names(text: str) -> tuple[str, ...]:
    """Parse names with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parse_path(text: str) -> Path:
    """Parse a path; an empty one, as of a variable without a value, would be the current folder.

    A shell leaves "~" in quotes and after "=" as it is.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text).expanduser() if text == "~" or text.startswith("~/") else Path(text)


def parse_port(text: str) -> int:
    """Parse a TCP port, as the setting takes it."""
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is 0 to {LAST_PORT} and not {text[:40]!r}")
    return int(text)


def parse_fps(text: str) -> Fraction:
    """Parse a frame rate, such as "24", "23.976" or "30000/1001"."""
    try:
        return parse_rate(text)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(error.user_message) from error


def parse_broker(text: str) -> SecretStr:
    """Parse the address of a broker, as the setting does; it may hold a password."""
    try:
        return SecretStr(redis_address(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def parse_name(text: str) -> str:
    """Parse the name of a worker, which becomes part of a file's name."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", text):
        raise argparse.ArgumentTypeError("a name has 1 to 40 letters, digits, _ and -")
    return text


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


def parse_example(text: str) -> tuple[Box, bool]:
    """Parse "X0,Y0,X1,Y1", or with ",-" what is not wanted; the second value tells."""
    is_wanted = not text.endswith(",-")
    return parse_box(text.removesuffix(",-").removesuffix(",+")), is_wanted


def parse_stroke(text: str) -> Stroke:
    """Parse "R:X,Y;X,Y…", "-R:…" for an eraser, "fill:…" or "-fill:…" for a polygon."""
    size, colon, path = text.partition(":")
    vertices = [vertex.split(",") for vertex in path.split(";")]
    if not colon or not all(len(vertex) == 2 for vertex in vertices):
        raise argparse.ArgumentTypeError(f"a stroke is R:X,Y;X,Y… and not {text[:40]!r}")
    size, is_positive = size.removeprefix("-"), not size.startswith("-")
    is_filled = size == "fill"
    (radius,) = (0.0,) if is_filled else _numbers([size])
    if radius <= 0 and not is_filled:
        raise argparse.ArgumentTypeError(f"a stroke's radius is above 0, not {size[:40]!r}")
    points = tuple((x, y) for x, y in map(_numbers, vertices))
    return Stroke(points, radius, is_positive=is_positive, is_filled=is_filled)


def _numbers(parts: Sequence[str]) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not numbers: {','.join(parts)[:40]!r}") from error
    if not all(abs(number) < 1e6 for number in numbers):
        raise argparse.ArgumentTypeError(f"out of range: {','.join(parts)[:40]!r}")
    return numbers
