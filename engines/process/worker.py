"""The worker's side of the process protocol; standard library and numpy alone, Python 3.8 or newer.

`PYTHON worker.py SCRIPT ARGUMENT…` runs in an environment that has nothing of ours: this file must not
import any. SCRIPT is an engine's own file; it defines `open_worker(arguments)`, which returns a
`MattingWorker` or a `SegmentingWorker`, and imports its model packages inside methods. What it prints goes to the log.

A message is a head of 16 bytes (`HEAD`), a JSON object, and raw bytes. In turns:

| client | worker |
| --- | --- |
| | `hello`: protocol, engine |
| `load`: device | `ready`: device, weight_bytes, held_bytes; or `failed`: text |
| `health` | `health`: device, held_bytes |
| `job` or `track`: frames, width, height, start, masks (object and frames), options; then a `mask` for each | |
| `frame`, for each `read` | `read`: index, stop, step; `progress`: done, total; `alpha` or `masks`: index, held_bytes |
| `cancel`, at any time | `ended`; or `failed`: text |
| `segment`: width, height, points, box; with the picture | `instances`: scores; or `failed`: text |
| `stop`, or the end of the pipe | exits |

Frames are uint8 RGB (H, W, 3), masks uint8 0 or 1 (H, W), several of them (N, H, W), alphas float32 (H, W) in
[0, 1], little-endian, rows from the top. A point is x, y and 1 or 0 (not this), a box x0, y0, x1, y1, in pixels.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import struct
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Dict  # noqa: UP035  Python 3.8

import numpy as np
import numpy.typing as npt

PROTOCOL = 2
HEAD = struct.Struct("<4sIQ")
"""Magic, bytes of the JSON object, bytes that follow it."""
MAGIC = b"SMW1"
MOST_FIELD_BYTES = 1 << 16
MOST_PAYLOAD_BYTES = 1 << 29
_TEXT_LENGTH = 2000
_PARENT_POLL_S = 1.0

Fields = Dict[str, Any]  # noqa: UP006


class ProtocolError(Exception):
    """The bytes are no message of this protocol."""


class JobCancelled(Exception):
    """The client cancelled the job."""


def message_head(fields: Fields, payload_bytes: int) -> bytes:
    """Return what stands before a message's payload: the head and the JSON object."""
    text = json.dumps(fields).encode()
    return HEAD.pack(MAGIC, len(text), payload_bytes) + text


def lengths_of(head: bytes) -> tuple[int, int]:
    """Return the bytes of the JSON object and of the payload that follow a head.

    Raises:
        ProtocolError: it is none, or announces more than the protocol allows.
    """
    magic, field_bytes, payload_bytes = HEAD.unpack(head)
    if magic != MAGIC or field_bytes > MOST_FIELD_BYTES or payload_bytes > MOST_PAYLOAD_BYTES:
        raise ProtocolError(f"not a message: {head!r}")
    return field_bytes, payload_bytes


def fields_of(text: bytes) -> Fields:
    """Return a message's fields.

    Raises:
        ProtocolError: it is no JSON object with a kind.
    """
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {text[:80]!r}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("kind"), str):
        raise ProtocolError(f"a message without a kind: {text[:80]!r}")
    return fields


class ModelWorker:
    """What the kinds of workers share."""

    engine = ""
    """The engine's name."""

    def load(self, device: str) -> int:
        """Load the weights onto "cpu" or "cuda"; return their bytes there."""
        raise NotImplementedError

    def held_bytes(self) -> int:
        """Return the device bytes that this process holds now, its CUDA context included."""
        return 0


class MattingWorker(ModelWorker):
    """What a script's `open_worker` returns; a class of its own may have the same methods."""

    def matte(self, job: Job) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Yield frame number and alpha, float32 (H, W): start-1 … 0, then start … the last."""
        raise NotImplementedError


class SegmentingWorker(ModelWorker):
    """What it returns where objects are marked and followed."""

    def segment(
        self,
        picture: npt.NDArray[np.uint8],
        points: list[tuple[float, float, int]],
        box: tuple[float, float, float, float] | None,
    ) -> Sequence[tuple[npt.NDArray[np.bool_], float]]:
        """Return masks, bool (H, W), with their scores in [0, 1], best first."""
        raise NotImplementedError

    def track(self, job: Job) -> Iterator[tuple[int, dict[int, npt.NDArray[np.bool_]]]]:
        """Yield frame number and masks by object, bool (H, W), in the order of `MattingWorker.matte`."""
        raise NotImplementedError


class Channel:
    """Messages over two pipes."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing

    @classmethod
    def from_standard_streams(cls) -> Channel:
        """Take the process's own input and output; what is printed from here on goes to stderr."""
        reading, writing = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return cls(reading, writing)

    def send(self, fields: Fields, payload: bytes | memoryview = b"") -> None:
        """Send a message; the process ends where the client is gone."""
        whole = memoryview(payload).cast("B")
        try:
            for part in (memoryview(message_head(fields, len(whole))), whole):
                left = part
                while left:
                    left = left[os.write(self._writing, left) :]
        except BrokenPipeError:
            os._exit(0)

    def receive(self) -> tuple[Fields, bytearray]:
        """Wait for a message; the process ends where the client is gone."""
        field_bytes, payload_bytes = lengths_of(bytes(self._read(HEAD.size)))
        return fields_of(bytes(self._read(field_bytes))), self._read(payload_bytes)

    def has_message(self) -> bool:
        """Tell whether a message, or the pipe's end, is waiting."""
        return bool(select.select([self._reading], [], [], 0)[0])

    def _read(self, size: int) -> bytearray:
        buffer = bytearray(size)
        left = memoryview(buffer)
        while left:
            got = os.readv(self._reading, [left])
            if not got:
                os._exit(0)
            left = left[got:]
        return buffer


class Job:
    """One job: its frames are asked for one by one, so that no clip is ever held here.

    `objects`: masks, bool (H, W), by object and frame number. `masks`: those of the only object of a matting job;
    that of `start` is always there. An empty one says that the target is absent. `options`: what the engine's
    class passed on.
    """

    def __init__(
        self,
        channel: Channel,
        fields: Fields,
        objects: dict[int, dict[int, npt.NDArray[np.bool_]]],
    ) -> None:
        self._channel = channel
        self.frame_count = int(fields["frames"])
        self.size_wh = int(fields["width"]), int(fields["height"])
        self.start = int(fields["start"])
        self.options = dict(fields["options"])
        self.objects = objects
        self.masks = next(iter(objects.values()))

    def read(self, index: int, stop: int | None = None, step: int = 1) -> npt.NDArray[np.uint8]:
        """Return a frame, uint8 RGB (H, W, 3).

        Args:
            index: its number.
            stop: where a series begins here, the number that ends it; those after it then come quickly.
            step: 1 or -1, the direction of the series.

        Raises:
            JobCancelled: the client cancelled.
        """
        until = index + step if stop is None else stop
        self._channel.send({"kind": "read", "index": index, "stop": until, "step": step})
        fields, payload = self._channel.receive()
        if fields["kind"] == "cancel":
            raise JobCancelled
        if fields["kind"] != "frame" or fields.get("index") != index:
            raise ProtocolError(f"{fields} instead of frame {index}")
        width, height = self.size_wh
        return np.frombuffer(payload, np.uint8).reshape(height, width, 3)

    def report(self, done: int, total: int) -> None:
        """Report progress in real units; raises as `check_cancelled`."""
        self.check_cancelled()
        self._channel.send({"kind": "progress", "done": done, "total": total})

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` where the client cancelled; call it in long computations."""
        if self._channel.has_message():
            fields, _ = self._channel.receive()
            raise JobCancelled if fields["kind"] == "cancel" else ProtocolError(str(fields))


class Server:
    """Answers a client's messages until it is told to stop."""

    def __init__(self, channel: Channel, worker: Any) -> None:
        self._channel = channel
        self._worker = worker
        self._device = ""

    def run(self) -> None:
        """Say hello, then serve."""
        self._channel.send({"kind": "hello", "protocol": PROTOCOL, "engine": self._worker.engine})
        while True:
            fields, payload = self._channel.receive()
            if fields["kind"] == "stop":
                return
            self._answer(fields, payload)

    def _answer(self, fields: Fields, payload: bytearray) -> None:
        try:
            if fields["kind"] == "load":
                self._load(str(fields["device"]))
            elif fields["kind"] == "health":
                self._channel.send({"kind": "health", **self._state()})
            elif fields["kind"] == "job":
                self._matte(self._open_job(fields))
            elif fields["kind"] == "track":
                self._track(self._open_job(fields))
            elif fields["kind"] == "segment":
                self._segment(fields, payload)
            # A cancel may cross the end of its job.
            elif fields["kind"] != "cancel":
                raise ProtocolError(f"unknown message {fields['kind']!r}")
        except JobCancelled:
            self._channel.send({"kind": "ended", **self._state()})
        except Exception as error:
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}"[:_TEXT_LENGTH]
            self._channel.send({"kind": "failed", "text": text})

    def _state(self) -> Fields:
        return {"device": self._device, "held_bytes": int(self._worker.held_bytes())}

    def _load(self, device: str) -> None:
        weight_bytes = int(self._worker.load(device))
        self._device = device
        self._channel.send({"kind": "ready", "weight_bytes": weight_bytes, **self._state()})

    def _open_job(self, fields: Fields) -> Job:
        width, height = int(fields["width"]), int(fields["height"])
        objects: dict[int, dict[int, npt.NDArray[np.bool_]]] = {}
        for number, frames in fields["masks"]:
            masks = objects.setdefault(int(number), {})
            for index in frames:
                _, payload = self._channel.receive()
                masks[int(index)] = np.frombuffer(payload, np.uint8).reshape(height, width) > 0
        return Job(self._channel, fields, objects)

    def _matte(self, job: Job) -> None:
        shape = job.size_wh[::-1]
        for index, alpha in self._worker.matte(job):
            job.check_cancelled()
            array = np.ascontiguousarray(alpha, "<f4")
            if array.shape != shape:
                raise ValueError(f"alpha of shape {array.shape} instead of {shape}")
            answer = {"kind": "alpha", "index": int(index), **self._state()}
            self._channel.send(answer, array.data)
        self._channel.send({"kind": "ended", **self._state()})

    def _track(self, job: Job) -> None:
        for index, masks in self._worker.track(job):
            job.check_cancelled()
            stack = _stacked([masks[number] for number in job.objects], job.size_wh)
            answer = {"kind": "masks", "index": int(index), **self._state()}
            self._channel.send(answer, stack.data)
        self._channel.send({"kind": "ended", **self._state()})

    def _segment(self, fields: Fields, payload: bytearray) -> None:
        size_wh = int(fields["width"]), int(fields["height"])
        picture = np.frombuffer(payload, np.uint8).reshape(size_wh[1], size_wh[0], 3)
        found = self._worker.segment(picture, fields["points"], fields["box"])
        stack = _stacked([mask for mask, _ in found], size_wh)
        scores = [float(score) for _, score in found]
        self._channel.send({"kind": "instances", "scores": scores, **self._state()}, stack.data)


def _stacked(masks: Sequence[npt.NDArray[np.bool_]], size_wh: tuple[int, int]) -> Any:
    """Return masks as uint8 (N, H, W)."""
    stack = np.zeros((len(masks), size_wh[1], size_wh[0]), np.uint8)
    for place, mask in enumerate(masks):
        if mask.shape != stack.shape[1:]:
            raise ValueError(f"mask of shape {mask.shape} instead of {stack.shape[1:]}")
        stack[place] = mask
    return stack


def end_with_parent() -> None:
    """End this process soon after its parent, also where it computes and reads no pipe."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL_S)
        os._exit(0)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main(arguments: Sequence[str]) -> None:
    """Serve the script that the first argument names; the others are its own."""
    channel = Channel.from_standard_streams()
    end_with_parent()
    # This folder's modules are ours: none of them may stand in for one of the script's.
    ours = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != ours]
    spec = importlib.util.spec_from_file_location("splazmatte_script", arguments[0])
    if spec is None or spec.loader is None:
        raise SystemExit(f"{arguments[0]} is no Python file")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    Server(channel, script.open_worker(list(arguments[1:]))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
