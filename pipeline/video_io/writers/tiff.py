"""TIFF frames of 16-bit RGBA with straight alpha (TIFF 6.0; Deflate of the Photoshop supplement)."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

_SHORT, _LONG, _RATIONAL = 3, 4, 5
_SIZES = {_SHORT: 2, _LONG: 4, _RATIONAL: 8}
_DEFLATE, _RGB, _DIFFERENCES, _UNASSOCIATED_ALPHA, _INCHES = 8, 2, 2, 2, 2
_DOTS_PER_INCH = 72


def tiff_bytes(pixels: npt.NDArray[np.uint16], pixel_aspect: Fraction = Fraction(1)) -> bytes:
    """Return a TIFF of uint16 RGBA (H, W, 4), one strip, little-endian.

    Args:
        pixel_aspect: a pixel's width over its height, told by the resolutions.
    """
    height, width = pixels.shape[:2]
    differences = pixels.astype("<u2")
    differences[:, 1:] -= pixels[:, :-1]
    strip = isal_zlib.compress(np.ascontiguousarray(differences), 1)
    vertical = _DOTS_PER_INCH * pixel_aspect
    entries: list[tuple[int, int, tuple[int, ...]]] = [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, (16, 16, 16, 16)),
        (259, _SHORT, (_DEFLATE,)),
        (262, _SHORT, (_RGB,)),
        (273, _LONG, (8,)),
        (277, _SHORT, (4,)),
        (278, _LONG, (height,)),
        (279, _LONG, (len(strip),)),
        (282, _RATIONAL, (_DOTS_PER_INCH, 1)),
        (283, _RATIONAL, (vertical.numerator, vertical.denominator)),
        (284, _SHORT, (1,)),
        (296, _SHORT, (_INCHES,)),
        (317, _SHORT, (_DIFFERENCES,)),
        (338, _SHORT, (_UNASSOCIATED_ALPHA,)),
    ]
    return _assembled(strip, entries)


def _assembled(strip: bytes, entries: list[tuple[int, int, tuple[int, ...]]]) -> bytes:
    strip += b"\0" * (len(strip) % 2)
    directory_at = 8 + len(strip)
    extra_at = directory_at + 2 + 12 * len(entries) + 4
    directory, extra = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        packed = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        count = len(packed) // _SIZES[kind]
        if len(packed) > 4:
            place, extra = struct.pack("<I", extra_at + len(extra)), extra + packed
        else:
            place = packed.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kind, count) + place
    header = struct.pack("<2sHI", b"II", 42, directory_at)
    return header + strip + directory + struct.pack("<I", 0) + extra
