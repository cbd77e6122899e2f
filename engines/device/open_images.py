"""Frames that people are marking, open in their engines, so that a further prompt on one does not encode it again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from engines.base import ImageSegmentation, Instance, Segmenter
from engines.device.manager import ModelManager
from utils.errors import BadRequest, EngineUnavailable
from utils.priority import ClickPriority
from utils.types import Frame, Prompt

OPEN_IMAGES = 4
"""Frames whose embedding is kept, over all users."""

ImageKey: TypeAlias = tuple[str, int, str]
"""A session's id, a frame, an engine's name."""
ReadPictures: TypeAlias = Callable[[tuple[int, ...]], Mapping[int, Frame]]
"""Gives the frame, as 0, and its neighbours at the distances that an engine uses."""


class OpenImages:
    """Answers prompts; one at a time a frame, others wait for that frame only. Any thread may use it.

    Args:
        manager: lends the engines.
        clicks: is told of every prompt that is being answered.
    """

    def __init__(self, manager: ModelManager, clicks: ClickPriority) -> None:
        self._manager = manager
        self._clicks = clicks
        self._lock = threading.Lock()
        self._is_stopping = threading.Event()
        self._open: OrderedDict[ImageKey, _OpenImage] = OrderedDict()

    def segment(self, key: ImageKey, prompt: Prompt, read: ReadPictures) -> list[Instance]:
        """Return what a prompt finds on a frame, best first.

        Raises:
            UnusablePrompt: the engine can't use the prompt.
            EngineUnavailable: `stop` was called.
        """
        image = self._image(key)
        # Only now: a prompt that waits for a job's engine must not hold up the job.
        with image.lock, self._manager.lease(key[2]) as engine, self._clicks.answering():
            if self._is_stopping.is_set():
                raise EngineUnavailable("engine.closing")
            if not isinstance(engine, Segmenter):
                raise BadRequest("engine.cannot_segment", name=engine.label)
            if image.opened is None:
                around = dict(read(engine.neighbour_offsets))
                image.opened = engine.open_image(around.pop(0), around)
            return image.opened.segment(prompt)

    def stop(self) -> None:
        """Begin nothing more: prompts that wait would take the cores that jobs need to end."""
        self._is_stopping.set()

    def forget(self, session_id: str) -> None:
        """Drop the embeddings of a session."""
        with self._lock:
            for key in [key for key in self._open if key[0] == session_id]:
                del self._open[key]

    def _image(self, key: ImageKey) -> _OpenImage:
        with self._lock:
            image = self._open.setdefault(key, _OpenImage())
            self._open.move_to_end(key)
            while len(self._open) > OPEN_IMAGES:
                self._open.popitem(last=False)
            return image


@dataclass(slots=True)
class _OpenImage:
    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: ImageSegmentation | None = None
