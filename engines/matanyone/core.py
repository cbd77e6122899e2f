"""A target's recurrent core on the network; tensors inside, numpy outside."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engines.matanyone.contract import SeedMask
from engines.matanyone.options import processing_size_wh
from utils.types import Alpha, Frame

if TYPE_CHECKING:
    import torch

    from engines.matanyone.network.network import MatAnyoneNetwork
    from engines.matanyone.target import EncodedFrame


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """Loaded weights of one generation.

    Args:
        module: the network, in eval mode, on `device`.
        device: "cpu" or "cuda".
        half: dtype of autocast; None takes torch's own for the device, as upstream does.
    """

    module: MatAnyoneNetwork
    device: str
    half: Any = None

    def open_core(self, size_wh: tuple[int, int], short_side: int, amp: bool) -> TorchCore:
        """See `Network.open_core`."""
        return TorchCore(self, size_wh, processing_size_wh(size_wh, short_side), amp)

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
            torch.autocast(self.device, dtype=self.half, enabled=amp),
        ):
            yield


class TorchCore:
    """A `StreamCore`; see `engines.matanyone.target` for the protocol."""

    def __init__(
        self,
        network: TorchNetwork,
        size_wh: tuple[int, int],
        processing_wh: tuple[int, int],
        amp: bool,
    ) -> None:
        from engines.matanyone.pixels import PixelMapper
        from engines.matanyone.target import Target

        self._network = network
        self._amp = amp
        self._pixels = PixelMapper(size_wh, processing_wh, network.device)
        self._module = network.half_precision_module() if amp else network.module
        with network.running(amp=False):
            positions = self._module.positions(self._pixels.padded_hw)
        self._target = Target(self._module, positions)
        self._first: EncodedFrame | None = None
        self._alpha: torch.Tensor | None = None

    def begin(self, frame: Frame, mask: SeedMask) -> None:
        """See `StreamCore.begin`."""
        with self._network.running(self._amp):
            self._first = self._encode(frame)
            self._target.begin(self._first, self._pixels.seed_alpha(mask))

    def settle(self) -> None:
        """See `StreamCore.settle`."""
        if self._first is None:
            raise RuntimeError("begin comes before settle")
        with self._network.running(self._amp):
            self._alpha = self._target.settle(self._first)

    def first_alpha(self) -> Alpha:
        """See `StreamCore.first_alpha`."""
        if self._alpha is None:
            raise RuntimeError("settle comes before first_alpha")
        alpha, self._first, self._alpha = self._alpha, None, None
        return self._pixels.clip_alpha(alpha)

    def advance(self, frame: Frame) -> Alpha:
        """See `StreamCore.advance`."""
        with self._network.running(self._amp):
            return self._pixels.clip_alpha(self._target.advance(self._encode(frame)))

    def _encode(self, frame: Frame) -> EncodedFrame:
        from engines.matanyone.target import EncodedFrame

        module = self._module
        features = module.encode_image(self._pixels.image(frame))
        return EncodedFrame(features, module.mask_decoder.decoder_feat_proc(features))
