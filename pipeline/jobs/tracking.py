"""A mask for every frame of a clip, tracked from the confirmed ones and written to a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from engines.base import FrameSource, RunContext, Tracker
from engines.device.manager import ModelManager
from pipeline.jobs.guides import fingerprint
from pipeline.session.store import MaskFolder, write_mask
from pipeline.storage.files import write_atomically
from utils.errors import BadRequest
from utils.types import Mask


def track_to_folder(
    manager: ModelManager,
    tracker_name: str,
    frames: FrameSource,
    guide: Mapping[int, Mask],
    start: int,
    first: int,
    folder: Path,
    context: RunContext,
    on_frame: Callable[[], None],
) -> MaskFolder:
    """Write a mask for every frame; a folder that holds them already for the same guide is kept.

    Args:
        first: the clip's frame that `frames` begins with.
        guide: confirmed masks by frame, bool (H, W), among them `guide[start]`.
        on_frame: called once a frame; raises to stop.

    Raises:
        SplazmatteError: what the tracker or `on_frame` raises; the folder is then incomplete, and the
            next call starts over.
    """
    plan = json.dumps(
        {"tracker": tracker_name, "first": first, "start": start, "guide": fingerprint(guide)}
    )
    plan_path = folder / "plan.json"
    masks = MaskFolder(folder)
    if plan_path.is_file() and plan_path.read_text() == plan and len(masks) == len(frames):
        return masks
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    nothing = np.zeros((frames.size_wh[1], frames.size_wh[0]), np.bool_)
    with manager.lease(tracker_name, size_wh=frames.size_wh, cancel=context.cancel) as engine:
        if not isinstance(engine, Tracker):
            raise BadRequest("engine.cannot_segment", name=engine.label)
        prompts = {index: {1: mask} for index, mask in guide.items()}
        tracked = engine.track_video(frames, prompts, start, context)
        for done, item in enumerate(tracked, start=1):
            on_frame()
            write_mask(masks.path(item.index), item.masks.get(1, nothing))
            context.report("track", done, len(frames))
    write_atomically(plan_path, plan.encode("utf-8"))
    return masks
