"""`ProcessSegmenterEngine`: an engine that finds and follows objects in a process of its own environment.

Clicks and tracking have a worker each, so that a click needn't wait for a job.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from engines.base import (
    Capability,
    DeviceName,
    Engine,
    FrameSource,
    Instance,
    RunContext,
    TrackedFrame,
    check_requirements,
)
from engines.process.connection import WorkerCommand, WorkerFailure
from engines.process.host import WorkerHost
from engines.process.job import TrackingJob
from engines.process.worker import Fields
from utils.mask_utils import check_keyframe_mask
from utils.prompts import check_prompt
from utils.types import Frame, Mask, Message, Prompt

if TYPE_CHECKING:
    from config import Settings

MOST_INSTANCES = 8
"""Most masks that an answer to a prompt may hold."""


class ProcessSegmenterEngine(Engine):
    """Base of engines that take clicks and boxes and track; a subclass says what runs."""

    capabilities = frozenset({Capability.POINTS, Capability.BOX, Capability.TRACK})
    offered_when_missing = False
    declared_weight_bytes: int
    """Bytes of the weights and of what a process itself takes on the device, for one worker."""

    def __init__(self, settings: Settings) -> None:
        self._clicks, self._tracking = (
            WorkerHost(self.name, self.label, self.worker_command, settings.engine_stall_s)
            for _ in range(2)
        )

    @abstractmethod
    def worker_command(self) -> WorkerCommand:
        """Return what runs a worker; its requirements are there."""

    @property
    def weight_bytes(self) -> int:
        """Of both workers, as they say, else as declared."""
        return 2 * max(self._clicks.weight_bytes, self.declared_weight_bytes)

    @property
    def outside_bytes(self) -> int:
        """See `Engine.outside_bytes`."""
        return self._clicks.held_bytes + self._tracking.held_bytes

    def load_model(self, device: DeviceName) -> None:
        """See `Engine.load_model`; the worker that tracks starts with the first job."""
        self.unload()
        check_requirements(self.label, self.requirements())
        self._clicks.open(device)
        self._tracking.open_later(device)

    def unload(self) -> None:
        """See `Engine.unload`; ends the workers."""
        self._clicks.close()
        self._tracking.close()

    def open_image(self, image: Frame, around: Mapping[int, Frame] | None = None) -> ProcessImage:
        """See `Segmenter.open_image`; the worker keeps the embedding of the picture it saw last."""
        del around
        return ProcessImage(self._clicks, image, self.label)

    def segment_image(self, image: Frame, prompt: Prompt) -> list[Instance]:
        """See `Segmenter.segment_image`."""
        return self.open_image(image).segment(prompt)

    def track_video(
        self,
        frames: FrameSource,
        masks: Mapping[int, Mapping[int, Mask]],
        start: int,
        context: RunContext,
    ) -> Iterator[TrackedFrame]:
        """See `Tracker.track_video`."""
        objects: dict[int, dict[int, Mask]] = {}
        for index, by_object in sorted(masks.items()):
            for number, mask in by_object.items():
                checked = check_keyframe_mask(mask, frames.size_wh, index + context.first)
                objects.setdefault(number, {})[index] = checked
        host = self._tracking
        return host.run(
            lambda connection: TrackingJob(
                connection, frames, objects, start, {}, context, host.stall_s
            ),
            context.check_cancelled,
        )


class ProcessImage:
    """See `ImageSegmentation`."""

    def __init__(self, host: WorkerHost, image: Frame, name: Message) -> None:
        self._host = host
        self._image = np.ascontiguousarray(image)
        self._name = name

    def segment(self, prompt: Prompt) -> list[Instance]:
        """See `ImageSegmentation.segment`; a mask alone is taken as it is, beside clicks it is not used.

        Raises:
            EngineError: the worker failed.
        """
        height, width = self._image.shape[:2]
        prompt = check_prompt(prompt, (width, height), self._name)
        if not prompt.points and prompt.box is None:
            given = (
                check_keyframe_mask(prompt.mask, (width, height), 0)
                if prompt.mask is not None
                else None
            )
            return [] if given is None else [Instance(given, 1.0)]
        box = prompt.box
        question = {
            "kind": "segment",
            "width": width,
            "height": height,
            "points": [
                [float(point.x), float(point.y), int(point.positive)] for point in prompt.points
            ],
            "box": None
            if box is None
            else [float(side) for side in (box.x0, box.y0, box.x1, box.y1)],
        }
        most = MOST_INSTANCES * width * height
        return self._host.ask(
            question,
            self._image.data,
            "instances",
            most,
            lambda fields, payload: _instances(fields, payload, (height, width)),
        )


def _instances(fields: Fields, payload: bytes, shape: tuple[int, int]) -> list[Instance]:
    """Return an answer's masks that are not empty, best first.

    Raises:
        WorkerFailure: scores and masks don't go together.
    """
    scores: object = fields.get("scores")
    if not isinstance(scores, list) or len(payload) != len(scores) * shape[0] * shape[1]:
        raise WorkerFailure("garbage", f"{len(payload)} bytes for the scores {scores!r}")
    stack = np.frombuffer(payload, np.uint8).reshape(len(scores), *shape) > 0
    found = [
        Instance(mask, min(max(float(score), 0.0), 1.0))
        for mask, score in zip(stack, scores, strict=True)
        if mask.any()
    ]
    return sorted(found, key=lambda instance: -instance.score)
