"""Hard sigmoids of an ONNX file become the operations of their names where they are MobileNetV3's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.onnx.runtime.hard_swish import name_hard_swishes

openvino = pytest.importorskip("openvino")


def activated(slope: float, *, is_product: bool) -> Any:
    """Return a model of a hard sigmoid, alone or times its own input."""
    import openvino.opset13 as operations

    source = operations.parameter([1, 4, 6, 8], np.float32, name="source")
    shifted = operations.add(source, operations.constant(np.float32(0.25)))
    result = operations.hard_sigmoid(shifted, np.float32(slope), np.float32(0.5))
    if is_product:
        result = operations.multiply(result, shifted)
    return openvino.Model([operations.result(result)], [source], "activated")


def computed(model: Any) -> Any:
    source = np.linspace(-5.0, 5.0, 192, dtype=np.float32).reshape(1, 4, 6, 8)
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([source])[0]


@pytest.mark.parametrize(
    ("slope", "is_product", "expected"),
    [
        (1.0 / 6.0, True, {"HSwish"}),
        (1.0 / 6.0, False, {"HSigmoid"}),
        (0.2, True, {"HardSigmoid", "Multiply"}),
    ],
)
def test_mobile_nets_activations_get_their_names_and_equal_results(
    slope: float, is_product: bool, expected: set[str]
) -> None:
    model = activated(slope, is_product=is_product)
    before = computed(activated(slope, is_product=is_product))
    name_hard_swishes(model)
    kinds = {node.get_type_name() for node in model.get_ops()}
    assert kinds - {"Parameter", "Constant", "Add", "Result"} == expected
    assert np.allclose(computed(model), before, atol=1e-6)
