"""Choose the matting engine of a job by looking: does a network that finds people agree with the target?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from engines.base import Agreement, FrameSource, RunContext, TargetCheck
from engines.device.manager import ModelManager
from utils.errors import EngineUnavailable, ModelFilesError, OutOfGpuMemory
from utils.types import Mask, Message

log = logging.getLogger(__name__)

TRACKED_LOOKS = 3
"""Tracked frames that are looked at, spread over the clip."""


def choose_by_looking(
    manager: ModelManager,
    name: str,
    label: Message,
    frames: FrameSource,
    guide: Mapping[int, Mask],
    start: int,
    track: Callable[[], Mapping[int, Mask]],
    context: RunContext,
) -> Agreement:
    """Tell whether the engine `name` suits the target, and why.

    The marked frame comes first: where the engine already disagrees there, nothing is tracked for it. Nobody asked for
    this engine, so one that can't be loaded, or for which memory is short, is left to others as well.

    Args:
        label: what the engine is called in texts.
        guide: confirmed masks by frame, bool (H, W), among them `guide[start]`.
        track: gives a mask for every frame.
    """
    found = _look(manager, name, label, frames, {start: guide[start]}, context)
    if found.agrees and len(frames) > 1:
        masks = track()
        last = len(frames) - 1
        wanted = {round(last * part / TRACKED_LOOKS) for part in range(1, TRACKED_LOOKS + 1)}
        chosen = {index: masks[index] for index in sorted(wanted)}
        found = _look(manager, name, label, frames, chosen, context)
    return found


def _look(
    manager: ModelManager,
    name: str,
    label: Message,
    frames: FrameSource,
    masks: Mapping[int, Mask],
    context: RunContext,
) -> Agreement:
    try:
        with manager.lease(name, size_wh=frames.size_wh, cancel=context.cancel) as engine:
            if not isinstance(engine, TargetCheck):
                raise TypeError(f"{name} can't compare itself with a target")
            return engine.agrees_with_target(frames, masks, context)
    except (EngineUnavailable, ModelFilesError, OutOfGpuMemory) as error:
        log.warning("%s was not compared with the target: %s", name, error)
        return Agreement(
            False, Message("engine.not_compared", {"name": label, "said": error.message})
        )
