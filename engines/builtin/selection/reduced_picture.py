"""A picture at processing size, computed when first needed, and what its user drew in those pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engines.builtin.selection.click import Click
from engines.builtin.vision.features import Appearance
from engines.builtin.vision.processing_size import (
    ProcessingColours,
    ProcessingFrame,
    processing_size,
    to_processing_colours,
    to_processing_size,
)
from utils.mask_utils import grow_box
from utils.types import Box, ExpectedSize, Frame, IntBox, Point


class ReducedPicture:
    """One picture at processing size; `size_wh` and `small_wh` are its sizes in pixels, full and reduced."""

    def __init__(self, image: Frame) -> None:
        """Keep `image`, uint8 RGB (H, W, 3); nothing is computed yet."""
        self.image = image
        self.size_wh = (image.shape[1], image.shape[0])
        self.small_wh = processing_size(self.size_wh)
        self._scale = self.small_wh[0] / self.size_wh[0], self.small_wh[1] / self.size_wh[1]
        self._colours: ProcessingColours | None = None
        self._features: Appearance | None = None

    def colours(self) -> ProcessingColours:
        """Return the reduced picture without features."""
        if self._colours is None:
            self._colours = to_processing_colours(self.image, self.small_wh)
        return self._colours

    def frame(self) -> ProcessingFrame:
        """Return the reduced picture with its features."""
        colours = self.colours()
        if self._features is None:
            self._features = Appearance(colours.lab)
        return ProcessingFrame(colours.rgb, colours.lab, colours.luma, self._features)

    def crop(self, window: IntBox, crop_wh: tuple[int, int]) -> ProcessingFrame:
        """Return a window (x0, y0, x1, y1) of the reduced picture, taken from the full one, at `crop_wh` pixels."""
        full: IntBox = tuple(  # type: ignore[assignment]
            round(value / self._scale[axis % 2]) for axis, value in enumerate(window)
        )
        x0, y0, x1, y1 = grow_box(full, self.size_wh, 0.0, 0)
        return to_processing_size(self.image[y0:y1, x0:x1], crop_wh)

    def box(self, box: Box) -> IntBox:
        """Return a box of the full picture, at least 2 reduced pixels a side and within the picture."""
        (across, down), (width, height) = self._scale, self.small_wh
        x0 = min(int(round(box.x0) * across), width - 2)
        y0 = min(int(round(box.y0) * down), height - 2)
        return (
            x0,
            y0,
            max(x0 + 2, round(round(box.x1) * across)),
            max(y0 + 2, round(round(box.y1) * down)),
        )

    def size(self, size: ExpectedSize | None) -> ExpectedSize | None:
        """Return an expected size of the full picture in reduced pixels."""
        if size is None:
            return None
        across, down = self._scale
        width, height = size.width * across, size.height * down
        return replace(size, width=width, height=height, area=size.area * across * down)

    def click(self, point: Point) -> Click:
        """Return a click of the full picture in reduced pixels."""
        across, down = self._scale
        width, height = self.small_wh
        x, y = min(int(point.x * across), width - 1), min(int(point.y * down), height - 1)
        return Click(x, y, point.positive)

    def clicked(self, points: Sequence[Point]) -> list[tuple[int, int]]:
        """Return the places (x, y) of the positive clicks among those of the full picture."""
        clicks = [self.click(point) for point in points if point.positive]
        return [(click.x, click.y) for click in clicks]
