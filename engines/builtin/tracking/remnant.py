"""Whether what is left of an occluded target is the target, or what comes to light beside it."""

from __future__ import annotations

import numpy as np

from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.network_evidence import NetworkEvidence
from engines.builtin.vision.processing_size import ProcessingFrame
from utils.mask_utils import bounding_box
from utils.types import FloatMap, Mask

_REMNANT = 0.5
"""Share of its expected area below which what is left of the object must look like it."""
_STILL = 0.5
"""Mean log odds against what is left, by the difference to the background, from which it keeps still."""


def is_something_else(
    frame: ProcessingFrame,
    seen: Mask,
    area_share: float,
    appearance: AppearanceModel,
    networks: NetworkEvidence,
    difference: FloatMap | None,
) -> bool:
    """Tell whether what is left of an occluded target looks like something else.

    A target that goes behind something may leave its mask on what comes to light beside it. So it is where
    less than half of its area is left, and neither the confirmed frames' appearance nor their descriptors,
    where there are any, take the rest for the target. Appearance alone is not asked: the light may change.
    Without any network the rest has to keep still against the background where the target did not.

    Args:
        frame: the frame.
        seen: what is left of the target there, bool (h, w).
        area_share: its area as a share of the expected one.
        appearance: the confirmed frames' appearance.
        networks: what networks say of the frame; asked are the labels that descriptors propagate to it.
        difference: log odds by the motion-compensated difference, float32 (h, w); None with a network.
    """
    if not seen.any() or area_share >= _REMNANT:
        return False
    x0, y0, x1, y1 = window = bounding_box(seen) or (0, 0, 0, 0)
    by_appearance = appearance.appearance_log_odds(frame.features, window)
    if float(by_appearance[seen[y0:y1, x0:x1]].mean()) >= 0.0:
        return False
    if difference is not None:
        return float(difference[seen].mean()) < -_STILL
    described = np.broadcast_to(networks.labels_overall(), seen.shape)
    return float(described[seen].mean()) <= 0.0
