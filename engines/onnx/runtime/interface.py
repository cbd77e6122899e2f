"""The interface of a runtime: a loaded network, and streams that carry its recurrent states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

from engines.onnx.spec import ColourOrder, RecurrentState
from utils.types import Frame

Tensor: TypeAlias = npt.NDArray[Any]
"""A network's input or output, float32 or float16 unless said otherwise, usually (1, C, H, W)."""


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output as the file declares it: dtype as numpy names it, None for a free dimension."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class RuntimeInfo:
    """Which runtime computes, where and how precisely: `provider` is what it really got."""

    runtime: str
    version: str
    provider: str
    precision: str


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One clip's stream through a recurrent network.

    Attributes:
        image_input: name of the image input.
        image_shape: its shape, (1, 3, H, W), the same for every frame.
        constants: further inputs that stay the same, by name.
        states: the recurrent states.
        outputs: names of the outputs wanted of every frame.
        colour_order: of the image input's channels.
    """

    image_input: str
    image_shape: tuple[int, int, int, int]
    constants: Mapping[str, Tensor]
    states: tuple[RecurrentState, ...]
    outputs: tuple[str, ...]
    colour_order: ColourOrder = "RGB"


class NetworkStream(Protocol):
    """One clip on its way through a recurrent network; its states belong to it alone."""

    def step(self, frame: Frame) -> tuple[Tensor, ...]:
        """Return the plan's outputs for the next frame; they stay valid until the next step.

        Args:
            frame: uint8 RGB (H, W, 3); it goes in as values in [0, 1].
        """

    def reset(self) -> None:
        """Set all states to zero, as at a clip's start."""


class NetworkSession(Protocol):
    """A loaded network; its methods may be called from several threads."""

    @property
    def info(self) -> RuntimeInfo:
        """What computes it."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The file's inputs."""

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The file's outputs."""

    def run(self, feeds: Mapping[str, Tensor], wanted: Sequence[str]) -> list[Tensor]:
        """Return the wanted outputs for one set of inputs."""

    def open_stream(self, plan: StreamPlan) -> NetworkStream:
        """Start a stream with all states zero."""

    def release_memory(self) -> None:
        """Give back the working memory of what is not under way; the next run or stream takes it again.

        Networks stay loaded. The streams' is kept while any of them is in use.
        """
