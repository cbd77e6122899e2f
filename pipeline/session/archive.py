"""Files of several sessions as one ZIP that is made while it is sent: nothing is held or written to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from utils.errors import SessionError
from utils.numbered_names import numbered_name

if TYPE_CHECKING:
    from pipeline.session.results import OutputFile, Results
    from pipeline.session.session import Session
    from pipeline.session.state import SessionState

NameOf: TypeAlias = "Callable[[SessionState, OutputFile], str]"
"""The name of a finished file in the archive, with its folders."""
PIECE_BYTES = 1 << 20
"""Bytes of a file that are read and sent at a time."""


class _Sink(io.RawIOBase):
    """What the archive is written to: a place that can't be gone back in, emptied piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]  # any buffer
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def archive(results: Results, sessions: Sequence[Session], name_of: NameOf) -> Iterator[bytes]:
    """Return the finished files of several sessions as one ZIP, piece by piece.

    Raises:
        SessionError: none of them has any.
    """
    files = [(session, session.state, results.outputs(session)) for session in sessions]
    if not any(found for _, _, found in files):
        raise SessionError("job.no_result")
    for session, _, found in files:
        for file in found:
            results.prepare_download(session, file)
    return _zip_stream(
        [(name_of(state, file), file.path) for _, state, found in files for file in found]
    )


def _zip_stream(files: Sequence[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield a ZIP of the files, stored as they are: video does not get smaller.

    Args:
        files: the name of each in the archive, and where it lies; equal names are numbered.
    """
    sink = _Sink()
    used: set[str] = set()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as packed:
        for name, path in files:
            info = zipfile.ZipInfo.from_file(path, _unused(name, used))
            with path.open("rb") as source, packed.open(info, "w", force_zip64=True) as entry:
                while piece := source.read(PIECE_BYTES):
                    entry.write(piece)
                    yield sink.take()
    yield sink.take()


def _unused(name: str, used: set[str]) -> str:
    suffix = PurePosixPath(name).suffix
    unused = numbered_name(name.removesuffix(suffix), suffix, used.__contains__)
    used.add(unused)
    return unused
