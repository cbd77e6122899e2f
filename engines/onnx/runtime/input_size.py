"""Makes a network for pictures of another size of an ONNX file whose sizes are fixed.

The image input gets the size, and the constants that Resize nodes resize to are scaled along; the rest follows from
them. Fields and their numbers: onnx.proto3 of the ONNX project.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engines.onnx.inner_outputs import network_up_to
from engines.onnx.protocol_buffers import changed, fields, integer_field, values
from engines.onnx.runtime.interface import Tensor, TensorInfo

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INPUT = 1, 11
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE = 1, 2, 4, 5
_ATTRIBUTE_TENSOR, _TENSOR_RAW_DATA = 5, 9
_VALUE_NAME, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIMENSION = 1, 2, 1, 2, 1
_DIMENSION_VALUE = 1
_Change: TypeAlias = Callable[[memoryview], bytes | None]
_Sides: TypeAlias = npt.NDArray[np.int64]
"""Height and width."""
_RESIZE_SIZES = 3
"""Place of the sizes among a Resize node's inputs."""


@dataclass(frozen=True, slots=True)
class SizeChange:
    """Inputs, by name, and the size that the file fixes for them and the one that they are fed in, in pixels."""

    inputs: tuple[str, ...]
    from_wh: tuple[int, ...]
    to_wh: tuple[int, ...]


def size_change(inputs: Sequence[TensorInfo], feeds: Mapping[str, Tensor]) -> SizeChange | None:
    """Return what has to change of a file's fixed size for the feeds, (1, C, H, W); None where nothing has to."""
    changes = [
        (item.name, fixed[::-1], fed[::-1])
        for item in inputs
        if item.name in feeds
        and len(fixed := item.shape[2:]) == 2
        and None not in fixed
        and fixed != (fed := feeds[item.name].shape[2:])
    ]
    if not changes:
        return None
    names, before, after = zip(*changes, strict=True)
    return SizeChange(names, before[0], after[0])


def network_of(model: Path | bytes, outputs: Sequence[str], change: SizeChange) -> bytes:
    """Return the part of a file, or of its content, that computes the outputs, at another size.

    Raises:
        ValueError: see `network_of_size` and `network_up_to`.
    """
    content = model if isinstance(model, bytes) else model.read_bytes()
    return network_of_size(network_up_to(content, outputs), change)


def network_of_size(model: bytes, change: SizeChange) -> bytes:
    """Return the network for pictures of another size, as the content of an ONNX file.

    Args:
        model: the content of an ONNX file without the shapes of tensors other than its inputs, as
            `network_up_to` leaves it. What a Resize node resizes to is a constant of two sides, after what
            it keeps of its input's shape.
        change: the inputs, (1, C, H, W), and both sizes.

    Raises:
        ValueError: something would be resized to a fraction of a pixel.
    """
    old, new = np.array(change.from_wh[::-1]), np.array(change.to_wh[::-1])
    names = {name.encode() for name in change.inputs}

    def changed_graph(graph: memoryview) -> bytes:
        constants = _resize_constants(graph)

        def changed_node(node: memoryview) -> bytes | None:
            is_sides = bool(constants & set(values(node, _NODE_OUTPUT)))
            return _scaled_constant(node, old, new) if is_sides else None

        def changed_input(value: memoryview) -> bytes | None:
            is_image = bool(names & set(values(value, _VALUE_NAME)))
            return _of_size(value, new) if is_image else None

        return changed(changed(graph, _GRAPH_NODE, changed_node), _GRAPH_INPUT, changed_input)

    return changed(model, _MODEL_GRAPH, changed_graph)


def _resize_constants(graph: memoryview) -> set[bytes]:
    """Return the names of the constants that hold both sides of what a Resize node resizes to."""
    inputs: dict[bytes, list[bytes]] = {}
    resizes: list[list[bytes]] = []
    for part in fields(graph):
        if part.number == _GRAPH_NODE:
            read = values(part.content, _NODE_INPUT)
            inputs |= dict.fromkeys(values(part.content, _NODE_OUTPUT), read)
            if values(part.content, _NODE_TYPE) == [b"Resize"]:
                resizes.append(read)
    return {inputs[read[_RESIZE_SIZES]][-1] for read in resizes if len(read) > _RESIZE_SIZES}


def _scaled_constant(node: memoryview, old: _Sides, new: _Sides) -> bytes:
    """Return a Constant node whose two sides, height and width, are scaled."""

    def scaled(data: memoryview) -> bytes:
        sides = np.frombuffer(data, "<i8") * new
        if len(sides) != 2 or (sides % old).any():
            raise ValueError(f"the network can't be set to {new[1]} x {new[0]} pixels")
        return (sides // old).astype("<i8").tobytes()

    return _changed_inside(node, (_NODE_ATTRIBUTE, _ATTRIBUTE_TENSOR, _TENSOR_RAW_DATA), scaled)


def _of_size(value: memoryview, size_hw: _Sides) -> bytes:
    """Return an input's description, (1, C, H, W), with another height and width."""
    sides = iter([None, None, *size_hw])

    def sized(dimension: memoryview) -> bytes:
        side = next(sides)
        return bytes(dimension) if side is None else integer_field(_DIMENSION_VALUE, int(side))

    path = (_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIMENSION)
    return _changed_inside(value, path, sized)


def _changed_inside(message: memoryview, path: Sequence[int], change: _Change) -> bytes:
    """Return a message with the fields changed that lie in it by a path of field numbers."""
    number, *further = path
    if not further:
        return changed(message, number, change)
    return changed(message, number, lambda part: _changed_inside(part, further, change))
