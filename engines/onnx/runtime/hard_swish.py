"""Writes the hard sigmoids of an OpenVINO model as MobileNetV3's; importing this module does not import it.

An ONNX file has them with slope and offset as numbers. The CPU plug-in computes those apart, in float32 with channels
outermost, and puts maps into that order and back; hard swish and hard sigmoid of their own names join the convolution before.
"""

from __future__ import annotations

from typing import Any

_SLOPE, _OFFSET = 1.0 / 6.0, 0.5
_TOLERANCE = 1e-6


def name_hard_swishes(model: Any) -> None:
    """Replace x * min(max(x / 6 + 0.5, 0), 1), or that factor alone, by the operation of its name."""
    import openvino.opset13 as operations

    for node in model.get_ordered_ops():
        if node.get_type_name() != "HardSigmoid" or not _is_of_mobile_net(node):
            continue
        source = node.input_value(0)
        readers = [port.get_node() for port in node.output(0).get_target_inputs()]
        if len(readers) == 1 and _multiplies(readers[0], source, node.output(0)):
            readers[0].output(0).replace(operations.hswish(source).output(0))
        else:
            node.output(0).replace(operations.hsigmoid(source).output(0))
    model.validate_nodes_and_infer_types()


def _is_of_mobile_net(hard_sigmoid: Any) -> bool:
    for place, wanted in ((1, _SLOPE), (2, _OFFSET)):
        node = hard_sigmoid.input_value(place).get_node()
        if node.get_type_name() != "Constant":
            return False
        if abs(float(node.get_data().reshape(-1)[0]) - wanted) > _TOLERANCE:
            return False
    return True


def _multiplies(node: Any, one: Any, other: Any) -> bool:
    """Tell whether a node is the product of two outputs."""
    if node.get_type_name() != "Multiply":
        return False
    factors = [node.input_value(0), node.input_value(1)]
    return factors in ([one, other], [other, one])
