"""A foreground network's answers on one picture and on windows of it, each asked for once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.base import ForegroundEstimator
from engines.builtin.optional_network import OptionalNetwork, finite
from engines.builtin.selection.click_boxes import boxes_around
from engines.builtin.selection.clicked_objects import (
    apart_from_clicks,
    rest_of,
    separated,
)
from engines.builtin.vision.arrays import resize_map
from utils.mask_utils import bounding_box, components, grow_box
from utils.types import FloatMap, Frame, IntBox, Mask

_CROP_MARGIN = 0.5
"""Margin of the crop around a box that a network is asked about, as a share of the box."""
_KEPT_BOXES = 16
"""Answers on crops that are kept."""
_SHORTEST_SIDE = 128
"""Shorter side of a crop, in pixels of the picture, below which it is too coarse to show a clicked object apart from others."""


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
        self._rest: tuple[list[tuple[int, int]], Mask | None] | None = None

    def answers(self, box: IntBox, places: Sequence[tuple[int, int]] = ()) -> list[FloatMap]:
        """Return the answers on the whole picture and on a crop around the box, float32 (h, w) in [0, 1].

        Of clicks at `places` (x, y) without what crops around them show to be another object's; see `separated`.
        """
        answers = [answer for answer in (self.whole(), self._crop(box)) if answer is not None]
        return [self._clicked(answer, places) for answer in answers] if places else answers

    def whole(self) -> FloatMap | None:
        """Return the answer on the whole picture, float32 (h, w) in [0, 1]; None after a failure."""
        if self._whole is None:
            answer = self._answer(self._image)
            self._whole = None if answer is None else resize_map(answer, self._small_wh)
        return self._whole

    def clicked(self, places: Sequence[tuple[int, int]]) -> FloatMap | None:
        """Return the answer on the whole picture as in `answers` of clicks at `places`; None after a failure."""
        whole = self.whole()
        return None if whole is None else self._clicked(whole, places)

    def _clicked(self, answer: FloatMap, places: Sequence[tuple[int, int]]) -> FloatMap:
        if self._rest is None or self._rest[0] != list(places):
            self._rest = list(places), self._found_rest(places)
        rest = self._rest[1]
        return answer if rest is None else np.where(rest, np.float32(0.0), answer)

    def _found_rest(self, places: Sequence[tuple[int, int]]) -> Mask | None:
        """Return what is joined to the clicked object in the answer on the whole picture and another's, bool (h, w).

        By crops around the boxes that are tried around the clicks and the smallest around each, and by one around the object
        that these show, which they may cut. None where they show nothing apart.
        """
        whole = self.whole()
        component = None if whole is None else component_at(whole, places)
        if component is None:
            return None
        boxes = [boxes_around([place], self._small_wh, None)[0] for place in places]
        boxes += boxes_around(places, self._small_wh, None)[len(boxes) == 1 :]
        windows = [self._window(box) for box in boxes]
        found = separated(component, self._in_all(windows), places)
        if found is None:
            return None
        windows.append(self._window(bounding_box(found) or windows[-1]))
        found = separated(component, self._in_all(windows), places)
        return None if found is None else rest_of(component, found)

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

    def _crop(self, box: IntBox) -> FloatMap | None:
        return self._in(self._window(box))

    def _window(self, box: IntBox) -> IntBox:
        return grow_box(box, self._small_wh, _CROP_MARGIN, 0)

    def _in(self, window: IntBox) -> FloatMap | None:
        """Return `part`; None for a window that is the whole picture too."""
        return None if window == (0, 0, *self._small_wh) else self.part(window)

    def _in_all(self, windows: Sequence[IntBox]) -> list[tuple[FloatMap, IntBox]]:
        scale = self._image.shape[0] / self._small_wh[1]
        fine = [
            (x0, y0, x1, y1)
            for x0, y0, x1, y1 in windows
            if scale * min(x1 - x0, y1 - y0) >= _SHORTEST_SIDE
        ]
        answers = [(self._in(window), window) for window in fine]
        return [(answer, window) for answer, window in answers if answer is not None]

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
        return self._network.ask(lambda source: finite(source.estimate(image, picture_wh)))


def component_at(answer: FloatMap, places: Sequence[tuple[int, int]]) -> Mask | None:
    """Return the foreground components of an answer, float32 (h, w), at the places (x, y), bool (h, w); None without one."""
    names, _ = components(answer > 0.5)
    at = {int(names[y, x]) for x, y in places} - {0}
    return np.isin(names, list(at)) if at else None
