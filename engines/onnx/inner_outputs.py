"""Makes a network of the first layers of an ONNX file, whose outputs are tensors inside the file's network.

It reads and writes the file's protocol buffers itself (onnx.proto3 of the ONNX project and protobuf's encoding
guide): the onnx package is no part of an installation, and the runtimes can't leave out layers of a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO = 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT = 1, 2
_VALUE_NAME, _TENSOR_NAME = 1, 8


class _Field(NamedTuple):
    """One field of a message: its number, its bytes as they lie in the message, and its content."""

    number: int
    whole: bytes
    content: bytes


def network_up_to(model: bytes, outputs: Sequence[str]) -> bytes:
    """Return the part of a network that computes some of its tensors, as the content of an ONNX file.

    Args:
        model: the content of an ONNX file; of subgraphs (If, Loop) nothing is known.
        outputs: names of the tensors, which become the outputs.

    Raises:
        ValueError: a tensor is not in the network, or the content is no ONNX file.
    """
    parts = []
    for field in _fields(model):
        if field.number == _MODEL_GRAPH:
            parts.append(_field(_MODEL_GRAPH, _graph_up_to(field.content, outputs)))
        else:
            parts.append(field.whole)
    return b"".join(parts)


def _graph_up_to(graph: bytes, outputs: Sequence[str]) -> bytes:
    fields = list(_fields(graph))
    needed = {name.encode() for name in outputs}
    missing = set(needed)
    kept: set[int] = set()
    # Nodes are sorted: what a node reads is computed by earlier ones.
    for place in reversed(range(len(fields))):
        if fields[place].number == _GRAPH_NODE:
            made = _values(fields[place].content, _NODE_OUTPUT)
            if needed & set(made):
                kept.add(place)
                missing -= set(made)
                needed |= set(_values(fields[place].content, _NODE_INPUT))
    if missing:
        raise ValueError(f"the network has no tensor {sorted(missing)}")
    names = {_GRAPH_INPUT: _VALUE_NAME, _GRAPH_INITIALIZER: _TENSOR_NAME}
    parts = []
    for place, field in enumerate(fields):
        if field.number in names:
            is_kept = bool(needed & set(_values(field.content, names[field.number])))
        elif field.number == _GRAPH_NODE:
            is_kept = place in kept
        else:
            is_kept = field.number not in (_GRAPH_OUTPUT, _GRAPH_VALUE_INFO)
        if is_kept:
            parts.append(field.whole)
    parts += [_field(_GRAPH_OUTPUT, _field(_VALUE_NAME, name.encode())) for name in outputs]
    return b"".join(parts)


def _values(message: bytes, number: int) -> list[bytes]:
    return [field.content for field in _fields(message) if field.number == number]


def _fields(message: bytes) -> Iterator[_Field]:
    place = 0
    while place < len(message):
        start = place
        key, place = _varint(message, place)
        kind = key & 7
        begin = place
        if kind == _VARINT:
            _, place = _varint(message, place)
        elif kind == _BYTES:
            size, begin = _varint(message, place)
            place = begin + size
        elif kind in _FIXED_SIZES:
            place += _FIXED_SIZES[kind]
        else:
            raise ValueError("not an ONNX file")
        if place > len(message):
            raise ValueError("an ONNX file that is cut short")
        yield _Field(key >> 3, message[start:place], message[begin:place])


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return an integer of seven bits a byte, lowest first, and the place after it."""
    value = shift = 0
    while place < len(message):
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
    raise ValueError("an ONNX file that is cut short")


def _field(number: int, content: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
