"""Keys of services: from the environment, or from a file that its owner alone may read; kept nowhere else."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engines.base import Requirement
from engines.remote.spec import Service
from utils.types import Message


@dataclass(frozen=True, slots=True)
class Keys:
    """Looks keys up at each use, so that a new one counts at once.

    Args:
        file: lines NAME=VALUE with the names of the environment variables; mode 600.
    """

    file: Path

    def get(self, service: Service) -> str:
        """Return the service's key, "" where there is none or the file is open to others."""
        return self.named(service.key_name)

    def named(self, name: str) -> str:
        """Return the value of that name, "" as above."""
        return os.environ.get(name, "").strip() or self._in_file().get(name, "")

    def requirement(self, service: Service) -> Requirement:
        """Return whether the key is there, and how an administrator gives it."""
        name, present = service.key_name, bool(self.get(service))
        if not present and self.is_open:
            message = Message("remote.file_open", {"file": str(self.file)})
            return Requirement(message, False, f"chmod 600 {self.file}")
        return Requirement(
            Message("remote.requirement_key", {"service": service.title, "key": name}),
            present,
            f"(umask 077; echo '{name}=…' >> {self.file})",
        )

    @property
    def is_open(self) -> bool:
        """True where the file is there and others than its owner may read or change it."""
        try:
            return bool(stat.S_IMODE(self.file.stat().st_mode) & 0o077)
        except OSError:
            return False

    def _in_file(self) -> dict[str, str]:
        if self.is_open:
            return {}
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
        return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}
