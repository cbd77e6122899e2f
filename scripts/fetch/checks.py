"""Sizes and checksums of a file: what is expected, and whether a file on disk agrees."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fetch.problems import Refused

BLOCK_BYTES = 1 << 20
SPARE_BYTES = 64_000_000
"""Bytes left free on the disk beside the file."""


@dataclass(frozen=True)
class Expected:
    """What is known of a file: bytes (None: unknown) and checksums in hex ("" for unknown).

    `git` is the hash of the git blob: repositories and, for small files, model hubs give it. `commit` is the revision of
    the hub's repository, to be noted.
    """

    size: int | None = None
    sha256: str = ""
    md5: str = ""
    git: str = ""
    commit: str = ""

    @classmethod
    def from_entry(cls, entry: dict[str, Any]) -> Expected:
        """Read "size", "sha256", "md5" and "git" of a manifest entry."""
        sums = (entry.get(kind, "") for kind in ("sha256", "md5", "git"))
        return cls(entry.get("size"), *sums)

    def completed_by(self, other: Expected) -> Expected:
        """Return what this one knows of a file, completed by what the same source says of it."""
        return Expected(
            self.size if self.size is not None else other.size,
            self.sha256 or other.sha256,
            self.md5 or other.md5,
            self.git or other.git,
            self.commit or other.commit,
        )

    @property
    def has_checksum(self) -> bool:
        """Tell whether any checksum is known."""
        return bool(self.sha256 or self.md5 or self.git)

    def fault_of(self, path: Path) -> str:
        """Return how the file differs from what is expected; "" when it agrees."""
        size = path.stat().st_size if path.is_file() else 0
        if self.size is not None and size != self.size:
            return f"{size} bytes instead of {self.size}"
        for kind in ("sha256", "md5", "git"):
            wanted = getattr(self, kind)
            if wanted and digest_of(path, kind) != wanted:
                return f"its {kind} is not the expected one"
        return ""


def digest_of(path: Path, kind: str) -> str:
    """Return a file's checksum in hex.

    Args:
        path: the file.
        kind: "sha256", "md5", or "git" for the SHA-1 of its git blob.
    """
    digest = {
        "sha256": hashlib.sha256,
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "git": lambda: hashlib.sha1(usedforsecurity=False),
    }[kind]()
    if kind == "git":
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def require_disk(folder: Path, needed_bytes: int, name: str) -> None:
    """Check the disk before a download, not after.

    Raises:
        Refused: `folder` has less than the needed bytes and a reserve.
    """
    free = shutil.disk_usage(folder).free
    if needed_bytes > 0 and free < needed_bytes + SPARE_BYTES:
        raise Refused(
            f"{folder} has {free / 1e6:.0f} MB free; {name} needs {needed_bytes / 1e6:.0f} MB more. "
            "Free some space, then run this command again."
        )
