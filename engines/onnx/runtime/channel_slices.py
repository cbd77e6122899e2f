"""Leaves out the channels of an OpenVINO model that no output needs; importing this module does not import it.

Robust Video Matting brings foreground and alpha to the frame's size as four channels and splits them last. With the
alpha alone wanted, one channel takes a quarter of that memory and time.
"""

from __future__ import annotations

from typing import Any

from engines.onnx.runtime.plane_resizing import resized_like

_CHANNEL_AXIS = 1
_PER_CHANNEL = {"Add": "add", "Multiply": "multiply", "Subtract": "subtract"}
"""Types of nodes that work on each channel by itself -> the functions that make them."""


def drop_unused_channels(model: Any) -> None:
    """Compute one part of a split tensor alone where nothing reads the others; the model has fixed shapes."""
    for node in model.get_ordered_ops():
        if node.get_type_name() not in ("Split", "VariadicSplit") or not _splits_channels(node):
            continue
        read = [output for output in node.outputs() if output.get_target_inputs()]
        if len(read) != 1:
            continue
        first = 0
        for output in node.outputs()[: read[0].get_index()]:
            first += output.get_shape()[_CHANNEL_AXIS]
        count = read[0].get_shape()[_CHANNEL_AXIS]
        read[0].replace(_channels(node.input_value(0), first, first + count))
    model.validate_nodes_and_infer_types()


def _splits_channels(split: Any) -> bool:
    whole, part = split.input_value(0).get_shape(), split.output(0).get_shape()
    return all((side == part[axis]) is (axis != _CHANNEL_AXIS) for axis, side in enumerate(whole))


def _channels(output: Any, first: int, stop: int) -> Any:
    """Return channels first … stop-1 of a node's output, (N, C, H, W), made from as early on as can be."""
    import openvino.opset13 as operations

    node, shape = output.get_node(), list(output.get_shape())
    kind = node.get_type_name()
    inputs = [item.get_source_output() for item in node.inputs()]
    if kind in _PER_CHANNEL and all(list(item.get_shape()) == shape for item in inputs):
        parts = [_channels(item, first, stop) for item in inputs]
        return getattr(operations, _PER_CHANNEL[kind])(*parts).output(0)
    if kind == "Interpolate" and inputs[0].get_shape()[_CHANNEL_AXIS] == shape[_CHANNEL_AXIS]:
        return resized_like(node, _channels(inputs[0], first, stop), shape[2:]).output(0)
    if kind == "Concat" and node.get_attributes()["axis"] in (_CHANNEL_AXIS, _CHANNEL_AXIS - 4):
        begin = 0
        for item in inputs:
            end = begin + item.get_shape()[_CHANNEL_AXIS]
            if begin <= first and stop <= end:
                return _channels(item, first - begin, stop - begin)
            begin = end
    if (first, stop) == (0, shape[_CHANNEL_AXIS]):
        return output
    return operations.slice(output, [first], [stop], [1], [_CHANNEL_AXIS]).output(0)
