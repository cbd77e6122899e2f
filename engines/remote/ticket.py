"""What is known of one job at a service, kept on disk so that it is asked for again instead of sent again."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

State = Literal["new", "sending", "accepted"]


@dataclass(slots=True)
class Ticket:
    """One job. `key` is our own name for it, made before anything is sent.

    A ticket found in the state "sending" belongs to a job that may have been accepted, and billed, without
    us knowing its id. Addresses are as the service gave them; no key of ours is in them.
    """

    path: Path
    state: State = "new"
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    id: str = ""
    poll: str = ""
    through: str = ""
    cancel: str = ""
    usd: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Ticket:
        """Return the ticket of that file, a new one where there is none or it can't be read."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            known = {item.name for item in fields(cls)} - {"path"}
            return cls(path, **{name: values[name] for name in known})
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    def write(self) -> None:
        """Put the ticket on disk, for good, before going on."""
        values = {name: value for name, value in asdict(self).items() if name != "path"}
        partial = self.path.with_suffix(".partial")
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"
        ) as stream:
            json.dump(values, stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(self.path)

    def forget(self) -> None:
        """Remove the ticket: the job is done, or its loss was reported."""
        self.path.unlink(missing_ok=True)
        self._call.unlink(missing_ok=True)

    def call(self) -> None:
        """Have whoever waits for the job, in whatever process, ask about it now."""
        self._call.touch(mode=0o600)

    def take_call(self) -> bool:
        """Return whether somebody called since it was asked last."""
        try:
            self._call.unlink()
        except FileNotFoundError:
            return False
        return True

    @property
    def _call(self) -> Path:
        return self.path.with_suffix(".called")
