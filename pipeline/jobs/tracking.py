"""A mask for every frame of a clip, tracked from the confirmed ones and written to a folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.base import FrameSource, RunContext, Tracker
from engines.device.manager import ModelManager
from pipeline.jobs.guides import fingerprint
from pipeline.jobs.splice import SAME_FRAMES, is_same_mask
from pipeline.session.masks import MaskFolder, write_mask
from pipeline.storage.files import link_or_copy, write_atomically
from utils.errors import BadRequest
from utils.types import Mask

_TOKEN_NAME = "token.txt"


@dataclass(slots=True)
class KeptMasks:
    """Masks of the last result; tracking ends where the new ones have become the same.

    `first` is the frame of them that the tracked frames begin with; after `settled`, a tracked frame, no key
    frame changed.
    """

    masks: MaskFolder
    first: int
    settled: int
    same_frames: int = 0

    def is_reached(self, index: int, mask: Mask) -> bool:
        """Tell whether the masks up to this frame have been those of before for some frames.

        Args:
            index: counted upwards from frame to frame.
        """
        if index <= self.settled:
            return False
        is_same = is_same_mask(mask, self.masks[self.first + index])
        self.same_frames = self.same_frames + 1 if is_same else 0
        return self.same_frames >= SAME_FRAMES

    def put_rest(self, masks: MaskFolder, start: int, stop: int) -> None:
        """Put the masks of frames start … stop-1 into another folder."""
        for index in range(start, stop):
            link_or_copy(self.masks.path(self.first + index), masks.path(index))


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """What is tracked: `guide` has confirmed masks by frame, bool (H, W), among them `guide[start]`.

    `first` is the clip's frame that `frames` begins with; with `kept`, tracking ends where the masks are those.
    """

    tracker_name: str
    frames: FrameSource
    guide: Mapping[int, Mask]
    start: int
    first: int
    kept: KeptMasks | None = None

    def as_json(self) -> str:
        """Return what identifies the masks that come of it."""
        return json.dumps(
            {
                "tracker": self.tracker_name,
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
    frames, guide, start = plan.frames, plan.guide, plan.start
    plan_text = plan.as_json()
    plan_path = folder / "plan.json"
    masks = MaskFolder(folder)
    if plan_path.is_file() and plan_path.read_text() == plan_text and len(masks) == len(frames):
        return masks
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    nothing = np.zeros((frames.size_wh[1], frames.size_wh[0]), np.bool_)
    with manager.lease(plan.tracker_name, size_wh=frames.size_wh, cancel=context.cancel) as engine:
        if not isinstance(engine, Tracker):
            raise BadRequest("engine.cannot_segment", name=engine.label)
        prompts = {index: {1: mask} for index, mask in guide.items()}
        tracked = engine.track_video(frames, prompts, start, context)
        with closing(tracked):  # type: ignore[type-var]
            for done, item in enumerate(tracked, start=1):
                on_frame()
                mask = item.masks.get(1, nothing)
                write_mask(masks.path(item.index), mask)
                context.report("track", done, len(frames))
                if plan.kept is not None and plan.kept.is_reached(item.index, mask):
                    plan.kept.put_rest(masks, item.index + 1, len(frames))
                    context.report("track", len(frames), len(frames))
                    break
    write_atomically(plan_path, plan_text.encode("utf-8"))
    _write_token(folder)
    return masks


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
