"""A descriptor network's answers for one job and for one picture's prompts: dropped on failure."""

from __future__ import annotations

from engines.base import DescriptorEstimator, RunContext
from engines.builtin.optional_network import OptionalNetwork, finite
from utils.types import FloatImage, Frame


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
        self._network = OptionalNetwork(source, context)
        self._first = context.first
        self._interval = interval

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._network.is_active

    def at(self, index: int, frame: Frame, is_needed: bool = False) -> FloatImage | None:
        """Return a frame's descriptors, float32 (h, w, C); None between the asked frames and after a failure.

        Args:
            index: of the frame in its clip.
            frame: uint8 RGB (H, W, 3).
            is_needed: it begins another scene or is confirmed: it is asked about whatever the interval says.
        """
        is_asked = is_needed or (index + self._first) % self._interval == 0
        if not is_asked:
            return None
        return self._network.ask(lambda source: finite(source.descriptors(frame)))


class PromptDescriptors:
    """Descriptors of the pictures that prompts on one picture need; nothing is kept."""

    def __init__(self, source: DescriptorEstimator | None) -> None:
        """Prepare to ask `source`; None for nobody."""
        self._network = OptionalNetwork(source)

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._network.is_active

    def of(self, image: Frame) -> FloatImage | None:
        """Return descriptors, float32 (h', w', C), of a picture, uint8 RGB (H, W, 3).

        None without a network and after a failure.
        """
        return self._network.ask(lambda source: finite(source.descriptors(image)))
