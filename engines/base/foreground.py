"""The protocols of networks that find the foreground of an image, and of who uses them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from utils.types import Alpha, Frame


@runtime_checkable
class ForegroundNetwork(Protocol):
    """A network that finds the foreground of one image without a prompt.

    It is an `Engine` as well: `name`, `is_available`, `load_model` and `unload` are the engine's, and the
    model manager lends it. A caller in another engine gets it through a function that the application
    passes in, which takes a lease for the length of the call.
    """

    answers_quickly: bool
    """Whether an answer takes no longer than tracking the frames between two answers: leaving some out saves nothing."""

    def foreground(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """Return the foreground probability of an image, float32 (H, W) in [0, 1] of its own size.

        The range is fixed: an image without a foreground stays near 0 everywhere. The engine must be
        loaded; calls from several threads at a time are allowed and don't influence each other.

        Args:
            image: uint8 RGB (H, W, 3).
            picture_wh: size of the picture that the image is a crop of: a network that has other shapes
                for upright pictures takes its crops in that shape too, and is loaded in one shape a clip.
        """


class ForegroundEstimator(Protocol):
    """What the application passes to an engine that uses a foreground network as evidence."""

    @property
    def network(self) -> str:
        """Name of the network that would be asked now; "" where nobody is to be asked.

        One that the settings name is asked while its files are missing too: it fails with what is missing.
        """

    @property
    def answers_quickly(self) -> bool:
        """`ForegroundNetwork.answers_quickly` of the network that would be asked now; True without one."""

    def estimate(self, image: Frame, picture_wh: tuple[int, int] | None = None) -> Alpha:
        """Load the network if need be and return its `ForegroundNetwork.foreground` of the image or crop.

        Raises:
            EngineUnavailable: there is no network, or its files are missing.
            ModelFilesError: its files are damaged.
        """


@runtime_checkable
class ForegroundConsumer(Protocol):
    """An engine that uses foreground networks where some are available."""

    def use_foreground(self, *foregrounds: ForegroundEstimator) -> None:
        """Ask these estimators in later jobs; of those that know a target equally well, the last one."""
