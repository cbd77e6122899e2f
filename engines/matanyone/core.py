"""One recurrent core of an upstream package, driven frame by frame; tensors inside, numpy outside."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from engines.matanyone.attention import careful_similarity
from engines.matanyone.contract import SeedMask
from engines.matanyone.options import inside_size_wh
from utils.types import Alpha, Frame

_STRIDE = 16
"""Pixels a side of one attention token."""
_OBJECTS = [1]
"""One target a core: several share memory slots but matting returns one alpha."""


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of an upstream package that are used.

    `network_module` holds the global `device` that the encoder moves its constants to,
    `memory_module` the global `get_similarity` that memory reading calls.
    """

    inference_core: Any
    feature_store: Any
    network_class: Any
    network_module: ModuleType
    memory_module: ModuleType
    config_dir: Path


@dataclass(frozen=True, slots=True)
class TorchNetwork:
    """Loaded weights of one generation.

    Args:
        package: the upstream package.
        module: the network, in eval mode, on `device`.
        device: "cpu" or "cuda".
        half: dtype of autocast; None takes torch's own for the device, as upstream does.
    """

    package: Package
    module: Any
    device: str
    half: Any = None

    def open_core(self, size_wh: tuple[int, int], short_side: int, amp: bool) -> TorchCore:
        """See `Network.open_core`."""
        return TorchCore(self, size_wh, inside_size_wh(size_wh, short_side), amp)

    @contextlib.contextmanager
    def running(self, amp: bool) -> Iterator[None]:
        """Run the network under no-grad, our attention and its own device, and leave no trace.

        Upstream keeps both in module globals: the device it guessed at import, and the function.
        """
        import torch

        network_module = cast(Any, self.package.network_module)
        memory_module = cast(Any, self.package.memory_module)
        device, similarity = network_module.device, memory_module.get_similarity
        network_module.device = torch.device(self.device)
        memory_module.get_similarity = careful_similarity(similarity)
        autocast = torch.autocast(self.device, dtype=self.half, enabled=amp)
        try:
            with torch.inference_mode(), autocast:
                yield
        finally:
            network_module.device, memory_module.get_similarity = device, similarity


class TorchCore:
    """A `StreamCore` on upstream's `InferenceCore.step`, never on its loaders.

    The steps are those of upstream's `process_video` (inference/inference_core.py): the first frame
    with its mask, then the first frame alone as often as asked, then every further frame. Frames are
    scaled down by area and the mask by nearest pixel, as its `max_size` does; the alpha is scaled back
    to the frame's size, which upstream leaves out.
    """

    def __init__(
        self,
        network: TorchNetwork,
        size_wh: tuple[int, int],
        inside_wh: tuple[int, int],
        amp: bool,
    ) -> None:
        self._network = network
        self._size_hw = size_wh[::-1]
        self._inside_hw = inside_wh[::-1]
        self._amp = amp
        config = copy.deepcopy(network.module.cfg)
        height, width = self._inside_hw
        tokens = -(-height // _STRIDE) * -(-width // _STRIDE)
        # A tiny frame has fewer tokens than the 30 best that attention picks from.
        config.top_k = min(config.top_k, tokens)
        package = network.package
        # Our own store: upstream's warns from its destructor when a job ends between two steps.
        store = package.feature_store(network.module, no_warning=True)
        self._core = package.inference_core(
            network.module, config, image_feature_store=store, device=network.device
        )
        self._features = store
        _forget_positions(network.module)
        self._first_image: Any = None
        self._probability: Any = None

    def begin(self, frame: Frame, mask: SeedMask) -> None:
        """See `StreamCore.begin`."""
        with self._network.running(self._amp):
            self._first_image = self._image(frame)
            # The frame's features stay in the store for all steps on it: same numbers, less work.
            self._core.step(
                self._first_image, self._mask(mask), objects=_OBJECTS, delete_buffer=False
            )

    def settle(self) -> None:
        """See `StreamCore.settle`."""
        with self._network.running(self._amp):
            self._probability = self._core.step(
                self._first_image, first_frame_pred=True, delete_buffer=False
            )

    def first_alpha(self) -> Alpha:
        """See `StreamCore.first_alpha`."""
        self._features.delete(self._core.curr_ti)
        probability, self._first_image, self._probability = self._probability, None, None
        return self._alpha(probability)

    def advance(self, frame: Frame) -> Alpha:
        """See `StreamCore.advance`."""
        with self._network.running(self._amp):
            return self._alpha(self._core.step(self._image(frame)))

    @property
    def _is_scaled(self) -> bool:
        return self._inside_hw != self._size_hw

    def _image(self, frame: Frame) -> Any:
        import torch
        from torch.nn import functional

        pixels = torch.from_numpy(np.require(frame, requirements=["C", "W"])).to(
            self._network.device
        )
        image = pixels.permute(2, 0, 1).contiguous().float()
        if self._is_scaled:
            image = functional.interpolate(image[None], size=self._inside_hw, mode="area")[0]
        return image / 255.0

    def _mask(self, mask: SeedMask) -> Any:
        import torch
        from torch.nn import functional

        tensor = torch.from_numpy(mask).to(self._network.device)
        if self._is_scaled:
            tensor = functional.interpolate(
                tensor[None, None], size=self._inside_hw, mode="nearest"
            )[0, 0]
        return tensor

    def _alpha(self, probability: Any) -> Alpha:
        from torch.nn import functional

        alpha = self._core.output_prob_to_mask(probability).float()
        if self._is_scaled:
            alpha = functional.interpolate(
                alpha[None, None], size=self._size_hw, mode="bilinear", align_corners=False
            )[0, 0]
        return np.array(alpha.cpu().numpy(), dtype=np.float32)


def _forget_positions(module: Any) -> None:
    """Drop the positional encodings that upstream's modules keep from the job before.

    They are kept by shape alone: those of a half-precision job would serve a full-precision one.
    """
    for part in module.modules():
        if getattr(part, "cached_penc", None) is not None:
            part.cached_penc = None
