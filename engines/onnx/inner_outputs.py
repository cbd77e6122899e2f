"""Makes a network of the first layers of an ONNX file, whose outputs are tensors inside the file's network.

The runtimes can't leave out layers of a file. Fields and their numbers: onnx.proto3 of the ONNX project.
"""

from __future__ import annotations

from collections.abc import Sequence

from engines.onnx.protocol_buffers import changed, field, fields, values

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO = 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT = 1, 2
_VALUE_NAME, _TENSOR_NAME = 1, 8


def network_up_to(model: bytes, outputs: Sequence[str]) -> bytes:
    """Return the part of a network that computes some of its tensors, as the content of an ONNX file.

    Args:
        model: the content of an ONNX file; of subgraphs (If, Loop) nothing is known.
        outputs: names of the tensors, which become the outputs.

    Raises:
        ValueError: a tensor is not in the network, or the content is no ONNX file.
    """
    return changed(model, _MODEL_GRAPH, lambda graph: _graph_up_to(graph, outputs))


def _graph_up_to(graph: memoryview, outputs: Sequence[str]) -> bytes:
    parts = list(fields(graph))
    makers = {
        name: place
        for place, part in enumerate(parts)
        if part.number == _GRAPH_NODE
        for name in values(part.content, _NODE_OUTPUT)
    }
    missing = {name.encode() for name in outputs} - makers.keys()
    if missing:
        raise ValueError(f"the network has no tensor {sorted(missing)}")
    kept: set[int] = set()
    needed: set[bytes] = set()
    asked = [name.encode() for name in outputs]
    while asked:
        name = asked.pop()
        place = makers.get(name)
        if place is not None and place not in kept:
            kept.add(place)
            asked += values(parts[place].content, _NODE_INPUT)
        needed.add(name)
    names = {_GRAPH_INPUT: _VALUE_NAME, _GRAPH_INITIALIZER: _TENSOR_NAME}
    chosen: list[bytes | memoryview] = []
    for place, part in enumerate(parts):
        if part.number in names:
            is_kept = bool(needed & set(values(part.content, names[part.number])))
        elif part.number == _GRAPH_NODE:
            is_kept = place in kept
        else:
            is_kept = part.number not in (_GRAPH_OUTPUT, _GRAPH_VALUE_INFO)
        if is_kept:
            chosen.append(part.whole)
    chosen += [field(_GRAPH_OUTPUT, field(_VALUE_NAME, name.encode())) for name in outputs]
    return b"".join(chosen)
