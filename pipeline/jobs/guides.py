"""Which targets, frames and masks a request means; it reads mask files and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from zlib import crc32

import numpy as np

from pipeline.session.masks import read_mask
from pipeline.session.request import MatteRequest
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, SessionState
from utils.errors import BadRequest
from utils.strokes import erased_by
from utils.types import Mask, Message

ReadMask: TypeAlias = Callable[[Path], Mask]
"""Reads a mask file of ours; returns bool (H, W)."""


@dataclass(frozen=True, slots=True)
class TargetGuide:
    """One target of a job: its number, its masks by frame, bool (H, W), and the frame matting starts from.

    `erased` has a checksum of the eraser's strokes by frame: an alpha follows them also where the mask has nothing.
    Frames are counted from the range's first.
    """

    number: int
    masks: Mapping[int, Mask]
    start: int
    erased: Mapping[int, int] = field(default_factory=dict)

    def checksums(self) -> dict[int, int]:
        """Return a checksum of each frame's mask and eraser's strokes."""
        masks = fingerprint(self.masks)
        return {frame: masks[str(frame)] ^ self.erased.get(frame, 0) for frame in self.masks}


def kept_instances(
    request: MatteRequest, state: SessionState
) -> dict[int, dict[int, tuple[int, ...]]]:
    """Return the kept instances of every target's key frames that keep any, by target and frame.

    The request's choice comes first; it names those of the first target.

    Raises:
        BadRequest: the request names a key frame or an instance that is not there.
    """
    for frame, chosen in request.kept.items():
        known = state.keyframes.get(frame)
        ids = {instance.id for instance in known.instances} if known else set()
        if known is None or not set(chosen) <= ids:
            raise BadRequest("job.no_target")
    kept: dict[int, dict[int, tuple[int, ...]]] = {}
    for target in state.targets:
        changes = request.kept if target.id == FIRST_TARGET else {}
        frames = sorted(state.keyframes_of(target.id).items())
        chosen_at = {frame: changes.get(frame, keyframe.kept) for frame, keyframe in frames}
        if any(chosen_at.values()):
            kept[target.id] = {frame: chosen for frame, chosen in chosen_at.items() if chosen}
    return kept


def start_frames(
    request: MatteRequest, state: SessionState, first: int, last: int
) -> dict[int, int]:
    """Return the key frame that matting starts from by target: the one asked for, else its first in range.

    Targets without a key frame in the range have no part in the job. A job for everyone has one target
    and starts from the range's first frame.

    Raises:
        BadRequest: no key frame keeps anything, none lies in the range, or the one asked for does not.
    """
    if request.everyone:
        return {FIRST_TARGET: first}
    kept = kept_instances(request, state)
    wanted = request.start
    every_frame = [frame for frames in kept.values() for frame in frames]
    if not every_frame or (wanted is not None and wanted not in every_frame):
        raise BadRequest("job.no_target")
    starts: dict[int, int] = {}
    for number, frames in kept.items():
        inside = [frame for frame in frames if first <= frame <= last]
        if inside:
            starts[number] = wanted if wanted is not None and wanted in inside else inside[0]
    outside = wanted is not None and not first <= wanted <= last
    if outside or not starts:
        shown = every_frame[0] if wanted is None else wanted
        raise BadRequest("job.start_outside_range", start=shown, first=first, last=last)
    return starts


def left_out_notice(
    request: MatteRequest, state: SessionState, first: int, last: int
) -> Message | None:
    """Return what to say of marked targets that have no part in the job, None where all have."""
    if request.everyone:
        return None
    starts = start_frames(request, state, first, last)
    marked = kept_instances(request, state)
    names = [
        target.name or str(target.id)
        for target in state.targets
        if target.id in marked and target.id not in starts
    ]
    if not names:
        return None
    range_ends = {"first": first, "last": last}
    return Message("job.targets_left_out", {"names": ", ".join(names), **range_ends})


def target_guides(
    session: Session,
    request: MatteRequest,
    first: int,
    last: int,
    read: ReadMask = read_mask,
) -> list[TargetGuide]:
    """Return the targets of a job, each with its masks.

    A target's mask is the union of its kept instances. Where the session has one target and the request
    wants separate ones, each kept instance of the start frame is a target, and corrections on other
    frames go by their order. A job for everyone has one target without masks.

    Args:
        first, last: the inclusive range.
        read: reads the file of a mask.

    Raises:
        BadRequest: see `start_frames`.
    """
    if request.everyone:
        return [TargetGuide(FIRST_TARGET, {}, 0)]
    state = session.state
    starts = start_frames(request, state, first, last)
    kept = kept_instances(request, state)
    with session.masks_lock():
        masks = {
            number: {
                frame - first: [read(session.instance_path(frame, one, number)) for one in chosen]
                for frame, chosen in kept[number].items()
                if first <= frame <= last
            }
            for number in starts
        }
    if len(starts) == 1 and request.separate_targets:
        ((number, start),) = starts.items()
        count = len(masks[number][start - first])
        if count > 1:
            return [_instance_guide(masks[number], one, start - first) for one in range(count)]
    unions = {
        number: {frame: np.logical_or.reduce(found) for frame, found in masks[number].items()}
        for number in starts
    }
    return [
        TargetGuide(number, union, starts[number] - first, _erased(state, number, union, first))
        for number, union in unions.items()
    ]


def _erased(
    state: SessionState, number: int, masks: Mapping[int, Mask], first: int
) -> dict[int, int]:
    """Return a checksum of what the eraser took away on each key frame of a target where it was used."""
    checksums = {}
    for frame, mask in masks.items():
        strokes = state.keyframes_of(number)[frame + first].prompt.strokes
        if any(not stroke.is_positive for stroke in strokes):
            checksums[frame] = _checksum(erased_by(strokes, mask.shape))
    return checksums


def _instance_guide(masks: Mapping[int, list[Mask]], index: int, start: int) -> TargetGuide:
    found = {frame: many[index] for frame, many in masks.items() if index < len(many)}
    return TargetGuide(index + 1, found, start)


def fingerprint(guide: Mapping[int, Mask]) -> dict[str, int]:
    """Return a checksum of each mask, bool (H, W), by frame number."""
    return {str(index): _checksum(mask) for index, mask in guide.items()}


def _checksum(mask: Mask) -> int:
    return crc32(np.packbits(mask).tobytes())
