"""A descriptor network's answers for one job: asked on every k-th frame, dropped on failure."""

from __future__ import annotations

from collections.abc import Collection

from engines.base import DescriptorEstimator, RunContext
from engines.builtin.network_failure import tell_failure
from utils.errors import Cancelled
from utils.types import FloatImage, Frame


class DescriptorMaps:
    """Descriptors of a clip's frames; nothing is kept, since asking again is quick."""

    def __init__(
        self,
        source: DescriptorEstimator | None,
        context: RunContext,
        interval: int,
        always: Collection[int] = (),
    ) -> None:
        """Prepare for one job.

        Args:
            source: whom to ask; None for nobody.
            context: its notices tell a failure.
            interval: of the frames that are asked about.
            always: indices of frames that are asked about besides, the confirmed ones.
        """
        self._name = source.network if source is not None else ""
        self._source = source if self._name else None
        self._context = context
        self._interval = interval
        self._always = always

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._source is not None

    def at(self, index: int, frame: Frame) -> FloatImage | None:
        """Return a frame's descriptors, float32 (h, w, C); None between the asked frames and after a failure.

        Args:
            index: of the frame in its clip.
            frame: uint8 RGB (H, W, 3).
        """
        source = self._source
        is_asked = (index + self._context.first) % self._interval == 0 or index in self._always
        if source is None or not is_asked:
            return None
        self._context.check_cancelled()
        try:
            return source.descriptors(frame)
        except Cancelled:
            raise
        except Exception as problem:
            # Whatever goes wrong in a network must not end a job that can go on without it.
            self._source = None
            tell_failure(self._context, self._name, problem)
            return None
