"""A foreground network's answers for one job: asked on every k-th frame, cached, dropped on failure."""

from __future__ import annotations

import hashlib
import logging
import math
import shutil
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from engines.base import ForegroundEstimator, RunContext
from engines.builtin.optional_network import OptionalNetwork, finite
from engines.builtin.vision.arrays import resize_map
from utils.partial_names import own_partial_path
from utils.types import FloatMap, Frame

INTERVAL = 3
"""Frames from one question to the next: asking takes most of a job's time, and flow carries the answer between."""
BY_SPEED = 0
"""Interval that stands for one chosen by how long the network's first answers take."""
_SECONDS_A_FRAME = 0.25
"""Time for the network that a frame may take, in seconds, where the interval is chosen by speed."""
_LARGEST_INTERVAL = 12
"""Largest interval that is chosen by speed."""
_KEPT_AS = 2
"""Number in the name of the folder of kept answers; raised when networks are shown other pictures of the same frames."""
_KEPT_FOLDERS = "foreground-"
"""How the names of such folders begin, also those of earlier versions."""
_KEPT_INTERVAL = "interval.txt"
"""File beside the kept answers with the interval that was chosen by speed: a rerun asks about the same frames."""
_LARGEST_SPARED = 3
"""Largest interval of which every second question may be left out: over more frames, answers are carried too far."""
_UNMEASURED = 1
"""Answers that are not timed: the first one waits for the network to load."""
_LONG_SIDE = 1024
"""Longest side of a kept answer, in pixels: what the networks themselves work at."""

log = logging.getLogger(__name__)


class ForegroundMaps:
    """Foreground probabilities of a clip's frames; may be asked from several threads.

    Answers are kept as 8-bit pictures under the hash of their frame, in `RunContext.kept_dir` where
    there is one, else in memory (about 20 kB each): passes in both directions, corrections and
    reruns ask once.
    """

    def __init__(
        self,
        source: ForegroundEstimator | None,
        context: RunContext,
        interval: int = INTERVAL,
    ) -> None:
        """Prepare for one job.

        Args:
            source: whom to ask; None for nobody.
            context: its notices tell a failure, its `kept_dir` keeps the answers.
            interval: of the frames that are asked about; `BY_SPEED` to choose it by the network's speed.
        """
        self._network = OptionalNetwork(source, context)
        self._context = context
        self._interval = interval
        self._takes_long = source is not None and not source.answers_quickly
        self._answers = 0
        self._lock = threading.Lock()
        self._memory: dict[str, npt.NDArray[np.uint8]] = {}
        self._folder: Path | None = None
        if self._network.is_active and context.kept_dir is not None:
            self._folder = context.kept_dir / f"{_KEPT_FOLDERS}{_KEPT_AS}-{self._network.name}"
            if interval == BY_SPEED:
                self._interval = _read_interval(self._folder / _KEPT_INTERVAL)

    @property
    def is_active(self) -> bool:
        """True while there is a network that has not failed."""
        return self._network.is_active

    @property
    def interval(self) -> int:
        """Frames from one question about a whole frame to the next, at least 1."""
        return max(self._interval, 1)

    def at(self, index: int, frame: Frame, is_needed: bool = False) -> FloatMap | None:
        """Return the answer for a frame, float32 (h, w) in [0, 1], at most 1024 pixels long.

        None on frames between the asked ones, and after a failure.

        Args:
            index: of the frame in its clip.
            frame: uint8 RGB (H, W, 3).
            is_needed: it begins another scene or is confirmed: it is asked about whatever the interval says.
        """
        number = index + self._context.first
        if not is_needed and number % self.interval != 0:
            return None
        return self._answer(frame, _size_wh(frame))

    @property
    def longest_gap(self) -> int:
        """Frames from one whole frame that is asked about in any case to the next."""
        return 2 * self.interval if self._leaves_out else self.interval

    @property
    def _leaves_out(self) -> bool:
        """Whether some of the questions may be left out: not where all frames are asked about, nor where few are."""
        return 1 < self.interval <= _LARGEST_SPARED

    def may_be_left_out(self, index: int) -> bool:
        """Tell whether a whole frame need not be asked about if others say enough.

        It is every second one of those that are asked about.
        """
        number, interval = index + self._context.first, self.interval
        return self._leaves_out and number % (2 * interval) == interval

    def may_wait(self, index: int) -> bool:
        """Tell whether a question about a whole frame may wait until the next answer says whether it is needed.

        None to a network that answers quickly, where little time would be saved.
        """
        return self._takes_long and self.may_be_left_out(index)

    def crop_may_be_left_out(self, index: int) -> bool:
        """Tell whether a crop need not be asked about where the last one brought nothing new: every second one."""
        number, interval = index + self._context.first, self.interval
        turn = 2 * interval + _crop_turn(interval)
        return self._takes_long and self._leaves_out and number % (4 * interval) == turn

    def asks_crop_at(self, index: int, is_needed: bool = False) -> bool:
        """Tell whether a frame's crop is asked about: on every second interval, in the middle of it.

        An answer on a crop costs as much as one on a frame, and so one of either is never long ago.
        Frames where it `is_needed` have both, and so has every frame where each is asked about.
        """
        number, interval = index + self._context.first, self.interval
        is_turn = interval == 1 or number % (2 * interval) == _crop_turn(interval)
        return self.is_active and (is_turn or is_needed)

    def crop(
        self, frame: Frame, box: tuple[int, int, int, int], size_wh: tuple[int, int]
    ) -> FloatMap | None:
        """Return the answer for a part of a frame as a picture of its own, float32 (y1 - y0, x1 - x0) in [0, 1].

        None after a failure.

        Args:
            frame: uint8 RGB (H, W, 3).
            box: x0, y0, x1, y1 of the part, in whole pixels of the frame reduced to `size_wh`, half-open.
        """
        x0, y0, x1, y1 = box
        across, down = frame.shape[1] / size_wh[0], frame.shape[0] / size_wh[1]
        part = frame[round(y0 * down) : round(y1 * down), round(x0 * across) : round(x1 * across)]
        answer = self._answer(np.ascontiguousarray(part), _size_wh(frame))
        return None if answer is None else resize_map(answer, (x1 - x0, y1 - y0))

    def _answer(self, image: Frame, picture_wh: tuple[int, int]) -> FloatMap | None:
        """Return the answer for a frame of `picture_wh` pixels, or for a crop of one, uint8 RGB (h, w, 3)."""
        with self._lock:
            return self._network.ask(lambda source: _decoded(self._kept(source, image, picture_wh)))

    def _kept(
        self, source: ForegroundEstimator, image: Frame, picture_wh: tuple[int, int]
    ) -> npt.NDArray[np.uint8]:
        digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16)
        width, height = picture_wh
        key = f"{width}x{height}-{image.shape[1]}x{image.shape[0]}-{digest.hexdigest()}"
        path = self._folder / f"{key}.png" if self._folder is not None else None
        if key in self._memory:
            return self._memory[key]
        if path is not None and path.is_file():
            kept = np.fromfile(path, dtype=np.uint8)
            if cv2.imdecode(kept, cv2.IMREAD_GRAYSCALE) is not None:
                return kept
        began = time.perf_counter()
        packed = _encoded(finite(source.estimate(image, picture_wh)))
        self._choose_interval(time.perf_counter() - began)
        if path is None:
            self._memory[key] = packed
        else:
            _write(path, packed.data)
        return packed

    def _choose_interval(self, seconds: float) -> None:
        """Choose the interval by the time that an answer took, once, where it is to be chosen."""
        self._answers += 1
        if self._interval == BY_SPEED and self._answers > _UNMEASURED:
            wanted = math.ceil(seconds / _SECONDS_A_FRAME)
            self._interval = min(max(wanted, 1), _LARGEST_INTERVAL)
            if self._folder is not None:
                _write(self._folder / _KEPT_INTERVAL, str(self._interval).encode())


def _crop_turn(interval: int) -> int:
    """Return how many frames after a whole frame that is asked about in any case a crop is."""
    return (interval + 1) // 2


def _size_wh(image: Frame) -> tuple[int, int]:
    return image.shape[1], image.shape[0]


def _encoded(answer: FloatMap) -> npt.NDArray[np.uint8]:
    height, width = answer.shape
    scale = min(1.0, _LONG_SIDE / max(height, width))
    levels = np.rint(np.clip(answer, 0.0, 1.0) * 255.0).astype(np.uint8)
    if scale < 1.0:
        size_wh = max(1, round(width * scale)), max(1, round(height * scale))
        levels = cv2.resize(levels, size_wh, interpolation=cv2.INTER_AREA).astype(np.uint8)
    done, packed = cv2.imencode(".png", levels)
    if not done:
        raise ValueError("OpenCV could not encode a PNG")
    return packed


def _decoded(packed: npt.NDArray[np.uint8]) -> FloatMap:
    levels = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    if levels is None:
        raise ValueError("OpenCV could not decode a PNG")
    return np.asarray(levels * np.float32(1.0 / 255.0), dtype=np.float32)


def _read_interval(path: Path) -> int:
    """Return the interval that an earlier job chose by speed; `BY_SPEED` where none did or the file is damaged."""
    try:
        return min(max(int(path.read_text()), 1), _LARGEST_INTERVAL)
    except (OSError, ValueError):
        return BY_SPEED


def _remove_earlier(kept_dir: Path) -> None:
    """Remove the answers that earlier versions kept: nothing reads them any more."""
    for folder in kept_dir.glob(f"{_KEPT_FOLDERS}*"):
        if not folder.name.startswith(f"{_KEPT_FOLDERS}{_KEPT_AS}-"):
            shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, content: bytes | memoryview) -> None:
    """Write through a partial name; without the answer kept, a rerun asks again."""
    partial = own_partial_path(path)
    try:
        if not path.parent.is_dir():
            _remove_earlier(path.parent.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as problem:
        log.warning("could not keep a foreground answer: %s", problem)
        partial.unlink(missing_ok=True)
