"""Resizes single channels of an OpenVINO model as planes; importing this module does not import it.

Beside convolutions the CPU plug-in keeps channels innermost and resizes many of them at a time. Of a map of one channel,
as an alpha is, it resizes one pixel at a time then: a twentieth of IS-Net's time. Without the channels' axis it takes rows.
"""

from __future__ import annotations

from typing import Any


def resize_single_channels_as_planes(model: Any) -> None:
    """Resize maps of one channel, (1, 1, h, w), as (h, w), to the same bits; only where sizes are fixed."""
    import openvino.opset13 as operations

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Interpolate" or not _is_plane(node):
            continue
        plane = operations.reshape(node.input_value(0), _plane_of(node.input(0)), False)
        resized = resized_like(node, plane.output(0), _plane_of(node.output(0)))
        whole = operations.reshape(resized, list(node.output(0).get_shape()), False)
        node.output(0).replace(whole.output(0))
    model.validate_nodes_and_infer_types()


def resized_like(interpolate: Any, source: Any, size_hw: list[int]) -> Any:
    """Return a node that resizes the last two axes of `source` to a size as another node does."""
    import openvino.opset13 as operations

    attributes = interpolate.get_attributes()
    kept = ("coordinate_transformation_mode", "nearest_mode", "antialias", "cube_coeff")
    rank = len(source.get_shape())
    return operations.interpolate(
        source,
        size_hw,
        attributes["mode"],
        "sizes",
        axes=[rank - 2, rank - 1],
        **{name: attributes[name] for name in kept},
    )


def _plane_of(port: Any) -> list[int]:
    return list(port.get_shape())[2:]


def _is_plane(interpolate: Any) -> bool:
    """Tell whether a node resizes one channel of one picture to a height and width, without a border.

    By scales the result may be less than a pixel smaller than they say, so that a size alone would move what is in it.
    """
    ports = interpolate.input(0), interpolate.output(0)
    if any(port.get_partial_shape().is_dynamic for port in ports):
        return False
    attributes = interpolate.get_attributes()
    if attributes.get("shape_calculation_mode") != "sizes":
        return False
    borders = [*attributes["pads_begin"], *attributes["pads_end"]]
    shapes = [list(port.get_shape()) for port in ports]
    return not any(borders) and all(len(shape) == 4 and shape[:2] == [1, 1] for shape in shapes)
