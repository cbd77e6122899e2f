"""A foreground network's answers on one picture and on windows of it, each asked for once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.base import ForegroundEstimator
from engines.builtin.optional_network import OptionalNetwork
from engines.builtin.selection.clicked_objects import apart_from_clicks, separated
from engines.builtin.vision.arrays import resize_map
from utils.mask_utils import components, grow_box
from utils.types import FloatMap, Frame, IntBox, Mask

_CROP_MARGIN = 0.5
"""Margin of the crop around a box that a network is asked about, as a share of the box."""
_KEPT_BOXES = 16


class PictureNetwork:
    """Asks one network about the picture; gives no answer once the network has failed."""

    def __init__(
        self, source: ForegroundEstimator, image: Frame, small_wh: tuple[int, int]
    ) -> None:
        self._network = OptionalNetwork(source)
        self._image = image
        self._small_wh = small_wh
        self._whole: FloatMap | None = None
        self._crops: dict[IntBox, FloatMap] = {}
        self._apart: tuple[list[tuple[int, int]], FloatMap] | None = None

    def answers(self, box: IntBox) -> list[FloatMap]:
        """Return the answers on the whole picture and on a crop around the box, float32 (h, w) in [0, 1]."""
        return [answer for answer in (self.whole(), self._crop(box)) if answer is not None]

    def whole(self) -> FloatMap | None:
        """Return the answer on the whole picture, float32 (h, w) in [0, 1]; None after a failure."""
        if self._whole is None:
            answer = self._answer(self._image)
            self._whole = None if answer is None else resize_map(answer, self._small_wh)
        return self._whole

    def apart(self, places: Sequence[tuple[int, int]]) -> FloatMap | None:
        """Return `apart_from_clicks` of the answer on the whole picture; None after a failure.

        The newest is kept, which serves every box around the same clicks.
        """
        whole = self.whole()
        if whole is None:
            return None
        if self._apart is None or self._apart[0] != list(places):
            self._apart = list(places), apart_from_clicks(whole, places)
        return self._apart[1]

    def component_at(self, places: Sequence[tuple[int, int]]) -> Mask | None:
        """Return the foreground components at the places (x, y), bool (h, w); None without one, or after a failure."""
        whole = self.whole()
        if whole is None:
            return None
        names, _ = components(whole > 0.5)
        at = {int(names[y, x]) for x, y in places} - {0}
        return np.isin(names, list(at)) if at else None

    def object_at(self, places: Sequence[tuple[int, int]], boxes: Sequence[IntBox]) -> Mask | None:
        """Return the component at the places, or the object that a crop around one of the boxes shows apart from it.

        See `separated`. None without a component.
        """
        component = self.component_at(places)
        if component is None:
            return None
        for box in reversed(boxes):
            crop = self._crop(box)
            if crop is None:
                continue
            window = grow_box(box, self._small_wh, _CROP_MARGIN, 0)
            found = separated(component, crop, window, places)
            if found is not None:
                return found
        return component

    def _crop(self, box: IntBox) -> FloatMap | None:
        window = grow_box(box, self._small_wh, _CROP_MARGIN, 0)
        return None if window == (0, 0, *self._small_wh) else self.part(window)

    def part(self, window: IntBox) -> FloatMap | None:
        """Return the answer on a window of the picture alone, float32 (h, w) in [0, 1], 0 outside; None after a failure."""
        width, height = self._small_wh
        x0, y0, x1, y1 = window
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
        picture_wh = self._image.shape[1], self._image.shape[0]
        return self._network.ask(lambda source: source.estimate(image, picture_wh))
