"""Finished work of a job by what it was made from, so that an interrupted job redoes nothing.

A record is found by kind, frame or window number, and key: a digest of everything that went into it.
So a changed mask, option or model misses just what depends on it, and clips matted for two targets
do not overwrite each other's work.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import shutil
import zlib
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Kind: TypeAlias = Literal["latents", "windows", "alpha"]
Array: TypeAlias = npt.NDArray[np.generic]

KEY_BYTES = 16
_MAGIC = b"SMV1"
_HEADER_BYTES = len(_MAGIC) + 4
_LOG = logging.getLogger(__name__)


def make_key(*parts: object) -> bytes:
    """Return the digest of the parts; bytes count as they are, everything else by its repr."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


class WorkCache:
    """Arrays by kind, index and key: those in use in memory, all of them in the folder.

    Files are written beside their place and renamed, and carry a checksum: a record that a crash cut
    short is simply not there. That is also why they are not synced to the disk one by one.
    """

    def __init__(self, folder: Path | None, keep_free_bytes: int = 0) -> None:
        """Open the cache; without a folder, records live until `forget_before` drops them.

        Args:
            folder: where files go; made when the first one is written.
            keep_free_bytes: bytes left free on its disk; nothing more is written below that.
        """
        self._folder = folder
        self._keep_free_bytes = keep_free_bytes
        self._live: dict[tuple[Kind, int], tuple[bytes, Array]] = {}

    @property
    def live_records(self) -> int:
        """Records held in memory."""
        return len(self._live)

    def has(self, kind: Kind, index: int, key: bytes) -> bool:
        """Tell whether the record is there, without looking whether it is whole."""
        live = self._live.get((kind, index))
        if live is not None and live[0] == key:
            return True
        return self._read(kind, index, key, len(_MAGIC)) == _MAGIC

    def get(self, kind: Kind, index: int, key: bytes, *, keep: bool = True) -> Array | None:
        """Return the record, or None where there is none with this key or it is damaged.

        Args:
            kind: of the record.
            index: of the record.
            key: what it must have been made from.
            keep: hold it in memory until `forget_before`.
        """
        live = self._live.get((kind, index))
        if live is not None and live[0] == key:
            return live[1]
        record = self._read(kind, index, key)
        payload = record[_HEADER_BYTES:]
        checksum = zlib.crc32(payload).to_bytes(4, "little")
        if record[:_HEADER_BYTES] != _MAGIC + checksum:
            return None
        array: Array = np.load(io.BytesIO(zlib.decompress(payload)), allow_pickle=False)
        if keep:
            self._live[kind, index] = (key, array)
        return array

    def put(self, kind: Kind, index: int, key: bytes, array: Array, *, keep: bool = True) -> None:
        """Store a record; `keep` holds it in memory too, until `forget_before`."""
        if keep:
            self._live[kind, index] = (key, array)
        if self._folder is None:
            return
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=False)
        # Latents hardly shrink; an alpha matte, mostly 0 and 1, shrinks tenfold.
        payload = zlib.compress(stream.getvalue(), 1 if kind == "alpha" else 0)
        checksum = zlib.crc32(payload).to_bytes(4, "little")
        path = self._path(self._folder, kind, index, key)
        partial = path.with_suffix(".partial.bin")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(path.parent).free - len(payload) < self._keep_free_bytes:
                return
            partial.write_bytes(_MAGIC + checksum + payload)
            os.replace(partial, path)
        except OSError as error:
            # The job itself needs no disk; it only redoes this part when it is resumed.
            _LOG.warning("finished work could not be kept: %s", error)
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)

    def forget_before(self, kind: Kind, index: int) -> None:
        """Drop records of the kind below the index from memory; files stay."""
        for held in [key for key in self._live if key[0] == kind and key[1] < index]:
            del self._live[held]

    def _read(self, kind: Kind, index: int, key: bytes, size: int = -1) -> bytes:
        if self._folder is None:
            return b""
        try:
            with self._path(self._folder, kind, index, key).open("rb") as stream:
                return stream.read(size)
        except OSError:
            return b""

    @staticmethod
    def _path(folder: Path, kind: Kind, index: int, key: bytes) -> Path:
        return folder / kind / f"{index:06d}-{key.hex()}.bin"
