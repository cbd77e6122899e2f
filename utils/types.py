"""Array aliases and small value types shared by all packages; no behaviour beyond validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Frame: TypeAlias = npt.NDArray[np.uint8]
"""uint8 RGB image, shape (H, W, 3), full range 0..255."""

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Binary mask, bool, shape (H, W)."""

Alpha: TypeAlias = npt.NDArray[np.float32]
"""Alpha matte, float32 in [0, 1], shape (H, W)."""

FloatMap: TypeAlias = npt.NDArray[np.float32]
"""A value a pixel, float32, shape (H, W)."""

FloatImage: TypeAlias = npt.NDArray[np.float32]
"""Several values a pixel, float32, shape (H, W, C)."""

IntBox: TypeAlias = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, half-open."""


@dataclass(frozen=True, slots=True)
class Point:
    """A click in pixels of the displayed frame; `positive` means "this belongs to the target"."""

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Box:
    """A box in pixels of the displayed frame, half-open: x0 <= x < x1, y0 <= y < y1."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Stroke:
    """A brush stroke or a filled polygon, in pixels of the displayed frame; the mask obeys it exactly.

    A pixel belongs to a brush stroke when its centre is at most `radius_px` away from the line through
    its `vertices` (x, y), and to a filled polygon when its centre is inside it. Pixel (column,
    row) has its centre at (column + 0.5, row + 0.5).
    """

    vertices: tuple[tuple[float, float], ...]
    radius_px: float
    is_positive: bool = True
    is_filled: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedSize:
    """How large a target is expected to be on a frame, in pixels: sides of its bounding box, and its area.

    `deviation` is the standard deviation of the area's natural logarithm. Where it `is_largest`, smaller areas are as likely.
    """

    width: float
    height: float
    area: float
    deviation: float
    is_largest: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A frame of the clip where the target is confirmed, by its number, and the mask, bool (H, W), there.

    `read` decodes its picture, uint8 RGB (H, W, 3): call it only where what the picture shows is not known yet.
    """

    frame: int
    mask: Mask
    read: Callable[[], Frame]


@dataclass(frozen=True, slots=True)
class Prompt:
    """How the user marks the target on one frame.

    `exemplars` asks for "everything like these boxes" instead of the one object in `box`;
    `negative_exemplars` are things that are not wanted, beside a text or exemplars.
    `mask` is a ready mask, bool (H, W), of the frame's own size. `strokes` are painted over what the rest
    selects, in their order; no engine sees them. `examples` are frames where the target is confirmed, and
    `expected` is its size as other frames show it, for a selection from clicks alone.
    """

    text: str = ""
    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Mask | None = None
    exemplars: tuple[Box, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    negative_exemplars: tuple[Box, ...] = ()
    expected: ExpectedSize | None = None
    examples: tuple[Example, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing is given at all."""
        return not (
            self.text.strip()
            or self.points
            or self.box is not None
            or self.mask is not None
            or self.exemplars
            or self.strokes
        )

    @property
    def is_clicks_only(self) -> bool:
        """True where clicks alone say what is meant: no text, box, exemplars or mask."""
        others = self.text.strip() or self.exemplars or self.box is not None
        return bool(self.points) and not others and self.mask is None

    @property
    def needs_engine(self) -> bool:
        """True when there is something to find: more than a ready mask and strokes over it."""
        return bool(self.text.strip() or self.points or self.box is not None or self.exemplars)


PREPARE = "prepare"
"""Stage before a job's first frame: networks are loaded and asked about a few frames. It has no units."""
SHRINK = "shrink"
"""Stage of files over their size limit, which are written again; it comes right before `FINISH`."""
FINISH = "finish"
"""Stage of files that are encoded once every picture is there."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` units of `stage`; units are real work items over all passes."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Message:
    """A text for the user, by catalogue code and values; rendered by `utils.messages.render`.

    A value may be a message itself; it is rendered in the same language.
    """

    code: str
    params: dict[str, str | int | float | Message] = field(default_factory=dict)


OnProgress: TypeAlias = Callable[[Progress], None]
OnNotice: TypeAlias = Callable[[Message], None]
