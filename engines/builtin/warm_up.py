"""Makes the engine's compiled loops ready before a job needs them."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from engines.base import ArrayFrames, MattingEngine, RunContext, Segmenter
from engines.builtin.tracking.foreground_evidence import Foreground, ForegroundModel
from engines.builtin.tracking.label_propagation import LabelPropagation
from engines.builtin.vision.area_mean import reduce_picture
from utils.types import Box, Mask, Prompt


class _Engine(Segmenter, MattingEngine, Protocol):
    """An engine that selects and mattes."""


def warm_up(engine: _Engine) -> None:
    """Run every part of an engine without networks once on a picture of a few pixels."""
    mask = np.zeros((48, 64), dtype=bool)
    mask[16:32, 20:40] = True
    frame = np.where(mask[..., None], np.uint8(200), np.uint8(60)).repeat(3, axis=2)
    LabelPropagation().confirm(reduce_picture(frame, (32, 24)).astype(np.float32), mask)
    _warm_up_evidence(mask)
    engine.open_image(frame, {1: frame}).segment(Prompt(box=Box(16, 12, 44, 36)))
    for _ in engine.process(ArrayFrames([frame, frame]), {0: mask}, 0, {}, RunContext()):
        pass


def _warm_up_evidence(mask: Mask) -> None:
    """Weigh a network's answer once, a mask, bool (h, w), as it stands."""
    height, width = mask.shape
    answer, model = (
        Foreground(mask.astype(np.float32), np.ones_like(mask, np.float32)),
        ForegroundModel(),
    )
    still = np.zeros((height, width, 2), dtype=np.float32)
    model.confirm(answer, mask)
    model.evidence(answer, mask, still, (0, 0, width, height))
    model.follow(answer, mask, still)
