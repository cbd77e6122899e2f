"""A straight line segment of a picture: its contrast with what lies beside it, and how wide the line is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engines.builtin.tracking.thin_lines import Vector
from engines.builtin.vision.extra_trees import FloatRows
from utils.types import FloatImage, Frame

_STRIP = 8
"""Samples to either side of a segment that are looked at."""
_ASIDE = 3
"""Samples from a segment to what its contrast is with."""
_OUTER = 5
"""Samples at either end of the strip that its line does not reach."""


@dataclass(frozen=True, slots=True)
class LineSegment:
    """The segment from `near` to `far`, in pixels at full size.

    `unit` is everywhere the distance from one sample to the next, in pixels.
    """

    near: Vector
    far: Vector

    @property
    def length(self) -> float:
        """Return its length in pixels."""
        return float(np.linalg.norm(self.far - self.near))

    @property
    def direction(self) -> Vector:
        """Return its direction, of length 1."""
        return np.asarray((self.far - self.near) / max(self.length, 1e-6))

    def aside(self, others: Sequence[LineSegment]) -> Vector:
        """Return how far both ends of others lie aside of this straight line, the farther one of each, float64 (N,)."""
        direction = self.direction
        ends = np.array([(other.near, other.far) for other in others]).reshape(-1, 2, 2)
        x, y = np.moveaxis(ends - self.near, -1, 0)
        return np.asarray(np.abs(y * direction[0] - x * direction[1]).max(axis=1))

    def contrasts(self, image: Frame, unit: float, section: float) -> FloatRows:
        """Return the contrast of each section of the segment with both its sides, float32 (n,), in units of Lab.

        The root of the product of the differences to one side and the other, where they agree: an edge has none.

        Args:
            image: uint8 RGB (H, W, 3).
            section: length of a section in pixels.
        """
        strip = self._strip(image, unit)
        middle = strip[_STRIP]
        one, other = middle - strip[_STRIP - _ASIDE], middle - strip[_STRIP + _ASIDE]
        parts = np.array_split(np.arange(middle.shape[0]), max(1, round(self.length / section)))
        products = [
            (one[part].mean(axis=0) * other[part].mean(axis=0)).sum() for part in parts if part.size
        ]
        return np.sqrt(np.maximum(np.array(products, dtype=np.float32), np.float32(0.0)))

    def widths(self, image: Frame, unit: float, section: float) -> FloatRows:
        """Return how wide the line is at each pixel of the segment, float32 (n,): the area of its profile by its height.

        Args:
            image: uint8 RGB (H, W, 3).
            section: length in pixels that profiles are averaged over.
        """
        strip = self._strip(image, unit)
        sides = 0.5 * (strip[:_OUTER].mean(axis=0) + strip[-_OUTER:].mean(axis=0))
        window = max(3, round(section / unit))
        difference = cv2.blur(strip - sides, (window, 1), borderType=cv2.BORDER_REPLICATE)
        middle = difference[_STRIP]
        height = np.maximum(np.square(middle).sum(axis=-1), np.float32(1e-3))
        profile = np.maximum((difference * middle).sum(axis=-1) / height, 0.0)
        area = profile[_OUTER - 1 : 1 - _OUTER].sum(axis=0)
        widths = unit * np.clip(area, 1.0, float(_OUTER))
        at = (np.arange(max(1, int(self.length))) / unit).astype(int)
        return np.asarray(widths[np.minimum(at, widths.size - 1)], dtype=np.float32)

    def _strip(self, image: Frame, unit: float) -> FloatImage:
        """Return the colours along the segment and beside it, Lab float32 (2 * _STRIP + 1, n, 3)."""
        along = np.arange(0.0, max(self.length, unit), unit)
        across = unit * np.arange(-_STRIP, _STRIP + 1)[:, None]
        direction = self.direction
        x = self.near[0] + along * direction[0] - across * direction[1]
        y = self.near[1] + along * direction[1] + across * direction[0]
        rgb = cv2.remap(
            image,
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        scaled = rgb.astype(np.float32) * np.float32(1.0 / 255.0)
        return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB))
