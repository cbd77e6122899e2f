"""Which frame of a result is offered for a correction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

_AROUND = 2
"""Frames on each side over which a frame's confidence is averaged."""
_FLAT = 0.04
"""Difference of the averaged confidence over a clip below which no frame stands out."""
_BESIDE_CONFIRMED = 0.05
"""What a frame next to a confirmed one counts as better than its confidence: a correction there changes little."""
_BESIDE_FRAMES = 10
"""Distance from a confirmed frame, in frames, in which that falls to 1 / e."""


def least_confident(
    confidence: Sequence[float | None], confirmed: Collection[int] = ()
) -> int | None:
    """Return the frame where a correction is likeliest to help.

    The one of least confidence, averaged over five frames, where frames beside confirmed ones count as a
    little better; None where no frame stands out.

    Args:
        confidence: of each frame in [0, 1], None where the engine did not run.
        confirmed: frames with a selection of the user's own, which aren't asked for again.
    """
    known = [
        (index, value)
        for index, value in enumerate(confidence)
        if value is not None and index not in confirmed
    ]
    if not known:
        return None
    values = np.pad([value for _, value in known], _AROUND, mode="edge")
    smooth = np.convolve(values, np.full(2 * _AROUND + 1, 1.0 / (2 * _AROUND + 1)), "valid")
    if np.ptp(smooth) < _FLAT:
        return None
    frames = np.array([index for index, _ in known])
    if confirmed:
        distance = np.min([np.abs(frames - frame) for frame in confirmed], axis=0)
        smooth += _BESIDE_CONFIRMED * np.exp(-distance / _BESIDE_FRAMES)
    return int(frames[smooth.argmin()])
