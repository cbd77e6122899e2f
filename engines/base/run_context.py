"""What a running job hands to an engine; it must not know sessions or a page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from utils.errors import Cancelled
from utils.types import Frame, Mask, OnNotice, OnProgress, Progress


@dataclass(slots=True)
class RunContext:
    """What a running job hands to an engine: progress, cancel, notices and folders for its cache.

    An engine that can resume keeps its own finished work in `cache_dir`, by the numbers of its frames and under names
    of its own, and must check that it belongs to the same inputs. What lies in `kept_dir` outlives the job, for
    corrections and reruns of the same session, and is named by what it was made from: other jobs have other frames.
    Each is None where nothing may be kept.
    """

    on_progress: OnProgress = field(default=lambda progress: None)
    on_notice: OnNotice = field(default=lambda message: None)
    cancel: threading.Event = field(default_factory=threading.Event)
    cache_dir: Path | None = None
    kept_dir: Path | None = None
    confirmed: frozenset[int] = frozenset()
    """Frames whose masks a user confirmed; the guide's other masks were tracked."""
    bounds: Mapping[int, Mask] = field(default_factory=dict)
    """Where the user's marks let the target be, bool (H, W), by confirmed frame: a drawn box, or a mask the user brought.
    Frames without such marks are left out."""
    memory_bytes: int | None = None
    """Device bytes reserved for this job beside the weights; None where nobody reserved any."""
    details: dict[str, str] = field(default_factory=dict)
    """What an engine notes of how it ran, for the session's record: runtime, precision."""
    clean_plate: Frame | None = None
    """The user's picture of the scene without the target, uint8 RGB (H, W, 3) of the frames' size."""
    fps: Fraction = Fraction(25)
    """The clip's frame rate, in frames a second; what a service that is paid by the second is told."""
    first: int = 0
    """Number that the engine's frame 0 has in the clip: a job may have a range of it, and an engine a part of that.
    Users are told it, and the frames that a network is asked about are counted by it."""
    is_start_tracked: bool = False
    """True in a part of the range that begins at a cut: its first mask was tracked, and is empty without the target."""
    cuts: tuple[int, ...] = ()
    """Frames that begin a new scene, in ascending order; found for engines with `plans_by_cuts` only."""
    is_watched: bool = True
    """False where no page shows the job while it runs, so that no picture of it needs to be made."""
    is_stopping: Callable[[], bool] = lambda: False
    """True where `cancel` was set because the process ends, so that the job may go on later."""
    make_way: Callable[[], None] = lambda: None
    """Waits a moment where someone's click is being answered, so that the job does not slow it down."""

    def check_cancelled(self) -> None:
        """Make way for a click, and raise `Cancelled` when the job was cancelled; call it at least once a frame.

        Raises:
            Cancelled: see above.
        """
        self.make_way()
        if self.cancel.is_set():
            raise Cancelled

    def report(self, stage: str, done: int, total: int) -> None:
        """Check for cancel, then report progress in real units."""
        self.check_cancelled()
        self.on_progress(Progress(stage, done, total))
