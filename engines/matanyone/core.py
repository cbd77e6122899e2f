"""A target's recurrent core on the network; tensors inside, numpy outside."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.matanyone.contract import SeedMask
from engines.matanyone.options import processing_size_wh
from utils.types import Alpha, Frame, OnNotice

if TYPE_CHECKING:
    import torch

    from engines.matanyone.network.network import MatAnyoneNetwork
    from engines.matanyone.steps import Record
    from engines.matanyone.target import EncodedFrame


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """Loaded weights of one generation.

    Args:
        module: the network, in eval mode, on `device`.
        device: "cpu" or "cuda".
        half: dtype of autocast; None takes torch's own for the device, as upstream does.
        record: see `engines.matanyone.steps.FrameSteps`.
    """

    module: MatAnyoneNetwork
    device: str
    half: Any = None
    record: Record | None = None

    def open_cores(
        self,
        size_wh: tuple[int, int],
        short_side: int,
        amp: bool,
        on_notice: OnNotice = lambda message: None,
    ) -> Callable[[], TorchCore]:
        """See `Network.open_cores`."""
        processing_wh = processing_size_wh(size_wh, short_side)
        encoder = FrameEncoder(self, size_wh, processing_wh, amp, on_notice)
        return lambda: TorchCore(encoder)

    def half_precision_module(self) -> MatAnyoneNetwork:
        """Return the module for jobs under autocast: on a CPU a copy in the layout that is faster there.

        In float32 that layout gives other bits than upstream; under autocast it stays within its error.
        """
        import torch

        if self.device != "cpu":
            return self.module
        module: MatAnyoneNetwork = copy.deepcopy(self.module)
        module.to(memory_format=torch.channels_last)
        return module

    @contextlib.contextmanager
    def running(self, amp: bool) -> Iterator[None]:
        """Run without gradients, and under autocast where `amp` asks for it."""
        import torch

        with (
            torch.inference_mode(),
            # A graph must not use casts of weights that were made outside of it.
            torch.autocast(
                self.device, dtype=self.half, enabled=amp, cache_enabled=self.record is None
            ),
        ):
            yield


class FrameEncoder:
    """Encodes the frames of one job for all of its cores, and keeps the last frame's features.

    Cores that follow several targets frame by frame share them so: image features, attention key and the
    decoder's projections don't depend on the target.
    """

    def __init__(
        self,
        network: TorchNetwork,
        size_wh: tuple[int, int],
        processing_wh: tuple[int, int],
        amp: bool,
        on_notice: OnNotice,
    ) -> None:
        from engines.matanyone.pixels import PixelMapper
        from engines.matanyone.steps import FrameSteps

        self._network = network
        self._amp = amp
        self.pixels = PixelMapper(size_wh, processing_wh, network.device)
        self.module = network.half_precision_module() if amp else network.module
        with network.running(amp=False):
            self.positions = self.module.positions(self.pixels.padded_hw)
        self.steps = FrameSteps(self.module, self.positions, network.record, on_notice)
        self._last: tuple[Frame, EncodedFrame] | None = None

    def running(self) -> contextlib.AbstractContextManager[None]:
        """Run the network as the job asks; see `TorchNetwork.running`."""
        return self._network.running(self._amp)

    def encode(self, frame: Frame) -> EncodedFrame:
        """Return what all targets share of a frame, uint8 RGB (H, W, 3); the same object for equal pixels."""
        from engines.matanyone.target import EncodedFrame

        if self._last is not None and np.array_equal(frame, self._last[0]):
            return self._last[1]
        # The old features go first, so that those of two frames are never held here at once.
        self._last = None
        encoded = EncodedFrame(*self.steps.encode(self.pixels.image(frame)))
        # A copy: a reader may use its buffer again.
        self._last = frame.copy(), encoded
        return encoded


class TorchCore:
    """A `StreamCore`; see `engines.matanyone.target` for the protocol."""

    def __init__(self, encoder: FrameEncoder) -> None:
        from engines.matanyone.target import Target

        self._encoder = encoder
        self._target = Target(encoder.module, encoder.positions, encoder.steps)
        self._first: EncodedFrame | None = None
        self._alpha: torch.Tensor | None = None

    def begin(self, frame: Frame, mask: SeedMask) -> None:
        """See `StreamCore.begin`."""
        with self._encoder.running():
            self._first = self._encoder.encode(frame)
            self._target.begin(self._first, self._encoder.pixels.seed_alpha(mask))

    def settle(self) -> None:
        """See `StreamCore.settle`."""
        if self._first is None:
            raise RuntimeError("begin comes before settle")
        with self._encoder.running():
            self._alpha = self._target.settle(self._first)

    def first_alpha(self) -> Alpha:
        """See `StreamCore.first_alpha`."""
        if self._alpha is None:
            raise RuntimeError("settle comes before first_alpha")
        alpha, self._first, self._alpha = self._alpha, None, None
        return self._encoder.pixels.clip_alpha(alpha)

    def advance(self, frame: Frame) -> Alpha:
        """See `StreamCore.advance`."""
        with self._encoder.running():
            alpha = self._target.advance(self._encoder.encode(frame))
            return self._encoder.pixels.clip_alpha(alpha)
