"""OpenEXR pictures: linear light in, sRGB levels out; of many channels the colour that a viewer shows first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.clip import shown_name
from pipeline.video_io.exr_header import (
    BT709_CHROMATICITIES,
    stated_alpha_mode,
    stated_timecode,
    stated_transfer,
)
from pipeline.video_io.sequence.light import (
    BT709_TRANSFER,
    Levels,
    divided,
    levels_of,
    levels_of_halves,
)
from pipeline.video_io.sequence.picture import BT709, SRGB, Layout, Picture, deep_frame
from utils.errors import BadUpload

_OVERSCAN = 2
"""Times the largest side allowed that a data window may have: renderers draw beyond the display window."""
_WHITE_ROUNDED = 1 + 2**-10
"""Half floats of white times alpha, and of alpha, differ from their ratio by less."""
_LARGEST_WINDOW_PX = 16_384


def read_exr(path: Path, longest_px: int, alpha_mode: AlphaMode = "auto") -> Picture:
    """Read a picture; what the display window shows of it.

    Args:
        longest_px: longest side of a picture accepted.
        alpha_mode: what the colours are taken for; "auto" goes by the header, and where that says nothing by the
            format's specification: premultiplied.

    Raises:
        BadUpload: it has no colour channels that we read.
        RuntimeError: OpenEXR can't read it.
    """
    import OpenEXR

    with (
        _largest_window(_OVERSCAN * longest_px),
        OpenEXR.File(str(path), separate_channels=True, num_threads=0) as file,
    ):
        part, names = _colour_channels(path, file.parts)
        header = dict(part.header)  # emptied when the file is closed
        planes = [part.channels[name].pixels for name in names]
    if any(plane.dtype == np.uint32 or plane.shape != planes[0].shape for plane in planes):
        raise _no_colour(path, names)
    colours, alpha, opacity = planes[:3], None, None
    if len(planes) == 4:
        whole = np.clip(np.nan_to_num(planes[3].astype(np.float32), nan=0.0), 0.0, 1.0)
        alpha = _in_display_window(np.rint(whole * 65535).astype(np.uint16), header)
        mode = stated_alpha_mode(header) if alpha_mode == "auto" else alpha_mode
        opacity = whole if mode == "premultiplied" else None
    transfer = stated_transfer(header)
    levels, over = zip(*(_shown(plane, opacity, transfer) for plane in colours), strict=True)
    rgb = np.stack([_in_display_window(plane, header) for plane in levels], axis=-1)
    return Picture(
        deep_frame(rgb, alpha),
        Layout(16, alpha is not None),
        rate=Fraction(header.get("framesPerSecond", 0)),
        timecode=stated_timecode(header),
        aspect=Fraction(float(header.get("pixelAspectRatio", 1.0))).limit_denominator(1000),
        transfer=BT709 if transfer == BT709_TRANSFER else SRGB,
        was_premultiplied=opacity is not None,
        is_over=any(over),
        has_other_primaries=_has_other_primaries(header.get("chromaticities")),
    )


@contextmanager
def _largest_window(longest_px: int) -> Iterator[None]:
    """Refuse larger data windows; OpenEXR's limit holds for the whole process, and for writing too."""
    import OpenEXR

    before = OpenEXR.getMaxImageSize()
    OpenEXR.setMaxImageSize(longest_px, longest_px)
    try:
        yield
    finally:
        OpenEXR.setMaxImageSize(*before)


def _shown(
    plane: npt.NDArray[Any], opacity: npt.NDArray[np.float32] | None, transfer: str
) -> tuple[Levels, bool]:
    """Return a colour's levels, and whether light above 1 was clipped.

    Args:
        opacity: the alpha that the colour is multiplied by, float32 in [0, 1]; None for straight colour.
        transfer: the levels' function; see `levels_of`.
    """
    is_half = plane.dtype == np.float16
    halves = levels_of_halves(transfer)[plane.view(np.uint16)] if is_half else None
    levels = levels_of(transfer, plane) if halves is None else halves
    with np.errstate(invalid="ignore", over="ignore"):
        is_over = plane > 1
        if opacity is not None:
            soft = (opacity > 0) & (opacity < 1)
            straight = divided(plane[soft], opacity[soft], 1.0)
            levels[soft], is_over[soft] = levels_of(transfer, straight), straight > _WHITE_ROUNDED
    return levels, bool(is_over.any())


def _colour_channels(path: Path, parts: list[Any]) -> tuple[Any, list[str]]:
    """Return a part and its channels R, G, B (and A): those without a layer's name, else the only layer's."""
    of_layers = []
    for part in parts:
        known = set(part.channels)
        if found := _colours_of(known, ""):
            return part, found
        layers = {name.rpartition(".")[0] for name in known} - {""}
        of_layers += [
            (part, found) for layer in layers if (found := _colours_of(known, f"{layer}."))
        ]
    if len(of_layers) == 1:
        return of_layers[0]
    raise _no_colour(path, [name for part in parts for name in part.channels])


def _colours_of(known: set[str], layer: str) -> list[str]:
    colours = [f"{layer}{letter}" for letter in "RGB"]
    is_grey = f"{layer}Y" in known and not {f"{layer}RY", f"{layer}BY"} & known
    if not known.issuperset(colours):
        colours = [f"{layer}Y"] * 3 if is_grey else []
    return [*colours, f"{layer}A"] if colours and f"{layer}A" in known else colours


def _no_colour(path: Path, channels: list[str]) -> BadUpload:
    shown = shown_name(", ".join(channels))
    return BadUpload("sequence.exr_channels", name=shown_name(path.name), channels=shown)


def _in_display_window(plane: Levels, header: dict[str, Any]) -> Levels:
    """Return what the display window shows of a plane, which covers the data window; 0 where that ends."""
    (left, top), (right, bottom) = (corner.tolist() for corner in header["displayWindow"])
    x, y = (header["dataWindow"][0] - header["displayWindow"][0]).tolist()
    width, height = right - left + 1, bottom - top + 1
    if (x, y) == (0, 0) and plane.shape == (height, width):
        return plane
    if not (0 < width <= _LARGEST_WINDOW_PX and 0 < height <= _LARGEST_WINDOW_PX):
        raise ValueError(f"display window of {width}x{height}")
    shown = np.zeros((height, width), np.uint16)
    seen = plane[max(-y, 0) : max(height - y, 0), max(-x, 0) : max(width - x, 0)]
    rows = slice(max(y, 0), max(y, 0) + seen.shape[0])
    shown[rows, max(x, 0) : max(x, 0) + seen.shape[1]] = seen
    return shown


def _has_other_primaries(chromaticities: Any) -> bool:
    if chromaticities is None:
        return False
    stated = np.ravel(chromaticities).astype(float)
    return not np.allclose(stated, BT709_CHROMATICITIES, atol=2e-3)
