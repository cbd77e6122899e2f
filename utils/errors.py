"""The tree of errors a user may see; each carries a catalogue code, its values and a log detail."""

from __future__ import annotations

from collections.abc import Sequence

from utils.messages import Language, render
from utils.types import Message


class SplazmatteError(Exception):
    """Base of every error with a message for the user: what, the limit, what to do.

    Args:
        code: key of the text in `utils.messages`.
        detail: what the log needs beyond the text; never shown to the user.
        params: values of the text's placeholders.
    """

    exit_code = 2
    """What the command line exits with: 2 for what the user can fix, 1 for an internal error."""

    def __init__(
        self, code: str, *, detail: str = "", **params: str | int | float | Message
    ) -> None:
        self.message = Message(code, dict(params))
        self.detail = detail
        super().__init__(self.user_message)

    @property
    def code(self) -> str:
        """The catalogue code."""
        return self.message.code

    @property
    def user_message(self) -> str:
        """The text in English, as the command line says it."""
        return render(self.message)

    def text(self, language: Language) -> str:
        """The text that the page shows in the language."""
        return render(self.message, language)


class BadUpload(SplazmatteError):
    """The file is not a clip we accept."""


class UnusablePrompt(SplazmatteError):
    """The prompt or mask can't select a target."""


class BadRequest(SplazmatteError):
    """A value of a request is out of its range or unknown."""


class ClipsFailed(SplazmatteError):
    """Some of several clips failed; the exit code is 1 where any did by no fault of the user's.

    Args:
        exit_codes: of the clips that failed.
        count: how many clips there were.
    """

    def __init__(self, exit_codes: Sequence[int], count: int) -> None:
        super().__init__("job.clips_failed", failed=len(exit_codes), count=count)
        self.exit_code = min(exit_codes)


class SessionError(SplazmatteError):
    """The session does not exist, is damaged, or is in a state that forbids the step."""


class NotEnoughDisk(SplazmatteError):
    """The disk has too little space, before or during a job."""


class DiskDenied(SplazmatteError):
    """The folder of sessions can't be written: no right, or a read-only disk."""


class EngineUnavailable(SplazmatteError):
    """An engine lacks weights, packages or a GPU; the text names the command that gets it."""


class ModelFilesError(SplazmatteError):
    """Model files are missing, damaged or of another model."""


class OutOfGpuMemory(SplazmatteError):
    """The GPU can't hold what the step needs, also at the smallest setting."""


class GpuUnhealthy(SplazmatteError):
    """The CUDA context is dead; the process must be restarted."""

    exit_code = 1


class EngineError(SplazmatteError):
    """An engine broke its contract (non-finite alpha, wrong frame count)."""

    exit_code = 1


class ServiceFailed(SplazmatteError):
    """A service that the clip was sent to failed, refused, or is out of reach."""


class FfmpegFailed(SplazmatteError):
    """An FFmpeg process of ours failed, hung or is missing."""

    exit_code = 1


class WorkersUnavailable(SplazmatteError):
    """No worker can take the job, or a worker can't join: another version, an unusable broker."""


class StoreUnavailable(SplazmatteError):
    """The store of jobs can't be reached: nothing is known of them, which is not the same as dead."""


class ObjectMissing(SplazmatteError):
    """An object that page or worker left in the object store is not there any more, or has changed."""


class DispatchedJobFailed(SplazmatteError):
    """A job failed in a worker; the message is the worker's."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.code, detail="in a worker", **message.params)


class Cancelled(SplazmatteError):
    """The user cancelled the job, or the process is stopping."""

    def __init__(self) -> None:
        super().__init__("job.cancelled")
