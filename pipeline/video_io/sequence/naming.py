"""Numbered pictures as sequences: names taken apart, grouped and found by a pattern; no picture is decoded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from pipeline.video_io.clip import PICTURE_KINDS, PICTURE_SUFFIXES, SequenceNames, shown_name
from utils.errors import BadRequest, BadUpload
from utils.file_kinds import HEAD_BYTES, kind_of

_NUMBER = r"[0-9]{1,18}"
"""Of longer ones, such as dates with nanoseconds, the last digits are the number."""
_NUMBERED = re.compile(rf"(.*?)({_NUMBER})([^0-9]*)", re.DOTALL)
_PLACEHOLDER = re.compile(rf"%(?:0([1-9]|1[0-8]))?d|\[?(#{{1,18}})\]?|\[({_NUMBER})-({_NUMBER})\]")
_RATE = re.compile(r"[0-9]{1,7}(\.[0-9]{1,7}|/0*[1-9][0-9]{0,6})?")
_NTSC_RATES = (24, 30, 48, 60, 120)
_NTSC_SLACK = 0.005
"""23.98 and 23.976 both stand for 24000/1001."""
_SHOWN_RANGES = 8
_SHOWN_SEQUENCES = 8


@dataclass(frozen=True, slots=True)
class PictureSequence:
    """Pictures of one sequence by number; `first` and `last` are what is wanted of it, inclusive.

    `folder` ends in "/", or is empty.
    """

    names: SequenceNames
    pictures: Mapping[int, Path]
    first: int
    last: int
    folder: str = ""

    @property
    def label(self) -> str:
        """Folder, pattern and numbers: "beauty/shot.%04d.exr (1001-1240)"."""
        return f"{shown_name(self.folder)}{self.names.pattern} ({self.first}-{self.last})"

    @property
    def missing(self) -> list[tuple[int, int]]:
        """The numbers without a picture, as inclusive ranges."""
        present = [number for number in sorted(self.pictures) if self.first <= number <= self.last]
        edges = [self.first - 1, *present, self.last + 1]
        return [(low + 1, high - 1) for low, high in pairwise(edges) if high - low > 1]

    def in_order(self) -> list[Path]:
        """Return a picture for every number; the one before stands in for a missing one."""
        known = self.pictures[min(number for number in self.pictures if number >= self.first)]
        ordered = []
        for number in range(self.first, self.last + 1):
            known = self.pictures.get(number, known)
            ordered.append(known)
        return ordered


def is_picture(name: str) -> bool:
    """Return whether the name ends as that of a picture we read."""
    return name.rpartition(".")[2].lower() in PICTURE_SUFFIXES


def refuse_single_picture(path: Path) -> None:
    """Refuse a file that is one picture; a video whose name ends as a picture's is none.

    Raises:
        BadUpload: it is one.
    """
    if not is_picture(path.name) or not path.is_file():
        return
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if kind_of(head) in PICTURE_KINDS:
        raise BadUpload("sequence.single", name=shown_name(path.name))


def group_pictures(pictures: Iterable[tuple[str, Path]]) -> list[PictureSequence]:
    """Return the sequences that pictures form by their names, in the order of those.

    The number is the last run of digits before the suffix. Names without one are left out, and so is what
    is no picture.

    Args:
        pictures: each with its name, which may begin with folders: those are told apart.

    Raises:
        BadUpload: two pictures have the same name.
    """
    groups: dict[tuple[str, str, str], dict[str, Path]] = defaultdict(dict)
    for whole, path in pictures:
        folder, slash, name = whole.rpartition("/")
        stem, _, suffix = name.rpartition(".")
        taken = _NUMBERED.fullmatch(stem)
        if taken is None or not is_picture(name):
            continue
        group = groups[folder + slash, taken[1], f"{taken[3]}.{suffix}"]
        if taken[2] in group:
            raise BadUpload("sequence.duplicate", name=shown_name(name))
        group[taken[2]] = path
    return [
        replace(sequence, folder=folder)
        for (folder, prefix, tail), group in sorted(groups.items())
        for sequence in _by_padding(prefix, tail, group)
    ]


def the_one_sequence(sequences: list[PictureSequence]) -> PictureSequence:
    """Return the only sequence.

    Raises:
        BadUpload: there is none, or there are several, which are named.
    """
    if not sequences:
        raise BadUpload("sequence.none", suffixes=", ".join(PICTURE_SUFFIXES))
    if len(sequences) > 1:
        shown = ", ".join(sequence.label for sequence in sequences[:_SHOWN_SEQUENCES])
        more = ", …" if len(sequences) > _SHOWN_SEQUENCES else ""
        raise BadUpload("sequence.several", names=shown + more)
    return sequences[0]


def find_sequence(place: Path) -> PictureSequence | None:
    """Return the sequence of a folder, or of a pattern as Nuke and After Effects write it, on this machine.

    Patterns: "shot.%04d.exr", "shot.####.exr", "shot.[####].exr", "shot.[0001-0240].exr".

    Returns:
        None where it is neither, and for a folder without numbered pictures; a file of that name is a file.

    Raises:
        BadUpload: the folder holds several sequences, or no picture has a name of the pattern.
    """
    if place.is_dir():
        files = (path for path in sorted(place.iterdir()) if not path.name.startswith("."))
        sequences = group_pictures((path.name, path) for path in files)
        return the_one_sequence(sequences) if sequences else None
    found = _PLACEHOLDER.findall(place.name)
    if place.exists() or not is_picture(place.name) or len(found) != 1:
        return None
    return _of_pattern(place)


def shown_numbers(ranges: list[tuple[int, int]]) -> str:
    """Return numbers as people write them: "1005, 1010-1012"."""
    shown = [f"{low}-{high}" if high > low else str(low) for low, high in ranges[:_SHOWN_RANGES]]
    return ", ".join([*shown, *(["…"] if len(ranges) > _SHOWN_RANGES else [])])


def parse_rate(text: str) -> Fraction:
    """Return a frame rate of "24", "24000/1001" or "23.976", which stands for the former.

    Raises:
        BadRequest: it is none.
    """
    text = text.strip()
    if _RATE.fullmatch(text) is None or not (rate := Fraction(text)):
        raise BadRequest("job.value", name="fps", value=text[:60], allowed="24, 23.976, 24000/1001")
    exact = (Fraction(whole * 1000, 1001) for whole in _NTSC_RATES)
    near = (ntsc for ntsc in exact if rate.denominator > 1 and abs(rate - ntsc) < _NTSC_SLACK)
    return next(near, rate).limit_denominator(100_000)


def _by_padding(prefix: str, tail: str, group: dict[str, Path]) -> list[PictureSequence]:
    """Return the group's pictures, those apart whose numbers are padded otherwise."""
    sequences = []
    left = group
    while left:
        padding = min(len(digits) for digits in left)
        fitting = {int(digits): left[digits] for digits in left if _is_padded(digits, padding)}
        left = {digits: left[digits] for digits in left if not _is_padded(digits, padding)}
        names = SequenceNames(prefix, tail, padding, min(fitting))
        sequences.append(PictureSequence(names, fitting, min(fitting), max(fitting)))
    return sequences


def _is_padded(digits: str, padding: int) -> bool:
    return len(digits) == padding or (len(digits) > padding and not digits.startswith("0"))


def _of_pattern(pattern: Path) -> PictureSequence:
    found = _PLACEHOLDER.search(pattern.name)
    if found is None:
        raise ValueError(f"no pattern: {pattern.name}")
    padded, hashes, first, last = found.groups()
    padding = int(padded) if padded else len(hashes or first or "1")
    prefix, tail = pattern.name[: found.start()], pattern.name[found.end() :]
    pictures: dict[int, Path] = {}
    for path in pattern.parent.iterdir() if pattern.parent.is_dir() else ():
        digits = path.name[len(prefix) : len(path.name) - len(tail)]
        if path.name != f"{prefix}{digits}{tail}" or not re.fullmatch(_NUMBER, digits):
            continue
        wanted = first is None or int(first) <= int(digits) <= int(last)
        if _is_padded(digits, padding) and wanted:
            pictures[int(digits)] = path
    if not pictures:
        raise BadUpload("sequence.no_match", pattern=shown_name(pattern.name))
    low = int(first) if first is not None else min(pictures)
    high = int(last) if last is not None else max(pictures)
    return PictureSequence(SequenceNames(prefix, tail, padding, low), pictures, low, high)
