"""A descriptor network's answers for one job and for one picture's prompts: dropped on failure."""

from __future__ import annotations

import logging

import numpy as np

from engines.base import DescriptorEstimator, RunContext
from engines.builtin.network_failure import tell_failure
from utils.errors import Cancelled
from utils.types import FloatImage, Frame

log = logging.getLogger(__name__)


class DescriptorMaps:
    """Descriptors of a clip's frames; nothing is kept, since asking again is quick."""

    def __init__(
        self,
        source: DescriptorEstimator | None,
        context: RunContext,
        interval: int,
    ) -> None:
        """Prepare for one job.

        Args:
            source: whom to ask; None for nobody.
            context: its notices tell a failure.
            interval: of the frames that are asked about.
        """
        self._name = source.network if source is not None else ""
        self._source = source if self._name else None
        self._context = context
        self._interval = interval

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._source is not None

    def at(self, index: int, frame: Frame, is_needed: bool = False) -> FloatImage | None:
        """Return a frame's descriptors, float32 (h, w, C); None between the asked frames and after a failure.

        Args:
            index: of the frame in its clip.
            frame: uint8 RGB (H, W, 3).
            is_needed: it begins another scene or is confirmed: it is asked about whatever the interval says.
        """
        source = self._source
        number = index + self._context.first
        is_asked = is_needed or number % self._interval == 0
        if source is None or not is_asked:
            return None
        self._context.check_cancelled()
        try:
            return _finite(source.descriptors(frame))
        except Cancelled:
            raise
        except Exception as problem:
            # Whatever goes wrong in a network must not end a job that can go on without it.
            self._source = None
            tell_failure(self._context, self._name, problem)
            return None


class PromptDescriptors:
    """Descriptors of the pictures that prompts on one picture need; nothing is kept."""

    def __init__(self, source: DescriptorEstimator | None) -> None:
        """Prepare to ask `source`; None for nobody."""
        self._source = source if source is not None and source.network else None

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._source is not None

    def of(self, image: Frame) -> FloatImage | None:
        """Return descriptors, float32 (h', w', C), of a picture, uint8 RGB (H, W, 3).

        None without a network and after a failure.
        """
        if self._source is None:
            return None
        try:
            return _finite(self._source.descriptors(image))
        except Exception as problem:
            # A selection can do without; whatever goes wrong in a network must not end it.
            log.warning("network %s failed: %r", self._source.network, problem)
            self._source = None
            return None


def _finite(descriptors: FloatImage) -> FloatImage:
    """Return descriptors, float32 (h, w, C); `ValueError` where a damaged network gave other than numbers."""
    if not np.isfinite(descriptors).all():
        raise ValueError("descriptors are not finite")
    return descriptors
