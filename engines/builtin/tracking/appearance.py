"""Appearance models of a pass: a forest of the confirmed frames, and one updated along the clip."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.tracking.background_motion import MOTION_COUNT, ObjectMotion, sampled
from engines.builtin.tracking.shape import ObjectFrame
from engines.builtin.vision.extra_trees import FloatRows, Forest, ForestShape, Samples
from engines.builtin.vision.features import FEATURE_COUNT, Appearance
from utils.mask_utils import dilate
from utils.types import FloatMap, Mask

LATTICE = 2
"""Pixels from one place that the forests are asked about to the next, across and down."""
_POSITION_LIMIT = 4.0
"""Largest distance from the object's centre that a forest is told, in standard deviations."""
_POSITION_JITTER = 0.15
"""Standard deviation of what is added to an example's place, in the same unit: forests must not learn places by heart."""
_KEY_COUNTS = 3000, 4500
"""Examples that a confirmed frame gives at most, of the object and of the background."""
_RUNNING_COUNTS = 500, 750
"""The same of a tracked frame."""
_NEAR_SHARE = 2.0 / 3.0
"""Share of a confirmed frame's background examples that lie near the object."""
_MEMORY_FRAMES = 16
"""Tracked frames whose examples are kept."""
_MEMORY_DECAY = 0.9
"""Weight of a tracked frame's examples beside the next one's."""
_REFIT_EVERY = 4
"""Tracked frames from which on the running forest is out of date."""
_APPEARANCE_TREES = ForestShape(trees=12, depth=9)
CONFIDENT_LOG_ODDS = 2.5
"""Log odds, for or against the object, from which on a tracked pixel is an example."""
_LEAST_TRUST = 0.01
"""Trust in another pass below which its samples are left out."""


class AppearanceModel:
    """Classifies pixels as object or background by their appearance in this clip so far."""

    def __init__(self, seed: int = 0) -> None:
        self._random = np.random.default_rng(seed)
        self._key_samples: list[Samples] = []
        self._adopted: list[Samples] = []
        self._awaiting_motion: np.ndarray | None = None
        self._recent: deque[Samples] = deque(maxlen=_MEMORY_FRAMES)
        self._key: Forest | None = None
        self._running: Forest | None = None
        self._appearance_forest: Forest | None = None
        self._age = 0

    def confirm(
        self,
        features: Appearance,
        mask: Mask,
        frame: ObjectFrame,
        weight: FloatMap | None = None,
    ) -> None:
        """Add a confirmed frame's samples; their motion features follow by `add_motion` a frame later.

        Args:
            features: of the frame.
            mask: the user's, bool (h, w).
            frame: the object's.
            weight: of each pixel as an example, float32 (h, w) in (0, 1]; all count alike without one.
        """
        radius = max(4, round(0.5 * (frame.deviation_x + frame.deviation_y)))
        near = dilate(mask, radius) & ~mask
        count_in, count_out = _KEY_COUNTS
        near_places = sampled(self._random, near, round(count_out * _NEAR_SHARE))
        places = [
            sampled(self._random, mask, count_in),
            near_places,
            sampled(self._random, ~mask & ~near, count_out - near_places.size),
        ]
        samples = self._gather(features, mask, frame, places)
        self._awaiting_motion = np.concatenate(places)
        if weight is not None:
            samples = replace(samples, weights=weight.ravel()[self._awaiting_motion])
        self._key_samples.append(samples)
        self._adopted = []
        self._grow_key()
        # The samples learned up to here led to an estimate that the user rejected.
        self._recent.clear()
        self._age = 0

    def key_samples(self) -> list[Samples]:
        """Return the samples of this pass's own confirmed frames."""
        return [*self._key_samples]

    def adopt(self, samples: list[Samples], trust: float) -> None:
        """Use another pass's confirmed samples too, until this pass confirms a frame itself.

        `trust`, in [0, 1], scales their weights. Of next to none they would change the forests by chance alone.
        """
        if trust < _LEAST_TRUST:
            return
        self._adopted = [part.scaled(trust) for part in samples]
        self._grow_key()

    def confirmed_samples(self) -> Samples:
        """Return the samples of all confirmed frames."""
        return Samples.joined(self._key_samples + self._adopted)

    def _grow_key(self) -> None:
        known = self.confirmed_samples()
        plain = Samples(known.features[:, :-MOTION_COUNT], known.labels, known.weights)
        self._key = Forest(plain, ForestShape(), seed=1)
        self._running = None
        self._appearance_forest = None

    def add_motion(self, motion: ObjectMotion) -> None:
        """Complete the last confirmed frame with its motion against the frame after it."""
        if self._awaiting_motion is not None:
            rows = self._key_samples[-1].features
            rows[:, -MOTION_COUNT:] = motion.features(self._awaiting_motion, sign=-1.0)
            self._awaiting_motion = None

    @property
    def awaits_motion(self) -> bool:
        """True between a confirmed frame and `add_motion`."""
        return self._awaiting_motion is not None

    def learn(
        self,
        features: Appearance,
        motion: ObjectMotion,
        log_odds: FloatMap,
        window: tuple[int, int, int, int],
        frame: ObjectFrame,
    ) -> None:
        """Remember the confident pixels of a tracked frame; `log_odds` (h, w) is of the window."""
        x0, y0, x1, y1 = window
        inside = np.zeros(features.shape, dtype=bool)
        outside = inside.copy()
        inside[y0:y1, x0:x1] = log_odds > CONFIDENT_LOG_ODDS
        outside[y0:y1, x0:x1] = log_odds < -CONFIDENT_LOG_ODDS
        if not inside.any() or not outside.any():
            return
        places = [
            sampled(self._random, inside, _RUNNING_COUNTS[0]),
            sampled(self._random, outside, _RUNNING_COUNTS[1]),
        ]
        samples = self._gather(features, inside, frame, places, window)
        samples.features[:, -MOTION_COUNT:] = motion.features(np.concatenate(places))
        self._recent.append(samples)
        self._age += 1

    def refit(self) -> None:
        """Train the running forest again where it is out of date."""
        if self._running is not None and self._age < _REFIT_EVERY:
            return
        self._age = 0
        newest_first = [
            part.scaled(_MEMORY_DECAY**age) for age, part in enumerate(reversed(self._recent))
        ]
        self._running = Forest(
            Samples.joined([self.confirmed_samples(), *newest_first]), ForestShape(), seed=2
        )

    def rows(
        self,
        features: Appearance,
        motion: ObjectMotion,
        window: tuple[int, int, int, int],
        frame: ObjectFrame,
    ) -> FloatRows:
        """Return one row a pixel of every second line and column of the window (x0, y0, x1, y1).

        float32 (ceil((y1-y0)/2) ceil((x1-x0)/2), F): the forests' log odds vary slowly, and the
        contour comes from other cues.
        """
        x0, y0, x1, y1 = window
        across, down = frame.relative((y1 - y0, x1 - x0), (x0, y0))
        across, down = across[:, ::LATTICE], down[::LATTICE]
        places = _lattice(features.shape, window)
        rows = np.empty((*places.shape, FEATURE_COUNT + 2 + MOTION_COUNT), dtype=np.float32)
        rows[..., FEATURE_COUNT] = np.clip(across, -_POSITION_LIMIT, _POSITION_LIMIT)
        rows[..., FEATURE_COUNT + 1] = np.clip(down, -_POSITION_LIMIT, _POSITION_LIMIT)
        flat = rows.reshape(-1, rows.shape[2])
        flat[:, -MOTION_COUNT:] = motion.features(places.ravel())
        features.read(places.ravel(), flat, window)
        return flat

    def key_log_odds(self, rows: FloatRows) -> FloatRows:
        """Return the key forest's log odds of each row, float32 (N,) in [-3, 3]."""
        if self._key is None:
            raise ValueError("no confirmed frame yet")
        # It was grown without the motion features, which come last, and tests none of them.
        return self._key.log_odds(rows)

    def running_log_odds(self, rows: FloatRows) -> FloatRows:
        """Return the running forest's log odds of each row, float32 (N,) in [-3, 3]."""
        if self._running is None:
            raise ValueError("refit comes first")
        return self._running.log_odds(rows)

    def appearance_log_odds(
        self, features: Appearance, window: tuple[int, int, int, int]
    ) -> FloatMap:
        """Return log odds by the confirmed frames' appearance alone, whatever a pixel's position and motion.

        Args:
            features: of a frame.
            window: x0, y0, x1, y1.

        Returns:
            Log odds, float32 (y1 - y0, x1 - x0), computed at every second pixel.
        """
        if self._appearance_forest is None:
            known = self.confirmed_samples()
            plain = np.ascontiguousarray(known.features[:, :FEATURE_COUNT])
            self._appearance_forest = Forest(
                Samples(plain, known.labels, known.weights), _APPEARANCE_TREES, seed=4
            )
        x0, y0, x1, y1 = window
        places = _lattice(features.shape, window)
        rows = np.empty((places.size, FEATURE_COUNT), dtype=np.float32)
        features.read(places.ravel(), rows, window)
        log_odds = self._appearance_forest.log_odds(rows)
        return cv2.resize(log_odds.reshape(places.shape), (x1 - x0, y1 - y0))  # type: ignore[no-any-return]

    def _gather(
        self,
        features: Appearance,
        labels: Mask,
        frame: ObjectFrame,
        places: list[np.ndarray],
        window: tuple[int, int, int, int] | None = None,
    ) -> Samples:
        """Return samples at flat indices, which lie in the window where one is given, without motion."""
        flat = np.concatenate(places)
        width = labels.shape[1]
        rows = np.empty((flat.size, FEATURE_COUNT + 2 + MOTION_COUNT), dtype=np.float32)
        features.read(flat, rows, window)
        across = (flat % width - frame.x) / frame.deviation_x
        down = (flat // width - frame.y) / frame.deviation_y
        jitter = self._random.normal(0.0, _POSITION_JITTER, (2, flat.size))
        rows[:, -2 - MOTION_COUNT] = np.clip(across + jitter[0], -_POSITION_LIMIT, _POSITION_LIMIT)
        rows[:, -1 - MOTION_COUNT] = np.clip(down + jitter[1], -_POSITION_LIMIT, _POSITION_LIMIT)
        rows[:, -MOTION_COUNT:] = 0.0
        return Samples(rows, labels.ravel()[flat], np.ones(flat.size, dtype=np.float32))


def _lattice(shape: tuple[int, int], window: tuple[int, int, int, int]) -> npt.NDArray[np.int64]:
    """Return the flat indices, in a picture (h, w), of every second pixel of a window's every second line."""
    x0, y0, x1, y1 = window
    rows, columns = np.arange(y0, y1, LATTICE), np.arange(x0, x1, LATTICE)
    return np.asarray(rows[:, None] * shape[1] + columns)
