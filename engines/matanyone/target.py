"""Recurrent state of one target in one direction: what one frame hands to the next; tensors only.

The order of the steps is that of upstream's `InferenceCore.step` (inference/inference_core.py of
pq-yang/MatAnyone) with its default configuration: no long-term memory, one target, matting.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from engines.matanyone.memory import Attention, MemoryBank
from engines.matanyone.network.encoders import SENSORY_CHANNELS, ImageFeatures
from engines.matanyone.network.network import FrameState, MatAnyoneNetwork, Positions

MEMORY_INTERVAL = 5
"""Every fifth frame enters the memory bank."""


@dataclass(slots=True)
class EncodedFrame:
    """What all targets share of a frame: image features, and their projections for the decoder.

    `attention` is the last target's: that of another one with the same memory frames is the same.
    """

    features: ImageFeatures
    skips: tuple[torch.Tensor, torch.Tensor]
    attention: Attention | None = None

    def attention_to(self, memory: MemoryBank) -> Attention:
        """Return where this frame reads from a target's memory."""
        if self.attention is None or not memory.holds_keys_of(self.attention):
            self.attention = memory.attend(self.features.key, self.features.selection)
        return self.attention


class Target:
    """A target's memory; call `begin` once, `settle` at least once, then `advance` for each frame.

    Args:
        network: the loaded network.
        positions: positional encodings of the padded size.
    """

    def __init__(self, network: MatAnyoneNetwork, positions: Positions) -> None:
        self._network = network
        self._positions = positions
        self._memory = MemoryBank()
        self._state: FrameState | None = None
        self._since_memory = 0

    def begin(self, frame: EncodedFrame, alpha: torch.Tensor) -> None:
        """Memorise the first frame with the given alpha, (1, 1, H, W) in [0, 1], sides multiples of 16."""
        _, _, height, width = frame.features.pixel.shape
        sensory = alpha.new_zeros((1, SENSORY_CHANNELS, height, width))
        self._memorise(frame, alpha, sensory)

    def settle(self, frame: EncodedFrame) -> torch.Tensor:
        """Predict the first frame from itself and restart the memory with the result.

        Returns:
            Its alpha, (1, 1, H, W), float32 in [0, 1].
        """
        state = self._current
        alpha, sensory = self._decode(frame, state.value)
        self._memory.clear()
        self._state = None
        self._memorise(frame, alpha, sensory)
        return alpha

    def advance(self, frame: EncodedFrame) -> torch.Tensor:
        """Return the alpha of the next frame, (1, 1, H, W), float32 in [0, 1]."""
        state, features = self._current, frame.features
        readout = self._memory.read(frame.attention_to(self._memory)).view_as(state.value)
        changed = self._network.change_probability(features, state, readout)
        readout = readout * changed + state.value * (1 - changed)
        alpha, sensory = self._decode(frame, readout)
        self._since_memory += 1
        if self._since_memory >= MEMORY_INTERVAL:
            self._memorise(frame, alpha, sensory)
        else:
            self._remember(frame, alpha, sensory, self._network.encode_alpha(features, alpha))
        return alpha

    @property
    def _current(self) -> FrameState:
        if self._state is None:
            raise RuntimeError("begin comes first")
        return self._state

    def _decode(
        self, frame: EncodedFrame, readout: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self._network.decode(
            frame.features, frame.skips, readout, self._current, self._positions.transformer
        )

    def _memorise(self, frame: EncodedFrame, alpha: torch.Tensor, sensory: torch.Tensor) -> None:
        """Add the frame to the memory bank, the object memory and, deeply, the sensory memory."""
        network, features = self._network, frame.features
        value = network.encode_alpha(features, alpha)
        summary = network.object_summarizer(alpha, value, self._positions.summary)
        if self._state is not None:
            summary = self._state.summary + summary
        self._memory.add(features.key, features.shrinkage, value)
        self._since_memory = 0
        sensory = network.mask_encoder.sensory_update(value, sensory)
        self._remember(frame, alpha, sensory, value, summary)

    def _remember(
        self,
        frame: EncodedFrame,
        alpha: torch.Tensor,
        sensory: torch.Tensor,
        value: torch.Tensor,
        summary: torch.Tensor | None = None,
    ) -> None:
        self._state = FrameState(
            sensory=sensory,
            summary=self._current.summary if summary is None else summary,
            alpha16=functional.interpolate(alpha, size=value.shape[-2:], mode="area"),
            value=value,
            pixel=frame.features.pixel,
        )
