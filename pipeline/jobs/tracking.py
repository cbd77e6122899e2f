"""A mask for every frame of a clip, tracked from the confirmed ones and written to a folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.base import FrameSource, RunContext, Tracker
from engines.device.manager import ModelManager
from pipeline.jobs.guides import fingerprint
from pipeline.session.masks import MaskFolder, write_mask
from pipeline.storage.files import write_atomically
from utils.errors import BadRequest
from utils.types import Mask


@dataclass(frozen=True, slots=True)
class TrackingPlan:
    """What is tracked: `guide` has confirmed masks by frame, bool (H, W), among them `guide[start]`.

    `first` is the clip's frame that `frames` begins with.
    """

    tracker_name: str
    frames: FrameSource
    guide: Mapping[int, Mask]
    start: int
    first: int

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
        for done, item in enumerate(tracked, start=1):
            on_frame()
            write_mask(masks.path(item.index), item.masks.get(1, nothing))
            context.report("track", done, len(frames))
    write_atomically(plan_path, plan_text.encode("utf-8"))
    return masks


def replace_masks(folder: Path, part: Path, first: int) -> None:
    """Put the masks of some frames, tracked again in `part`, in the place of those in `folder`.

    The folder is no longer what one pass made, so that a job that tracks every frame starts over.

    Args:
        first: the frame of the folder that the part begins with.
    """
    if not part.is_dir():
        return
    masks = MaskFolder(folder)
    for index in MaskFolder(part):
        os.replace(MaskFolder(part).path(index), masks.path(first + index))
    (folder / "plan.json").unlink(missing_ok=True)
    shutil.rmtree(part, ignore_errors=True)
