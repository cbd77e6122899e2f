"""The two steps of a frame whose shapes stay the same throughout a job, run directly or as CUDA graphs.

A CUDA graph launches all of a step's kernels at once instead of one by one (`torch.cuda.CUDAGraph`). Reading from
memory is no part of it: the memory grows over the first frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TypeAlias

import torch

from engines.matanyone.network.encoders import ImageFeatures
from engines.matanyone.network.network import FrameState, MatAnyoneNetwork, Positions
from utils.types import Message, OnNotice

Tensors: TypeAlias = tuple[torch.Tensor, ...]
Step: TypeAlias = Callable[..., Tensors]
"""Takes and gives tensors of fixed shapes."""
Record: TypeAlias = Callable[[Step, Tensors], Step]
"""Records a step that was run with these tensors; what it returns replays it on others."""
Skips: TypeAlias = tuple[torch.Tensor, torch.Tensor]

_FEATURES = len(fields(ImageFeatures))


class FrameSteps:
    """What the network does for each frame of a job, before and after it reads from memory.

    Args:
        network: the loaded network.
        positions: positional encodings of the padded size.
        record: records each step at its first call; None runs them directly.
        on_notice: told why a step is not replayed.
    """

    def __init__(
        self,
        network: MatAnyoneNetwork,
        positions: Positions,
        record: Record | None,
        on_notice: OnNotice,
    ) -> None:
        self._network = network
        self._positions = positions
        self._encode: Step = self._encode_tensors
        self._follow: Step = self._follow_tensors
        if record is not None:
            self._encode = RecordedStep(self._encode, record, on_notice)
            self._follow = RecordedStep(self._follow, record, on_notice)

    def encode(self, image: torch.Tensor) -> tuple[ImageFeatures, Skips]:
        """Return the features of an image (1, 3, H, W) in [0, 1], and their projections for the decoder."""
        *features, skip8, skip4 = self._encode(image)
        return ImageFeatures(*features), (skip8, skip4)

    def follow(
        self, features: ImageFeatures, skips: Skips, readout: torch.Tensor, state: FrameState
    ) -> Tensors:
        """Return a later frame's alpha, sensory memory and memory value; see `MatAnyoneNetwork.follow`."""
        return self._follow(*_tensors(features), *skips, readout, *_tensors(state))

    def _encode_tensors(self, image: torch.Tensor) -> Tensors:
        features = self._network.encode_image(image)
        return *_tensors(features), *self._network.mask_decoder.decoder_feat_proc(features)

    def _follow_tensors(self, *tensors: torch.Tensor) -> Tensors:
        skip8, skip4, readout, *state = tensors[_FEATURES:]
        return self._network.follow(
            ImageFeatures(*tensors[:_FEATURES]),
            (skip8, skip4),
            readout,
            FrameState(*state),
            self._positions.transformer,
        )


class RecordedStep:
    """A step that is replayed from its second call on, if its replay gives the same bits at the first.

    Where it can't be recorded, or a bit differs, the step is run directly, and a notice says so.
    """

    def __init__(self, step: Step, record: Record, on_notice: OnNotice) -> None:
        self._step = step
        self._record = record
        self._on_notice = on_notice
        self._chosen: Step | None = None

    def __call__(self, *inputs: torch.Tensor) -> Tensors:
        """Return the step's result."""
        if self._chosen is not None:
            return self._chosen(*inputs)
        expected = self._step(*inputs)
        self._chosen = self._checked(inputs, expected)
        return expected

    def _checked(self, inputs: Tensors, expected: Tensors) -> Step:
        try:
            replay = self._record(self._step, inputs)
            found = replay(*inputs)
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
        else:
            if all(map(torch.equal, expected, found)):
                return replay
            reason = "the replayed result differs"
        self._on_notice(Message("engine.matanyone.no_graphs", {"reason": reason}))
        return self._step


def record_cuda_graph(step: Step, inputs: Tensors) -> Step:
    """Record a step as a CUDA graph; what it returns copies its tensors in and the results out.

    Raises:
        RuntimeError: the tensors are not on an NVIDIA GPU, or something in the step can't be recorded.
    """
    if not all(tensor.is_cuda for tensor in inputs):
        raise RuntimeError("CUDA graphs need an NVIDIA GPU")
    held = tuple(tensor.clone() for tensor in inputs)
    # What libraries set up in their first calls on a stream must not be recorded.
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(2):
            step(*held)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads may use the GPU meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        results = step(*held)

    def replay(*new: torch.Tensor) -> Tensors:
        for place, tensor in zip(held, new, strict=True):
            place.copy_(tensor)
        graph.replay()
        return tuple(result.clone() for result in results)

    return replay


def _tensors(values: ImageFeatures | FrameState) -> Tensors:
    return tuple(getattr(values, field.name) for field in fields(values))
