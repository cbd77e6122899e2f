"""Pictures out of an uploaded ZIP: only those of its one sequence, under names of ours, within limits.

No name of an archive becomes a path, and what it says of its sizes is checked before anything is unpacked.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

from config import Settings
from pipeline.storage import disk
from pipeline.video_io.clip import shown_name
from pipeline.video_io.sequence.naming import PictureSequence, group_pictures, the_one_sequence
from utils.errors import BadUpload

_START = b"PK\x03\x04"
_END, _END64_AT, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_TAIL_BYTES = 65_557
"""The end record and the longest comment after it (APPNOTE 4.3.16)."""
_ENTRY_BYTES = 400
"""Bytes of a generous directory entry; a larger directory is refused before it is read."""
_ENTRIES_A_PICTURE = 4
"""Entries for each picture allowed: folders, and what systems add."""
_PIECE_BYTES = 1 << 20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")


def is_archive(path: Path) -> bool:
    """Return whether a file begins as a ZIP does."""
    with path.open("rb") as stream:
        return stream.read(len(_START)) == _START


def unpack(settings: Settings, archive: Path, folder: Path) -> PictureSequence:
    """Unpack the archive's one sequence into the folder.

    Raises:
        BadUpload: it is damaged, holds no sequence or several, or is beyond the limits.
        NotEnoughDisk: the disk has no space for its pictures.
    """
    try:
        _check_directory(archive, settings.max_frames * _ENTRIES_A_PICTURE * _ENTRY_BYTES)
        with zipfile.ZipFile(archive) as opened:
            entries = {entry.filename: entry for entry in opened.infolist() if _is_wanted(entry)}
            _check_entries(settings, opened.infolist())
            packed = the_one_sequence(group_pictures((name, Path(name)) for name in entries))
            if len(packed.pictures) > settings.max_frames:
                raise _too_many(settings, len(packed.pictures))
            return _write(settings, opened, packed, entries, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error) as error:
        raise BadUpload("sequence.zip_damaged", detail=str(error)) from error


def _write(
    settings: Settings,
    opened: zipfile.ZipFile,
    packed: PictureSequence,
    entries: dict[str, zipfile.ZipInfo],
    folder: Path,
) -> PictureSequence:
    size_bytes = sum(entries[str(name)].file_size for name in packed.pictures.values())
    if size_bytes > settings.max_upload_bytes:
        limit_mb = settings.max_upload_bytes // disk.MEGABYTE
        raise BadUpload("sequence.too_big", limit_mb=limit_mb)
    disk.check_before(folder, size_bytes, settings.min_free_disk_bytes, "video.disk_before")
    pictures: dict[int, Path] = {}
    for number, name in packed.pictures.items():
        pictures[number] = folder / f"{number:09d}{name.suffix.lower()}"
        with opened.open(entries[str(name)]) as source, pictures[number].open("xb") as target:
            # No more comes out than the entry's stated size.
            shutil.copyfileobj(source, target, _PIECE_BYTES)
    return replace(packed, pictures=pictures)


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    parts = entry.filename.split("/")
    is_hidden = any(part.startswith(".") or part in _HIDDEN for part in parts)
    return not entry.is_dir() and not is_hidden


def _check_entries(settings: Settings, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > settings.max_frames * _ENTRIES_A_PICTURE:
        raise _too_many(settings, len(entries))
    for entry in entries:
        parts = entry.filename.split("/")
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if is_link or ".." in parts or entry.filename.startswith("/") or ":" in parts[0]:
            raise BadUpload("sequence.zip_path", name=shown_name(entry.filename))
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise BadUpload("sequence.zip_method", name=shown_name(entry.filename))


def _too_many(settings: Settings, count: int) -> BadUpload:
    return BadUpload("video.too_many_frames", frames=count, limit=settings.max_frames)


def _check_directory(archive: Path, limit_bytes: int) -> None:
    """Refuse a directory that would take too much memory to read, by what the end record says of its size.

    Raises:
        zipfile.BadZipFile: there is no end record.
    """
    with archive.open("rb") as stream:
        size_bytes = stream.seek(0, os.SEEK_END)
        stream.seek(max(size_bytes - _TAIL_BYTES, 0))
        tail = stream.read()
        at = tail.rfind(_END)
        if at < 0:
            raise zipfile.BadZipFile("no end record")
        (directory_bytes,) = struct.unpack_from("<I", tail, at + 12)
        if at >= 20 and tail.startswith(_END64_AT, at - 20):
            (end64_at,) = struct.unpack_from("<Q", tail, at - 12)
            stream.seek(min(end64_at, size_bytes))
            record = stream.read(56)
            if not record.startswith(_END64):
                raise zipfile.BadZipFile("no 64-bit end record")
            (directory_bytes,) = struct.unpack_from("<Q", record, 40)
    if directory_bytes > limit_bytes:
        raise BadUpload("sequence.zip_directory")
