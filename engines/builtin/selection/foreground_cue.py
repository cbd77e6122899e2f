"""Foreground cue of one picture: a network's answers on the whole picture and on crops around boxes."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from engines.base import ForegroundEstimator
from engines.builtin.vision.arrays import FloatMap, resize_map
from utils.mask_utils import bounding_box, components, grow_box
from utils.types import Frame, Mask

IntBox = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, half-open."""

_CROP_MARGIN = 0.5
"""Margin of the crop around a box that the network is asked about, as a share of the box."""
_LARGEST_LOGIT = 4.0
_WEIGHT = 2.0
"""Weight of the network's log odds beside the other evidence, where its answer fits the box."""
_RING = 0.15
"""Width of the ring around a box in which foreground shows that an answer doesn't end with it."""
_KEPT_BOXES = 16

log = logging.getLogger(__name__)


class ForegroundCue:
    """Asks a foreground network about one picture; gives no evidence once the network has failed."""

    def __init__(
        self, source: ForegroundEstimator, image: Frame, small_wh: tuple[int, int]
    ) -> None:
        """Prepare for `image`, uint8 RGB (H, W, 3), and maps of `small_wh` pixels; asks nothing yet."""
        self._ask: Callable[[Frame], FloatMap] | None = source.estimate if source.network else None
        self._image = image
        self._small_wh = small_wh
        self._whole: FloatMap | None = None
        self._crops: dict[IntBox, FloatMap] = {}

    def log_odds(self, box: IntBox) -> FloatMap | None:
        """Return the network's log odds around a box of the small picture, float32 (h, w), weighted.

        The mean of its answers on the whole picture and on a crop, each weighted by how well its
        foreground fits the box. None without a network.
        """
        answers = [answer for answer in (self.whole(), self._crop(box)) if answer is not None]
        if not answers:
            return None
        fits = [_fit(answer > 0.5, box) for answer in answers]
        total = np.zeros(answers[0].shape, dtype=np.float32)
        for fit, answer in zip(fits, answers, strict=True):
            total += np.float32(fit * fit) * _logit(answer)
        return np.asarray(total * np.float32(_WEIGHT / max(sum(fits), 1e-6)), dtype=np.float32)

    def component_at(self, places: list[tuple[int, int]]) -> Mask | None:
        """Return the foreground components at the places (x, y) of the small picture, bool (h, w).

        None where there is none, or no network.
        """
        whole = self.whole()
        if whole is None:
            return None
        names, _ = components(whole > 0.5)
        at = {int(names[y, x]) for x, y in places} - {0}
        return np.isin(names, list(at)) if at else None

    def whole(self) -> FloatMap | None:
        """Return the answer on the whole picture, float32 (h, w) in [0, 1]; None without a network."""
        if self._whole is None:
            answer = self._answer(self._image)
            self._whole = None if answer is None else resize_map(answer, self._small_wh)
        return self._whole

    def _crop(self, box: IntBox) -> FloatMap | None:
        width, height = self._small_wh
        x0, y0, x1, y1 = window = grow_box(box, self._small_wh, _CROP_MARGIN, 0)
        if window == (0, 0, width, height):
            return None
        if window not in self._crops:
            down, across = self._image.shape[0] / height, self._image.shape[1] / width
            part = self._image[
                round(y0 * down) : round(y1 * down), round(x0 * across) : round(x1 * across)
            ]
            answer = self._answer(np.ascontiguousarray(part))
            if answer is None:
                return None
            full = np.zeros((height, width), dtype=np.float32)
            full[y0:y1, x0:x1] = resize_map(answer, (x1 - x0, y1 - y0))
            if len(self._crops) >= _KEPT_BOXES:
                self._crops.pop(next(iter(self._crops)))
            self._crops[window] = full
        return self._crops[window]

    def _answer(self, image: Frame) -> FloatMap | None:
        if self._ask is None:
            return None
        try:
            return self._ask(image)
        except Exception as problem:
            # A selection can do without; whatever goes wrong in a network must not end it.
            log.warning("foreground network failed: %r", problem)
            self._ask = None
            return None


def _fit(found: Mask, box: IntBox) -> float:
    """Return how well foreground, bool (h, w), fits a box, in [0, 1].

    The share of the box that its bounding box in there covers, less what goes on around the box.
    """
    x0, y0, x1, y1 = box
    inside = bounding_box(found[y0:y1, x0:x1])
    if inside is None:
        return 0.0
    covered = (inside[2] - inside[0]) * (inside[3] - inside[1]) / ((x1 - x0) * (y1 - y0))
    height, width = found.shape
    left, top, right, bottom = grow_box(box, (width, height), _RING, 2)
    ring = np.zeros(found.shape, dtype=bool)
    ring[top:bottom, left:right] = True
    ring[y0:y1, x0:x1] = False
    leak = float(found[ring].mean()) if ring.any() else 0.0
    return float(covered * (1.0 - leak))


def _logit(probability: FloatMap) -> FloatMap:
    clipped = np.clip(probability, 1e-3, 1.0 - 1e-3)
    return np.asarray(
        np.clip(np.log(clipped / (1.0 - clipped)), -_LARGEST_LOGIT, _LARGEST_LOGIT),
        dtype=np.float32,
    )
