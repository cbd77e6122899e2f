"""Channels that no output needs are left out of a model, and what is left computes the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.onnx.runtime.channel_slices import drop_unused_channels

openvino = pytest.importorskip("openvino")

LOW, FULL = (6, 8), (24, 32)


def refined(wanted: tuple[int, ...]) -> Any:
    """Return a model like a refiner: low-resolution coefficients, resized, times picture and mean, plus an offset."""
    import openvino.opset13 as operations

    picture = operations.parameter([1, 3, *FULL], np.float32, name="picture")
    coefficients = operations.parameter([1, 4, *LOW], np.float32, name="coefficients")
    mean = operations.reduce_mean(picture, [1], keep_dims=True)
    fine = operations.concat([picture, mean], 1)
    offset = operations.subtract(coefficients, operations.constant(np.float32(0.25)))
    resized = [
        operations.interpolate(item, list(FULL), "linear_onnx", "sizes", axes=[2, 3])
        for item in (coefficients, offset)
    ]
    whole = operations.add(operations.multiply(resized[0], fine), resized[1])
    parts = operations.variadic_split(whole, 1, [3, 1])
    results = [operations.result(parts.output(index)) for index in wanted]
    return openvino.Model(results, [picture, coefficients], "refiner")


def computed(model: Any) -> list[Any]:
    generator = np.random.default_rng(3)
    feeds = [generator.random(item.get_shape(), np.float32) for item in model.inputs]
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return list(compiled(feeds).values())


def channels_at_full_size(model: Any) -> int:
    return max(
        output.get_shape()[1]
        for node in model.get_ops()
        if node.get_type_name() in ("Add", "Multiply", "Interpolate", "Concat")
        for output in node.outputs()
        if len(output.get_shape()) == 4 and tuple(output.get_shape()[2:]) == FULL
    )


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_alone_is_computed_alone_and_equal(part: int) -> None:
    expected = computed(refined((0, 1)))[part]
    model = refined((part,))
    drop_unused_channels(model)
    assert channels_at_full_size(model) == expected.shape[1]
    assert np.allclose(computed(model)[0], expected, atol=1e-6)


def test_nothing_changes_where_all_parts_are_read() -> None:
    model = refined((0, 1))
    drop_unused_channels(model)
    assert channels_at_full_size(model) == 4
    assert len(computed(model)) == 2
