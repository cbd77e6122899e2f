"""The protocols of networks that describe the places of an image, and of who uses them."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from utils.types import FloatImage, Frame


@runtime_checkable
class DescriptorNetwork(Protocol):
    """A network whose inner layers describe what is at each place of an image; an `Engine` as well."""

    def descriptors(self, image: Frame) -> FloatImage:
        """Return descriptors on a coarse grid over the image, float32 (h, w, C).

        Once their mean over the image is subtracted, descriptors of the same part of an object point in similar
        directions; their lengths mean nothing. The engine must be loaded; calls from several threads at a
        time are allowed.

        Args:
            image: uint8 RGB (H, W, 3).
        """


class DescriptorEstimator(Protocol):
    """What the application passes to an engine that follows places by their descriptors."""

    @property
    def network(self) -> str:
        """Name of the network that would be asked now; "" while none is available."""

    def descriptors(self, image: Frame) -> FloatImage:
        """Load the network if need be and return its `DescriptorNetwork.descriptors` of the image.

        Raises:
            EngineUnavailable: there is no network, or its files are missing.
            ModelFilesError: its files are damaged.
        """


@runtime_checkable
class DescriptorConsumer(Protocol):
    """An engine that uses a descriptor network where one is available."""

    def use_descriptors(self, estimator: DescriptorEstimator) -> None:
        """Ask this estimator in later jobs."""
