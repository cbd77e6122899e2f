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
from engines.matanyone.steps import FrameSteps, Skips

MEMORY_INTERVAL = 5
"""Every fifth frame enters the memory bank."""


@dataclass(slots=True)
class EncodedFrame:
    """What all targets share of a frame: image features, and their projections for the decoder.

    `attention` is the last target's: that of another one with the same memory frames is the same.
    """

    features: ImageFeatures
    skips: Skips
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
        steps: the job's steps of later frames.
    """

    def __init__(self, network: MatAnyoneNetwork, positions: Positions, steps: FrameSteps) -> None:
        self._network = network
        self._positions = positions
        self._steps = steps
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
        alpha, sensory = self._network.decode(
            frame.features, frame.skips, state.value, state, self._positions.transformer
        )
        self._memory.clear()
        self._state = None
        self._memorise(frame, alpha, sensory)
        return alpha

    def advance(self, frame: EncodedFrame) -> torch.Tensor:
        """Return the alpha of the next frame, (1, 1, H, W), float32 in [0, 1]."""
        state, features = self._current, frame.features
        readout = self._memory.read(frame.attention_to(self._memory)).view_as(state.value)
        alpha, sensory, value = self._steps.follow(features, frame.skips, readout, state)
        self._since_memory += 1
        if self._since_memory >= MEMORY_INTERVAL:
            self._memorise(frame, alpha, sensory, value)
        else:
            self._remember(frame, alpha, sensory, value)
        return alpha

    @property
    def _current(self) -> FrameState:
        if self._state is None:
            raise RuntimeError("begin comes first")
        return self._state

    def _memorise(
        self,
        frame: EncodedFrame,
        alpha: torch.Tensor,
        sensory: torch.Tensor,
        value: torch.Tensor | None = None,
    ) -> None:
        """Add the frame to the memory bank, the object memory and, deeply, the sensory memory."""
        network, features = self._network, frame.features
        if value is None:
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
