"""Maps of one channel are resized as lines or planes, to the same bits; all others as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.onnx.runtime.plane_resizing import resize_single_channels_as_planes

openvino = pytest.importorskip("openvino")

LOW, FULL = (6, 8), (24, 32)


def decoder(
    channels: int,
    rows: int = LOW[0],
    *,
    by_scales: bool = False,
    size_hw: tuple[int, int] = FULL,
    coordinates: str = "pytorch_half_pixel",
) -> Any:
    """Return a model that resizes what a convolution of `channels` results in; of any height for -1 `rows`."""
    import openvino.opset13 as operations

    features = operations.parameter([1, 5, rows, LOW[1]], np.float32, name="features")
    weights = np.random.default_rng(2).standard_normal((channels, 5, 3, 3), np.float32)
    border = [1, 1]
    made = operations.convolution(features, weights, border, border, border, border)
    resized = operations.interpolate(
        made,
        np.array([4.1, 4.1], np.float32) if by_scales else list(size_hw),
        "linear_onnx",
        "scales" if by_scales else "sizes",
        axes=[2, 3],
        coordinate_transformation_mode=coordinates,
    )
    return openvino.Model([operations.result(operations.sigmoid(resized))], [features], "decoder")


def computed(model: Any) -> Any:
    features = np.random.default_rng(3).standard_normal((1, 5, *LOW), np.float32)
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled([features])[0]


def ranks_resized(model: Any) -> list[int]:
    nodes = [node for node in model.get_ops() if node.get_type_name() == "Interpolate"]
    return [node.output(0).get_partial_shape().rank.get_length() for node in nodes]


@pytest.mark.parametrize("size_hw", [FULL, (23, 8), (6, 31), (5, 3)])
def test_one_channel_is_resized_as_lines_to_the_same_bits(size_hw: tuple[int, int]) -> None:
    expected = computed(decoder(1, size_hw=size_hw))
    model = decoder(1, size_hw=size_hw)
    resize_single_channels_as_planes(model)
    # A plane has a table of 32 bytes a pixel.
    assert ranks_resized(model) == [3]
    found = computed(model)
    assert found.shape == (1, 1, *size_hw)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("size_hw", "coordinates"), [(FULL, "align_corners"), ((1, 32), "pytorch_half_pixel")]
)
def test_one_channel_is_resized_as_a_plane_where_lines_would_lie_elsewhere(
    size_hw: tuple[int, int], coordinates: str
) -> None:
    expected = computed(decoder(1, size_hw=size_hw, coordinates=coordinates))
    model = decoder(1, size_hw=size_hw, coordinates=coordinates)
    resize_single_channels_as_planes(model)
    assert ranks_resized(model) == [2]
    assert np.array_equal(computed(model), expected)


@pytest.mark.parametrize(
    ("channels", "rows", "by_scales"), [(4, LOW[0], False), (1, -1, False), (1, LOW[0], True)]
)
def test_several_channels_unknown_sizes_and_scales_are_left_alone(
    channels: int, rows: int, by_scales: bool
) -> None:
    model = decoder(channels, rows, by_scales=by_scales)
    resize_single_channels_as_planes(model)
    assert ranks_resized(model) == [4]


def test_a_resized_output_keeps_its_name() -> None:
    model = decoder(1)
    resized = next(node for node in model.get_ops() if node.get_type_name() == "Interpolate")
    resized.output(0).set_names({"alpha"})
    model.add_outputs(resized.output(0))
    resize_single_channels_as_planes(model)
    assert any("alpha" in output.get_names() for output in model.outputs)
