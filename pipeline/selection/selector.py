"""Finding the target on a frame: prompts to instances on disk; keeps embeddings between clicks."""

from __future__ import annotations

import logging
import struct
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from engines.base import ImageSegmentation, Instance, Segmenter
from engines.device.manager import ModelManager
from pipeline.selection.mask_values import target_of
from pipeline.session.state import InstanceRecord, Keyframe, PromptRecord, SessionState
from pipeline.session.store import Session, write_mask
from utils.errors import BadRequest, UnusablePrompt
from utils.types import Frame, Mask, Message, Prompt

logger = logging.getLogger(__name__)

OPEN_IMAGES = 4
"""Frames whose embedding is kept, over all users."""
MASK_ENGINE = "mask"
"""Engine name recorded for a mask the user brought."""


class Selector:
    """Runs prompts for all sessions; one prompt at a time a frame, others wait for that frame only."""

    def __init__(self, manager: ModelManager) -> None:
        self._manager = manager
        self._lock = threading.Lock()
        self._open: OrderedDict[
            tuple[str, int, str], tuple[threading.Lock, list[ImageSegmentation]]
        ] = OrderedDict()

    def segment(
        self,
        session: Session,
        frame_index: int,
        prompt: Prompt,
        engine_name: str,
        read_frames: Callable[[tuple[int, ...]], Mapping[int, Frame]],
        text_used: str = "",
    ) -> Keyframe:
        """Find the target on a frame, write the instances' masks and record the keyframe.

        Args:
            read_frames: gives the frame, uint8 RGB (H, W, 3), as 0, and those of its neighbours at the
                given distances that the clip has; called only for a frame not open yet.
            text_used: the English text in use where the user's was translated.

        Raises:
            UnusablePrompt: the engine can't use the prompt, or it selects nothing.
        """
        started_s = time.perf_counter()
        lock, opened = self._slot((session.id, frame_index, engine_name))
        with lock, self._manager.lease(engine_name) as engine:
            if not isinstance(engine, Segmenter):
                raise BadRequest("engine.cannot_segment", name=engine.label)
            if not opened:
                around = dict(read_frames(engine.neighbour_offsets))
                opened.append(engine.open_image(around.pop(0), around))
            engine_prompt = replace(prompt, text=text_used) if text_used else prompt
            instances = opened[0].segment(engine_prompt)
        if not instances:
            raise UnusablePrompt("prompt.nothing_found")
        return store_keyframe(
            session,
            frame_index,
            instances,
            engine=engine_name,
            prompt=prompt,
            text_used=text_used,
            seconds=time.perf_counter() - started_s,
        )

    def forget(self, session_id: str) -> None:
        """Drop the embeddings of a session."""
        with self._lock:
            for key in [key for key in self._open if key[0] == session_id]:
                del self._open[key]

    def _slot(self, key: tuple[str, int, str]) -> tuple[threading.Lock, list[ImageSegmentation]]:
        with self._lock:
            if key not in self._open:
                self._open[key] = (threading.Lock(), [])
            self._open.move_to_end(key)
            while len(self._open) > OPEN_IMAGES:
                self._open.popitem(last=False)
            return self._open[key]


def store_keyframe(
    session: Session,
    frame_index: int,
    instances: list[Instance],
    *,
    engine: str,
    prompt: Prompt,
    text_used: str = "",
    seconds: float = 0.0,
    notices: tuple[Message, ...] = (),
) -> Keyframe:
    """Write the instances' masks and put the keyframe into the session's state; best one kept."""
    records = [
        InstanceRecord(
            id=number,
            score=float(instance.score),
            label=instance.label,
            area_px=int(instance.mask.sum()),
        )
        for number, instance in enumerate(instances)
    ]
    keyframe = Keyframe(
        frame=frame_index,
        engine=engine,
        prompt=PromptRecord(
            text=prompt.text,
            points=prompt.points,
            box=prompt.box,
            exemplars=prompt.exemplars,
            has_mask=prompt.mask is not None,
        ),
        text_used=text_used,
        instances=tuple(records),
        kept=(0,),
        seconds=seconds,
        notices=notices,
    )
    with session.masks_lock():
        for number, instance in enumerate(instances):
            write_mask(session.instance_path(frame_index, number), instance.mask)
        session.transform(lambda state: state.with_keyframe(keyframe))
        _remove_surplus(session, frame_index, len(instances))
    logger.info(
        "session %s: %s found %d on frame %d in %.1f s",
        session.id[:6],
        engine,
        len(instances),
        frame_index,
        seconds,
    )
    return keyframe


def remove_keyframe(session: Session, frame_index: int) -> SessionState:
    """Forget what was selected on a frame; harmless when nothing was."""

    def without(state: SessionState) -> SessionState:
        kept = {key: value for key, value in state.keyframes.items() if key != frame_index}
        return state.model_copy(update={"keyframes": kept})

    with session.masks_lock():
        state = session.transform(without)
        _remove_surplus(session, frame_index, 0)
        session.base_mask_path(frame_index).unlink(missing_ok=True)
    return state


def _remove_surplus(session: Session, frame_index: int, count: int) -> None:
    """Remove masks numbered from `count` on: only now does the state no longer name them."""
    folder = session.instance_path(frame_index, 0).parent
    for path in folder.glob("*.png"):
        if path.stem.isdecimal() and int(path.stem) >= count:
            path.unlink(missing_ok=True)


_PNG_PROBLEMS = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for files that are damaged on purpose."""


def read_mask_file(path: Path, size_wh: tuple[int, int], frame_index: int = 0) -> Mask:
    """Read a mask the user brought (PNG): white, or the alpha where there is one, is the target.

    A mask of the size that the clip had before an encoder stretched it to whole macroblocks (1080 lines
    to 1088) is stretched with it; see `is_stretched`.

    Returns:
        bool (H, W) of the clip's displayed size.

    Raises:
        UnusablePrompt: not a PNG, of another size than the clip, or it selects nothing or everything.
    """
    width, height = size_wh
    mask_wh = _png_size(path)
    if mask_wh != size_wh and not is_stretched(mask_wh, size_wh):
        is_turned = mask_wh == (height, width)
        raise UnusablePrompt(
            "prompt.mask_turned" if is_turned else "prompt.mask_size",
            mask_width=mask_wh[0],
            mask_height=mask_wh[1],
            width=width,
            height=height,
        )
    try:
        with Image.open(path, formats=["PNG"]) as image:
            mask = target_of(image)
        if mask_wh != size_wh:
            mask = np.asarray(Image.fromarray(mask).resize(size_wh, Image.Resampling.NEAREST))
    except _PNG_PROBLEMS as error:
        raise UnusablePrompt("prompt.mask_unreadable", detail=str(error)) from error
    if not mask.any():
        raise UnusablePrompt("prompt.mask_empty", frame=frame_index)
    if mask.all():
        raise UnusablePrompt("prompt.mask_full", frame=frame_index)
    return mask


def store_mask(
    session: Session, frame_index: int, mask: Mask, notices: tuple[Message, ...] = ()
) -> Keyframe:
    """Put a ready mask, bool (H, W) of the clip's size, into the session as a keyframe."""
    session.base_mask_path(frame_index).unlink(missing_ok=True)
    return store_keyframe(
        session,
        frame_index,
        [Instance(mask, 1.0)],
        engine=MASK_ENGINE,
        prompt=Prompt(mask=mask),
        notices=notices,
    )


MACROBLOCK = 16
"""Side of a coding block, in pixels, that some writers stretch clips to."""


def is_stretched(mask_wh: tuple[int, int], clip_wh: tuple[int, int]) -> bool:
    """Return whether the clip's size is the mask's, each side rounded up to whole macroblocks."""
    rounded = tuple(-(-side // MACROBLOCK) * MACROBLOCK for side in mask_wh)
    return mask_wh != clip_wh and rounded == clip_wh


def mask_notices(path: Path, clip_wh: tuple[int, int]) -> tuple[Message, ...]:
    """Return what the user should know of a mask that `read_mask_file` took."""
    mask_wh = _png_size(path)
    if not is_stretched(mask_wh, clip_wh):
        return ()
    values: dict[str, str | int | float | Message] = {
        "mask_width": mask_wh[0],
        "mask_height": mask_wh[1],
        "width": clip_wh[0],
        "height": clip_wh[1],
    }
    return (Message("prompt.mask_stretched", values),)


def _png_size(path: Path) -> tuple[int, int]:
    """Return a PNG's width and height from its header alone: nothing is unpacked for a bomb."""
    problem = UnusablePrompt("prompt.mask_unreadable")
    if path.is_symlink() or not path.is_file():
        raise problem
    try:
        with path.open("rb") as stream:
            head = stream.read(24)
    except OSError as error:
        raise problem from error
    if len(head) < 24 or head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        raise problem
    width, height = struct.unpack(">II", head[16:24])
    return width, height
