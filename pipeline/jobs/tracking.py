"""A mask for every frame of a clip, tracked from the confirmed ones and written to a folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.base import RunContext, Tracker
from engines.device.manager import ModelManager
from pipeline.jobs.guides import fingerprint
from pipeline.jobs.outwards import counted
from pipeline.jobs.ranges import FrameRange
from pipeline.jobs.splice import SAME_FRAMES, is_same_mask
from pipeline.session.masks import MaskFolder, write_mask
from pipeline.storage.files import link_or_copy, write_atomically
from utils.errors import BadRequest
from utils.prefetch import ended
from utils.types import Mask

_TOKEN_NAME = "token.txt"


@dataclass(frozen=True, slots=True)
class KeptMasks:
    """Masks of the last result; tracking ends, on both sides, where the new ones have become the same.

    `first` is the frame of them that the tracked frames begin with; before `changed_first` and after
    `changed_last`, tracked frames, no key frame changed.
    """

    masks: MaskFolder
    first: int
    changed_first: int
    changed_last: int

    def is_same(self, index: int, mask: Mask) -> bool:
        """Tell whether a frame's mask, bool (H, W), is that of before, on a frame where that counts."""
        if self.changed_first <= index <= self.changed_last:
            return False
        return is_same_mask(mask, self.masks[self.first + index])

    def put(self, masks: MaskFolder, frames: range) -> None:
        """Put the masks of some frames into another folder."""
        for index in frames:
            link_or_copy(self.masks.path(self.first + index), masks.path(index))


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """What is tracked: `guide` has confirmed masks by frame, bool (H, W), among them `guide[start]`.

    `first` is the clip's frame that `frames` begins with; with `kept`, tracking ends where the masks are those.
    With `known`, which makes the masks of all frames, bool (H, W) in order, nothing is tracked.
    """

    tracker_name: str
    frames: FrameRange
    guide: Mapping[int, Mask]
    start: int
    first: int
    kept: KeptMasks | None = None
    known: Callable[[], Iterator[Mask]] | None = None

    def as_json(self) -> str:
        """Return what identifies the masks that come of it."""
        return json.dumps(
            {
                "tracker": self.tracker_name if self.known is None else "known",
                "first": self.first,
                "start": self.start,
                "guide": fingerprint(self.guide),
            }
        )


def track_to_folder(
    manager: ModelManager,
    plan: TrackingPlan,
    folder: Path,
    context: RunContext,
    on_frame: Callable[[], None],
) -> MaskFolder:
    """Write a mask for every frame; a folder that holds them already for the same plan is kept.

    Args:
        on_frame: called once a frame; raises to stop.

    Raises:
        SplazmatteError: what the tracker or `on_frame` raises; the folder is then incomplete, and the
            next call starts over.
    """
    frames = plan.frames
    plan_text = plan.as_json()
    plan_path = folder / "plan.json"
    masks = MaskFolder(folder)
    if plan_path.is_file() and plan_path.read_text() == plan_text and len(masks) == len(frames):
        return masks
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if plan.known is not None:
        _write_known(plan.known(), len(frames), masks, context, on_frame)
    else:
        _track_all(manager, plan, masks, context, on_frame)
    write_atomically(plan_path, plan_text.encode("utf-8"))
    _write_token(folder)
    return masks


def _write_known(
    known: Iterator[Mask],
    count: int,
    masks: MaskFolder,
    context: RunContext,
    on_frame: Callable[[], None],
) -> None:
    with ended(known) as found:
        for index, mask in enumerate(found):
            on_frame()
            context.check_cancelled()
            write_mask(masks.path(index), mask)
            context.report("track", index + 1, count)


def _track_all(
    manager: ModelManager,
    plan: TrackingPlan,
    masks: MaskFolder,
    context: RunContext,
    on_frame: Callable[[], None],
) -> None:
    frames = plan.frames
    with manager.lease(plan.tracker_name, size_wh=frames.size_wh, cancel=context.cancel) as engine:
        if not isinstance(engine, Tracker):
            raise BadRequest("engine.cannot_segment", name=engine.label)
        if plan.kept is None:
            _track(engine, plan, range(len(frames)), plan.start, masks, context, on_frame)
        else:
            # Each side of the start by itself, so that each can end early.
            before, after = range(plan.start + 1), range(plan.start, len(frames))
            if plan.start:
                _track(engine, plan, before, plan.start, masks, context, on_frame)
            _track(engine, plan, after, plan.start, masks, context, on_frame)


def _track(
    engine: Tracker,
    plan: TrackingPlan,
    span: range,
    start: int,
    masks: MaskFolder,
    context: RunContext,
    on_frame: Callable[[], None],
) -> None:
    """Write the masks of some frames of the plan, tracked from `start`, or kept from where they are the same on."""
    width, height = plan.frames.size_wh
    nothing = np.zeros((height, width), np.bool_)
    prompts = {index - span.start: {1: mask} for index, mask in plan.guide.items() if index in span}
    part = plan.frames.part(span.start, span.stop - 1)
    same, kept = 0, plan.kept
    context = counted(context, span.start, plan.frames)
    with ended(engine.track_video(part, prompts, start - span.start, context)) as tracked:
        for done, item in enumerate(tracked, start=1):
            on_frame()
            index = item.index + span.start
            mask = item.masks.get(1, nothing)
            write_mask(masks.path(index), mask)
            context.report("track", done, len(part))
            same = same + 1 if kept is not None and kept.is_same(index, mask) else 0
            if kept is not None and same >= SAME_FRAMES:
                rest = range(span.start, index) if index < start else range(index + 1, span.stop)
                kept.put(masks, rest)
                break


def masks_token(folder: Path) -> str:
    """Return what tells the masks of a folder from later ones there; "" where they are not complete."""
    path = folder / _TOKEN_NAME
    return path.read_text() if path.is_file() else ""


def _write_token(folder: Path) -> None:
    write_atomically(folder / _TOKEN_NAME, secrets.token_hex(8).encode())


def replace_masks(folder: Path, part: Path, first: int) -> None:
    """Put the masks of some frames, tracked again in `part`, in the place of those in `folder`.

    The folder is no longer what one pass made, so that a job that tracks every frame starts over.

    Args:
        first: the frame of the folder that the part begins with.
    """
    if not part.is_dir():
        return
    masks = MaskFolder(folder)
    (folder / _TOKEN_NAME).unlink(missing_ok=True)
    for index in MaskFolder(part):
        os.replace(MaskFolder(part).path(index), masks.path(first + index))
    (folder / "plan.json").unlink(missing_ok=True)
    if 0 in masks:
        _write_token(folder)
    shutil.rmtree(part, ignore_errors=True)
