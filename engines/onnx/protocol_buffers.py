"""Reads and writes messages of protocol buffers, those of ONNX files (protobuf's encoding guide).

The onnx package is no part of an installation. Fields are views of the content they are read from: nothing is
copied until they are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}


class Field(NamedTuple):
    """One field of a message: its number, its bytes as they lie in the message, its content and integer.

    `integer` is None for anything but an integer of variable length.
    """

    number: int
    whole: memoryview
    content: memoryview
    integer: int | None


def fields(message: bytes | memoryview) -> Iterator[Field]:
    """Yield the fields of a message.

    Raises:
        ValueError: it is no message, or is cut short.
    """
    view = memoryview(message)
    place = 0
    while place < len(view):
        start = place
        key, place = _varint(view, place)
        kind, begin, integer = key & 7, place, None
        if kind == _VARINT:
            integer, place = _varint(view, place)
        elif kind == _BYTES:
            size, begin = _varint(view, place)
            place = begin + size
        elif kind in _FIXED_SIZES:
            place += _FIXED_SIZES[kind]
        else:
            raise ValueError("not an ONNX file")
        if place > len(view):
            raise ValueError("an ONNX file that is cut short")
        yield Field(key >> 3, view[start:place], view[begin:place], integer)


def values(message: bytes | memoryview, number: int) -> list[bytes]:
    """Return the contents of a message's fields of a number, copied."""
    return [bytes(field.content) for field in fields(message) if field.number == number]


def field(number: int, content: bytes) -> bytes:
    """Return a field of bytes: a text, an array or a message."""
    return _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content


def integer_field(number: int, value: int) -> bytes:
    """Return a field of a non-negative integer of variable length."""
    return _encoded(number << 3 | _VARINT) + _encoded(value)


def changed(
    message: bytes | memoryview, number: int, change: Callable[[memoryview], bytes | None]
) -> bytes:
    """Return a message with the content of its fields of a number changed; None leaves one as it is."""
    parts: list[bytes | memoryview] = []
    for part in fields(message):
        content = change(part.content) if part.number == number else None
        parts.append(part.whole if content is None else field(number, content))
    return b"".join(parts)


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    """Return an integer of seven bits a byte, lowest first, and the place after it."""
    value = shift = 0
    while place < len(view):
        byte = view[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError("an ONNX file that is cut short")


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
