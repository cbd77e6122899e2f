"""One job in a worker process: answers its requests for frames, checks and yields what it makes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from engines.base import FrameSource, MattedFrame, RunContext, TrackedFrame
from engines.process.connection import Connection, WorkerFailure
from engines.process.worker import Fields
from utils.options import OptionValue
from utils.prefetch import Prefetch
from utils.types import Frame, Mask

CANCEL_S = 5.0
"""Seconds that a worker has to end a cancelled job, before it is killed."""
Item = TypeVar("Item")


class WorkerRefusal(Exception):
    """The worker's code raised an exception; the worker itself goes on."""


class WorkerJob(ABC, Generic[Item]):
    """A job from its start to its end, cancelled or not.

    Args:
        connection: to a worker that is loaded and idle.
        frames: the clip.
        masks: bool (H, W) by object and frame, each with one of `start` where it is known from there.
        start: the frame that the user confirmed.
        options: passed on as they are.
        context: progress and cancel.
        stall_s: seconds that the worker may be silent.
    """

    kind: str
    """Of the message that begins the job."""
    answer: str
    """Of the message with what was made of one frame."""
    stage: str
    """Under which progress is reported."""

    def __init__(
        self,
        connection: Connection,
        frames: FrameSource,
        masks: Mapping[int, Mapping[int, Mask]],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
        stall_s: float,
    ) -> None:
        self._connection = connection
        self._masks = masks
        self._start = start
        self._options = options
        self._context = context
        self._stall_s = stall_s
        self._count = len(frames)
        self.width, self.height = frames.size_wh
        self._reader = _SeriesReader(frames, context.check_cancelled)
        self.is_settled = False
        """True once the worker has ended the job and can take another one."""
        self.held_bytes = 0
        """Device bytes that the worker held at its last answer."""

    @property
    @abstractmethod
    def answer_bytes(self) -> int:
        """Bytes of what is made of one frame."""

    @abstractmethod
    def item(self, index: int, payload: bytes) -> Item:
        """Return what was made of a frame.

        Raises:
            WorkerFailure: the bytes are out of range.
        """

    def run(self) -> Iterator[Item]:
        """Yield what is made in the order of `MattingEngine.process`.

        Raises:
            WorkerFailure: the worker can't be used any more.
            WorkerRefusal: its code raised an exception.
            Cancelled: the job was cancelled; `is_settled` tells whether the worker can go on.
        """
        try:
            self._begin()
            yield from self._items()
            self.is_settled = True
        except WorkerRefusal:
            self.is_settled = True
            raise
        except WorkerFailure:
            raise
        except BaseException:
            # Cancelled, closed early, or a frame could not be read.
            self.is_settled = self._cancel()
            raise
        finally:
            self._reader.close()

    def _begin(self) -> None:
        fields = {
            "kind": self.kind,
            "frames": self._count,
            "width": self.width,
            "height": self.height,
            "start": self._start,
            "masks": [[number, sorted(masks)] for number, masks in self._masks.items()],
            "options": dict(self._options),
        }
        self._send(fields)
        for number, masks in self._masks.items():
            for index in sorted(masks):
                mask = np.ascontiguousarray(masks[index], np.uint8)
                self._send({"kind": "mask", "object": number, "index": index}, mask.data)

    def _items(self) -> Iterator[Item]:
        wanted = [*range(self._start - 1, -1, -1), *range(self._start, self._count)]
        counts_itself = False
        done = 0
        while True:
            fields, payload = self._receive()
            if fields["kind"] == self.answer:
                if done == self._count or fields.get("index") != wanted[done]:
                    raise WorkerFailure(
                        "garbage", f"{self.answer} of frame {fields.get('index')} came out of turn"
                    )
                if len(payload) != self.answer_bytes:
                    raise WorkerFailure(
                        "garbage", f"{len(payload)} bytes are no {self.answer} of a frame"
                    )
                item = self.item(wanted[done], payload)
                self.held_bytes = count_of(fields, "held_bytes")
                done += 1
                if not counts_itself:
                    self._context.report(self.stage, done, self._count)
                self._context.check_cancelled()
                yield item
            elif fields["kind"] == "read":
                self._hand_over(fields)
            elif fields["kind"] == "progress":
                counts_itself = True
                self._context.report(
                    self.stage, count_of(fields, "done"), count_of(fields, "total")
                )
            elif fields["kind"] == "failed":
                raise WorkerRefusal(str(fields.get("text")))
            elif fields["kind"] == "ended" and done == self._count:
                return
            else:
                raise WorkerFailure(
                    "garbage", f"{fields['kind']!r} after {done} of {self._count} frames"
                )

    def _hand_over(self, fields: Fields) -> None:
        index, step = count_of(fields, "index"), fields.get("step")
        stop: Any = fields.get("stop")
        ends = {1: range(index + 1, self._count + 1), -1: range(-1, index)}
        if index >= self._count or step not in (1, -1) or stop not in ends[step]:
            raise WorkerFailure("garbage", f"it asked for frames {index} … {stop} by {step}")
        frame = np.ascontiguousarray(self._reader.frame(index, stop, step))
        self._send({"kind": "frame", "index": index}, frame.data)

    def _send(self, fields: Fields, payload: bytes | memoryview = b"") -> None:
        # Without a look at cancel: half a message would leave the worker in the middle of one.
        self._connection.send(fields, payload, timeout_s=self._stall_s)

    def _receive(self) -> tuple[Fields, bytes]:
        return self._connection.receive(
            timeout_s=self._stall_s,
            most_bytes=self.answer_bytes,
            check=self._context.check_cancelled,
        )

    def _cancel(self) -> bool:
        """Tell the worker to end the job; return whether it did in time."""
        deadline_s = time.monotonic() + CANCEL_S
        try:
            self._connection.send({"kind": "cancel"}, timeout_s=CANCEL_S)
            while (left_s := deadline_s - time.monotonic()) > 0:
                fields, _ = self._connection.receive(timeout_s=left_s, most_bytes=self.answer_bytes)
                if fields["kind"] in ("ended", "failed"):
                    return True
        except WorkerFailure:
            return False
        return False


class MattingJob(WorkerJob[MattedFrame]):
    """Makes alphas of one target, whose masks by frame are its `masks`; otherwise as `WorkerJob`."""

    kind, answer, stage = "job", "alpha", "matte"

    def __init__(
        self,
        connection: Connection,
        frames: FrameSource,
        masks: Mapping[int, Mask],
        start: int,
        options: Mapping[str, OptionValue],
        context: RunContext,
        stall_s: float,
    ) -> None:
        super().__init__(connection, frames, {1: masks}, start, options, context, stall_s)

    @property
    def answer_bytes(self) -> int:
        """An alpha, float32 (H, W)."""
        return 4 * self.width * self.height

    def item(self, index: int, payload: bytes) -> MattedFrame:
        """See `WorkerJob.item`."""
        alpha = np.frombuffer(payload, "<f4").reshape(self.height, self.width)
        # Compared so that NaN fails as well.
        if not (alpha.min() >= 0 and alpha.max() <= 1):
            raise WorkerFailure("garbage", "an alpha outside 0 … 1")
        return MattedFrame(index, alpha.astype(np.float32))


class TrackingJob(WorkerJob[TrackedFrame]):
    """Follows objects through a clip."""

    kind, answer, stage = "track", "masks", "track"

    @property
    def answer_bytes(self) -> int:
        """A mask, uint8 (H, W), for each object."""
        return len(self._masks) * self.width * self.height

    def item(self, index: int, payload: bytes) -> TrackedFrame:
        """See `WorkerJob.item`."""
        stack = np.frombuffer(payload, np.uint8).reshape(-1, self.height, self.width) > 0
        return TrackedFrame(index, dict(zip(self._masks, stack, strict=True)))


def count_of(fields: Fields, name: str) -> int:
    """Return a field that is a whole number, 0 or more.

    Raises:
        WorkerFailure: it isn't.
    """
    value = fields.get(name)
    if not isinstance(value, int) or value < 0:
        raise WorkerFailure("garbage", f"{name} is {value!r}")
    return value


class _SeriesReader:
    """Frames by number, decoded ahead while they are asked for in a row."""

    def __init__(self, frames: FrameSource, check: Callable[[], None]) -> None:
        self._frames = frames
        self._check = check
        self._series: Prefetch[Frame] | None = None
        self._next = self._stop = -1
        self._step: Literal[1, -1] = 1

    def frame(self, index: int, stop: int, step: Literal[1, -1]) -> Frame:
        """Return a frame, uint8 RGB (H, W, 3); another series is opened where it doesn't follow the last one."""
        if self._series is None or (index, step) != (self._next, self._step) or index == self._stop:
            self.close()
            self._series = Prefetch(
                lambda: self._frames.read(index, stop, step), 2, "worker-frames", self._check
            )
            self._stop = stop
        self._next, self._step = index + step, step
        return next(self._series)

    def close(self) -> None:
        """Stop reading."""
        series, self._series = self._series, None
        if series is not None:
            series.close()
