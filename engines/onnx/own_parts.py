"""Which connected parts of an alpha belong to a tracked target; pure array work on reduced frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from utils.mask_utils import component_sums, components
from utils.types import FloatMap, Mask

_PRESENT = 0.1
"""Alpha from which a pixel counts as matted."""
_OWN_SHARE = 0.3
"""Share of a part's alpha that lies on the mask, from which the part belongs to the target."""
_HELD_SHARE = 0.3
"""Share of the mask that a part holds, from which it hangs together with the target, however large the others in it are."""


def own_parts(alpha: FloatMap, inside: Mask) -> Mask:
    """Return the connected parts of an alpha that lie on the mask for a good share, both (h, w)."""
    labels, areas = components(alpha > _PRESENT)
    parts: Mask = _are_own(alpha, inside, labels, areas)[labels]
    return parts


def touching_parts(alpha: FloatMap, inside: Mask) -> Mask:
    """Return the connected parts of an alpha that the target is in, with whoever it touches; both (h, w)."""
    labels, areas = components(alpha > _PRESENT)
    held = component_sums(inside, labels, areas) / max(float(inside.sum()), 1.0)
    held[0] = 0.0
    parts: Mask = (_are_own(alpha, inside, labels, areas) | (held > _HELD_SHARE))[labels]
    return parts


def _are_own(
    alpha: FloatMap, inside: Mask, labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Tell of each part that `components` named whether a good share of its alpha lies on the mask, bool (N + 1,)."""
    total = component_sums(alpha, labels, areas)
    own = component_sums(alpha * inside, labels, areas) / np.maximum(total, 1e-6)
    own[0] = 0.0
    return np.asarray(own > _OWN_SHARE)
