"""Which primaries the colour profile in a picture's file has; its curves are taken for sRGB's."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image

from pipeline.video_io.sequence.picture import BT709

DISPLAY_P3 = 12
"""H.273's code of P3 primaries with D65 as white."""
_COLORANTS = {
    BT709: ((0.436, 0.222, 0.014), (0.385, 0.717, 0.097), (0.143, 0.061, 0.714)),
    DISPLAY_P3: ((0.515, 0.241, -0.001), (0.292, 0.692, 0.042), (0.157, 0.067, 0.784)),
}
"""Red, green and blue as XYZ, adapted to D50 as in a profile."""
_NAMES = (b"rXYZ", b"gXYZ", b"bXYZ")
_MOST_DEVIATION = 0.005
_TABLE_AT, _MOST_TAGS = 128, 100


def embedded_profile(path: Path) -> bytes:
    """Return the profile in a PNG, JPEG or TIFF, b"" without one that can be read."""
    try:
        with Image.open(path, formats=("PNG", "JPEG", "TIFF")) as image:
            profile = image.info.get("icc_profile")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    return profile if isinstance(profile, bytes) else b""


def primaries_of(profile: bytes) -> int | None:
    """Return H.273's code of an ICC profile's primaries (ICC.1, 7.3 and 9.2), None for ones that have none here.

    A profile without primaries, as of grey pictures, counts as BT.709's.
    """
    try:
        found = _colorants(profile)
    except struct.error:
        return None
    if not found:
        return BT709
    for code, known in _COLORANTS.items():
        pairs = zip(found, (value for colour in known for value in colour), strict=False)
        if max(abs(value - wanted) for value, wanted in pairs) <= _MOST_DEVIATION:
            return code
    return None


def _colorants(profile: bytes) -> list[float]:
    """Return X, Y and Z of red, green and blue, nothing where one of them is missing."""
    if not profile:
        return []
    (tags,) = struct.unpack_from(">I", profile, _TABLE_AT)
    places = {}
    for number in range(min(tags, _MOST_TAGS)):
        name, at, _ = struct.unpack_from(">4sII", profile, _TABLE_AT + 4 + 12 * number)
        places[name] = at
    if any(name not in places for name in _NAMES):
        return []
    fixed = (struct.unpack_from(">3i", profile, places[name] + 8) for name in _NAMES)
    return [value / 65_536 for colour in fixed for value in colour]
