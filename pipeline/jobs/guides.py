"""Which frames and masks a request means; it reads mask files and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np

from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import SessionState
from utils.errors import BadRequest
from utils.types import Mask


def kept_instances(request: MatteRequest, state: SessionState) -> dict[int, tuple[int, ...]]:
    """Return the kept instances of every keyframe that keeps any, the request's choice first.

    Raises:
        BadRequest: the request names a keyframe or an instance that is not there.
    """
    for frame, chosen in request.kept.items():
        known = state.keyframes.get(frame)
        ids = {instance.id for instance in known.instances} if known else set()
        if known is None or not set(chosen) <= ids:
            raise BadRequest("job.no_target")
    kept = {
        frame: request.kept.get(frame, keyframe.kept)
        for frame, keyframe in sorted(state.keyframes.items())
    }
    return {frame: chosen for frame, chosen in kept.items() if chosen}


def start_frame(request: MatteRequest, state: SessionState, first: int, last: int) -> int:
    """Return the keyframe that matting starts from: the one asked for, else the first in range.

    A job for everyone has no keyframe: it starts from the range's first frame.

    Raises:
        BadRequest: no keyframe keeps anything, or none lies in the range.
    """
    if request.everyone:
        return first
    kept = kept_instances(request, state)
    if not kept:
        raise BadRequest("job.no_target")
    inside = [frame for frame in kept if first <= frame <= last]
    wanted = request.start if request.start is not None else (inside or list(kept))[0]
    if wanted not in kept:
        raise BadRequest("job.no_target")
    if not first <= wanted <= last:
        raise BadRequest("job.start_outside_range", start=wanted, first=first, last=last)
    return wanted


def target_guides(
    session: Session, request: MatteRequest, first: int, last: int
) -> list[dict[int, Mask]]:
    """Return, for each target, its masks by frame counted from `first`.

    One target is the union of the kept instances; with `separate_targets` each kept instance of the
    start frame is a target, and corrections on other frames go by their order. A job for everyone has
    one target without masks.
    """
    if request.everyone:
        return [{}]
    state = session.state
    kept = kept_instances(request, state)
    start = start_frame(request, state, first, last)
    with session.masks_lock():
        masks = {
            frame: [read_mask(session.instance_path(frame, number)) for number in numbers]
            for frame, numbers in kept.items()
            if first <= frame <= last
        }
    if not request.separate_targets or len(masks[start]) == 1:
        return [{frame - first: np.logical_or.reduce(found) for frame, found in masks.items()}]
    return [
        {frame - first: found[target] for frame, found in masks.items() if target < len(found)}
        for target in range(len(masks[start]))
    ]


def fingerprint(guide: Mapping[int, Mask]) -> dict[str, int]:
    """Return a checksum of each mask by frame number."""
    return {str(index): crc32(np.packbits(mask).tobytes()) for index, mask in guide.items()}
