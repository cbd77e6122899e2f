"""Resizes single channels of an OpenVINO model as planes; importing this module does not import it.

Beside convolutions the CPU plug-in keeps channels innermost and resizes many of them at a time. Of a map of one channel,
as an alpha is, it resizes one pixel at a time then: a twentieth of IS-Net's time. Without the channels' axis it takes rows,
but keeps four places and four weights of every pixel, 32 bytes. Of lines it keeps two of each for a line, so that a plane is
resized along its width as lines, and rows of the result are mixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_HALF_PIXEL = ("half_pixel", "pytorch_half_pixel")


def resize_single_channels_as_planes(model: Any) -> None:
    """Resize maps of one channel, (1, 1, h, w), as (h, w), to the same bits; only where sizes are fixed."""
    import openvino.opset13 as operations

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Interpolate" or not _is_plane(node):
            continue
        plane = operations.reshape(node.input_value(0), _plane_of(node.input(0)), False)
        resize = _resized_by_axis if _is_bilinear(node) else resized_like
        resized = resize(node, plane.output(0), _plane_of(node.output(0)))
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


def _resized_by_axis(interpolate: Any, plane: Any, size_hw: list[int]) -> Any:
    """Return a node that resizes a plane, (h, w), bilinearly: the bits are those of the plug-in's own way."""
    import openvino.opset13 as operations

    rows, columns = plane.get_shape()
    height, width = size_hw
    lines = operations.reshape(plane, [1, rows, columns], False).output(0)
    widened = operations.reshape(
        resized_like(interpolate, lines, [rows, width]), [rows, width], False
    )
    above, below, weights = _row_mix(rows, height)
    # In this order sum and first product are rounded once, as there.
    return operations.add(
        operations.multiply(operations.gather(widened, below, 0), weights[1]),
        operations.multiply(operations.gather(widened, above, 0), weights[0]),
    )


def _row_mix(
    rows: int, height: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], list[npt.NDArray[np.float32]]]:
    """Return the rows above and below each row of a resized plane, (height,), and their weights, (height, 1)."""
    half = np.float32(0.5)
    places = (np.arange(height, dtype=np.float32) + half) / np.float32(height / rows) - half
    places = np.clip(places, np.float32(0), np.float32(rows - 1))
    above = places.astype(np.int32)
    below = np.minimum(above + 1, rows - 1)
    # The last row lies between itself and itself.
    weights = [
        np.where(above == below, half, np.abs(places - other.astype(np.float32)))[:, None]
        for other in (below, above)
    ]
    return above, below, weights


def _is_bilinear(interpolate: Any) -> bool:
    """Tell whether a node takes each pixel from the four around its centre."""
    attributes = interpolate.get_attributes()
    return (
        attributes["mode"] == "linear_onnx"
        and attributes["coordinate_transformation_mode"] in _HALF_PIXEL
        and not attributes["antialias"]
        and min(_plane_of(interpolate.output(0))) > 1
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
