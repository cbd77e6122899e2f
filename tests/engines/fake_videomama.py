"""Stand-ins for VideoMaMa's networks and clip that count, fail and drift on demand."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engines.base import ArrayFrames, MattedFrame, RunContext
from engines.videomama.job import ClipJob, FreeSpace, LoadedModel
from engines.videomama.masks import ClipMasks
from engines.videomama.networks import NonFiniteError
from engines.videomama.options import JobOptions
from utils.types import Frame, Mask, Message, Progress

OUT_OF_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


class FakeNetworks:
    """Latents are pooled pixels; a prediction is the mask's latents times `gain` plus `drift(call number)`."""

    device = "cpu"
    value_bytes = 2
    scaling = 1.0

    def __init__(self) -> None:
        self.encoded = 0
        self.predicted: list[int] = []
        self.decoded: list[int] = []
        self.fallbacks = 0
        self.storage_dtype: type = np.float32
        self.window_limit = self.decode_limit = 10_000
        self.overflow_until_fallbacks = 0
        self.half = True
        self.gain = 1.0
        self.drift: Callable[[int], float] = lambda call: 0.0
        self.error = OUT_OF_MEMORY

    @property
    def calls(self) -> tuple[int, int, int]:
        return self.encoded, len(self.predicted), len(self.decoded)

    def fall_back(self) -> bool:
        if not self.half:
            return False
        self.half = False
        self.fallbacks += 1
        return True

    def encode(self, image: Any) -> np.ndarray:
        self.encoded += 1
        grey = image.mean(dim=0).numpy()
        height, width = grey.shape
        pooled = grey.reshape(height // 8, 8, width // 8, 8).mean(axis=(1, 3))
        return np.stack([pooled] * 4).astype(np.float32)

    def predict(self, noise: np.ndarray, rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
        if len(rgb) > self.window_limit:
            raise RuntimeError(self.error)
        if self.fallbacks < self.overflow_until_fallbacks:
            raise NonFiniteError("UNet")
        self.predicted.append(len(rgb))
        drift = self.drift(len(self.predicted))
        return (self.gain * mask + 0.01 * noise + drift).astype(np.float32)

    def decode(self, latents: np.ndarray) -> np.ndarray:
        if len(latents) > self.decode_limit:
            raise RuntimeError(self.error)
        self.decoded.append(len(latents))
        alpha = np.clip(latents[:, 0] / 2 + 0.5, 0, 1).astype(np.float32)
        return alpha.repeat(8, axis=1).repeat(8, axis=2)


class WatchedFrames(ArrayFrames):
    """Counts reads and, through weak references, how many of its frames are alive at once."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__(frames)
        self.reads: list[int] = []
        self.most_alive = 0
        self._alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def read(self, start: int, stop: int, step: Any = 1) -> Iterator[Frame]:
        for index, frame in zip(
            range(start, stop, step), super().read(start, stop, step), strict=True
        ):
            self.reads.append(index)
            copy = _Traced(frame.shape, frame.dtype)
            copy[:] = frame
            self._alive.add(copy)
            self.most_alive = max(self.most_alive, len(self._alive))
            yield copy


class _Traced(np.ndarray):
    """An array that can be put into a weak set: hashed by identity."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self is other


class AskedFrames(ArrayFrames):
    """Notes which frames were asked for, so that a network can wait for the next one's decoding."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__(frames)
        self._asked = [threading.Event() for _ in frames]

    def read(self, start: int, stop: int, step: Any = 1) -> Iterator[Frame]:
        for index, frame in zip(
            range(start, stop, step), super().read(start, stop, step), strict=True
        ):
            self._asked[index].set()
            yield frame

    def is_asked(self, index: int) -> bool:
        """Wait until the frame is being decoded; False after half a minute, True beyond the clip."""
        return index >= len(self._asked) or self._asked[index].wait(30)


class CountedMasks(Mapping[int, Mask]):
    """A guide that counts how often each mask is asked for."""

    def __init__(self, masks: Mapping[int, Mask]) -> None:
        self._masks = dict(masks)
        self.asked: list[int] = []

    def __getitem__(self, index: int) -> Mask:
        self.asked.append(index)
        return self._masks[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._masks)

    def __len__(self) -> int:
        return len(self._masks)


class Recorder:
    """A context with its progress and notices; cancels itself at so many units."""

    def __init__(
        self,
        cache_dir: Path | None = None,
        cancel_at: int | None = None,
        cuts: tuple[int, ...] = (),
    ) -> None:
        self._cancel_at = cancel_at
        self.progress: list[Progress] = []
        self.notices: list[Message] = []
        self.context = RunContext(
            on_progress=self._report,
            on_notice=self.notices.append,
            cache_dir=cache_dir,
            cuts=cuts,
        )

    def _report(self, progress: Progress) -> None:
        self.progress.append(progress)
        if self._cancel_at is not None and progress.done >= self._cancel_at:
            self.context.cancel.set()


def options(**values: Any) -> JobOptions:
    larger = {"pixel_budget": 1 << 20, "overlap": 8, "decode_context": 2}
    return JobOptions(**{**larger, **values})


def make_job(
    networks: Any,
    frames: list[Frame] | ArrayFrames,
    masks: Mapping[int, Mask],
    recorder: Recorder | None = None,
    free_bytes: int | None = None,
    **values: Any,
) -> ClipJob:
    source = frames if isinstance(frames, ArrayFrames) else ArrayFrames(frames)
    clip_masks = ClipMasks(masks, len(source), source.size_wh)
    context = (recorder or Recorder()).context
    return ClipJob(
        LoadedModel(networks, "fake"),
        source,
        clip_masks,
        options(**values),
        context,
        FreeSpace(free_bytes),
    )


def alphas_of(matted: Iterator[MattedFrame]) -> np.ndarray:
    """Return all alphas (N, H, W) after checking that each frame came once, in ascending order."""
    items = list(matted)
    assert [item.index for item in items] == list(range(len(items)))
    return np.stack([item.alpha for item in items])
