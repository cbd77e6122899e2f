"""What the header of an OpenEXR frame says besides its pixels; shared by the writer and the reader."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from pipeline.video_io.alpha_mode import AlphaMode

ALPHA_MODE = "splazmatte:alphaMode"
"""OpenEXR has no attribute for colours that are not multiplied by alpha: frames written here have this one."""
TRANSFER = "splazmatte:transfer"
"""Nor for the function that the light was made linear by, which makes the same levels of it again."""
BT709_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
"""x and y of red, green, blue and white."""
_LARGEST_FRAME = 29
"""The largest that OpenEXR takes as a frame's number in a timecode."""


def exr_attributes(
    alpha_mode: AlphaMode, transfer: str, aspect: Fraction, rate: Fraction | None, timecode: str
) -> dict[str, Any]:
    """Return the attributes of a frame.

    Args:
        transfer: the function that the light was made linear by, in FFmpeg's name.
        aspect: a pixel's width over its height.
        rate: frames a second; None where the frames are not even.
        timecode: SMPTE 12M, with ";" for drop-frame; "" without one.
    """
    import OpenEXR

    attributes: dict[str, Any] = {
        "pixelAspectRatio": float(aspect),
        "chromaticities": BT709_CHROMATICITIES,
        ALPHA_MODE: alpha_mode,
        TRANSFER: transfer,
    }
    if rate is not None:
        attributes["framesPerSecond"] = rate
    if timecode:
        numbers = [int(part) for part in timecode.replace(";", ":").split(":")]
        if numbers[3] <= _LARGEST_FRAME:
            code = OpenEXR.TimeCode()
            code.hours, code.minutes, code.seconds, code.frame = numbers
            code.dropFrame = ";" in timecode
            attributes["timeCode"] = code
    return attributes


def stated_alpha_mode(header: dict[str, Any]) -> AlphaMode:
    """Return what the header says of the colours; premultiplied, as OpenEXR specifies, where it says nothing."""
    return "straight" if header.get(ALPHA_MODE) == "straight" else "premultiplied"


def stated_transfer(header: dict[str, Any]) -> str:
    """Return the function that frames written here were made linear by, in FFmpeg's name; "" of others."""
    return str(header.get(TRANSFER, ""))


def stated_timecode(header: dict[str, Any]) -> str:
    """Return the timecode as text, "" without one."""
    code = header.get("timeCode")
    if code is None:
        return ""
    start = f"{code.hours:02d}:{code.minutes:02d}:{code.seconds:02d}"
    return f"{start}{';' if code.dropFrame else ':'}{code.frame:02d}"
