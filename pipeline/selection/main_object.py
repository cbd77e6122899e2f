"""The alpha of one frame from a network that needs no mark; it writes no files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engines.base import ArrayFrames, FrameSource, MattingEngine, RunContext
from engines.device.manager import ModelManager
from utils.alpha_levels import AlphaLevels, to_levels
from utils.errors import BadRequest, UnusablePrompt
from utils.mask_utils import components
from utils.types import Alpha, Frame, Mask

_PRESENT = 0.5
"""Alpha from which a pixel belongs to the object."""
_PART_SHARE = 0.1
"""Area of a further part, as a share of the largest one, from which it belongs to the object too."""
_LEAST_SHARE = 1e-4
"""Share of the picture below which nothing was found."""


def alpha_of_frame(
    manager: ModelManager, name: str, frame: Frame, target: Mask | None = None
) -> Alpha:
    """Return the alpha that an engine gives one frame, float32 (H, W) in [0, 1].

    Args:
        name: an engine with `Capability.EVERYONE`.
        frame: uint8 RGB (H, W, 3).
        target: restricts the alpha to this object, bool (H, W).
    """
    height, width = frame.shape[:2]
    guide = {} if target is None else {0: target}
    with manager.lease(name, size_wh=(width, height)) as engine:
        if not isinstance(engine, MattingEngine):
            raise BadRequest("engine.cannot_matte", name=engine.label, known="-")
        context = RunContext(confirmed=frozenset(guide))
        (matted,) = engine.process(ArrayFrames([frame]), guide, 0, {}, context)
    return matted.alpha


def key_frame_alphas(
    manager: ModelManager,
    name: str,
    frames: FrameSource,
    guide: Mapping[int, Mask],
    context: RunContext,
) -> dict[int, AlphaLevels]:
    """Return each marked frame's alpha within its mask as an engine gives it by itself.

    Args:
        name: as in `alpha_of_frame`; with "" the result is empty.
        guide: the masks that a user confirmed by frame, bool (H, W).
    """
    found: dict[int, AlphaLevels] = {}
    for index, mask in guide.items() if name else ():
        context.check_cancelled()
        if mask.any():
            (frame,) = frames.read(index, index + 1)
            found[index] = to_levels(alpha_of_frame(manager, name, frame, mask))
    return found


def main_object(alpha: Alpha) -> Mask:
    """Return the main object of an alpha, float32 (H, W), as a mask, bool (H, W): its largest parts.

    Raises:
        UnusablePrompt: there is none.
    """
    labels, areas = components(alpha >= _PRESENT)
    areas = np.asarray(areas).copy()
    areas[0] = 0
    largest = int(areas.max(initial=0))
    if largest <= _LEAST_SHARE * alpha.size:
        raise UnusablePrompt("prompt.no_main_object")
    mask: Mask = (areas >= _PART_SHARE * largest)[labels]
    if mask.all():
        raise UnusablePrompt("prompt.no_main_object")
    return mask
