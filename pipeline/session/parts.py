"""A part of a divided job as a value, and where its files lie in the session; nothing here runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class MattePart(BaseModel):
    """Frames `first` to `last` of one target, inclusive; one worker mattes them.

    The engine reads `read_first` to `read_last` and starts from `start`. All are counted within the job's range,
    `target` in the order of its targets. A part that `tracks` makes the masks of all frames instead.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    target: int
    first: int
    last: int
    read_first: int
    read_last: int
    start: int
    tracks: bool = False

    @property
    def frames(self) -> int:
        """Number of frames whose alpha it makes."""
        return self.last - self.first + 1


def parts_dir(session_folder: Path) -> Path:
    """Return where a session's divided job keeps its parts until it is done."""
    return session_folder / "parts"
