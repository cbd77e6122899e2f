"""Content-addressed cache of intermediate results, so that an interrupted job repeats no work.

A record is addressed by kind, frame or window number, and key: a digest of all its inputs. So a
changed mask, option or model invalidates only what depends on it, and two targets of one clip do not
overwrite each other's records.
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
    """Arrays by kind, index and key: all in the folder, those in use also in memory.

    Files are written under a temporary name, renamed, and carry a checksum: a record truncated by a
    crash counts as missing, so files need no fsync.
    """

    def __init__(self, folder: Path | None, keep_free_bytes: int = 0) -> None:
        """Open the cache; without a folder, records stay until `evict_before` drops them.

        Args:
            folder: where files go; made when the first one is written.
            keep_free_bytes: bytes left free on its disk; nothing more is written below that.
        """
        self._folder = folder
        self._keep_free_bytes = keep_free_bytes
        self._in_memory: dict[tuple[Kind, int], tuple[bytes, Array]] = {}

    @property
    def records_in_memory(self) -> int:
        """Records held in memory."""
        return len(self._in_memory)

    def has(self, kind: Kind, index: int, key: bytes) -> bool:
        """Return whether the record exists; its checksum is not verified."""
        cached = self._in_memory.get((kind, index))
        if cached is not None and cached[0] == key:
            return True
        return self._read(kind, index, key, len(_MAGIC)) == _MAGIC

    def get(self, kind: Kind, index: int, key: bytes, *, keep: bool = True) -> Array | None:
        """Return the record, or None where there is none with this key or it is damaged.

        Args:
            kind: of the record.
            index: of the record.
            key: digest of its inputs, from `make_key`.
            keep: hold it in memory until `evict_before`.
        """
        cached = self._in_memory.get((kind, index))
        if cached is not None and cached[0] == key:
            return cached[1]
        record = self._read(kind, index, key)
        payload = record[_HEADER_BYTES:]
        checksum = zlib.crc32(payload).to_bytes(4, "little")
        if record[:_HEADER_BYTES] != _MAGIC + checksum:
            return None
        array: Array = np.load(io.BytesIO(zlib.decompress(payload)), allow_pickle=False)
        if keep:
            self._in_memory[kind, index] = (key, array)
        return array

    def put(self, kind: Kind, index: int, key: bytes, array: Array, *, keep: bool = True) -> None:
        """Store a record; `keep` holds it in memory too, until `evict_before`."""
        if keep:
            self._in_memory[kind, index] = (key, array)
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
            # The job itself needs no disk; only a resumed job repeats this part.
            _LOG.warning("an intermediate result could not be cached: %s", error)
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)

    def evict_before(self, kind: Kind, index: int) -> None:
        """Drop records of the kind below the index from memory; files stay."""
        for held in [key for key in self._in_memory if key[0] == kind and key[1] < index]:
            del self._in_memory[held]

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
