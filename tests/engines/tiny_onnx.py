"""Tiny random ONNX files in the layout of each declared network, made with the `onnx` package."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engines import weights_manifest
from engines.onnx.spec import NativeSize, NetworkSpec, Square

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

OPSET = 17


def build_network(
    spec: NetworkSpec,
    path: Path,
    *,
    half: bool = False,
    seed: int = 0,
    rename: Mapping[str, str] | None = None,
    channels: int = 3,
    side: int | None = None,
    opset: int = OPSET,
) -> Path:
    """Write a random network with the spec's inputs and outputs.

    Args:
        rename: inputs or outputs to call otherwise, for files that must be refused.
        channels: channels of the image input.
        side: fixed side of a square input, where it is to differ from the spec's.
    """
    maker = _Maker(spec, half, seed, channels, side)
    graph = maker.recurrent() if spec.states else maker.single()
    names = dict(rename or {})
    for item in [*graph.input, *graph.output]:
        item.name = names.get(item.name, item.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return path


def install(spec: NetworkSpec, models_dir: Path, **variation: Any) -> Path:
    """Write a random network where the engine of that network looks for it."""
    weights = weights_manifest.model_weights(spec.weights)
    return build_network(spec, models_dir / weights.folder / weights.files[0], **variation)


@contextlib.contextmanager
def unpinned_manifest(folder: Path) -> Iterator[None]:
    """Within the block no size or checksum of a weight file is known, so that random files are taken."""
    manifest = json.loads(weights_manifest.PINNED_PATH.read_text(encoding="utf-8"))
    for model in manifest["models"].values():
        for entry in model["files"].values():
            for known in (entry, *entry.get("sources", ())):
                for key in ("size", "sha256", "md5"):
                    known.pop(key, None)
    path = folder / "weights.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights_manifest, "PINNED_PATH", path)
        yield


class _Maker:
    def __init__(
        self, spec: NetworkSpec, half: bool, seed: int, channels: int, side: int | None
    ) -> None:
        self._spec = spec
        self._kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
        self._dtype = np.float16 if half else np.float32
        self._rng = np.random.default_rng(seed)
        self._channels = channels
        self._side = side
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def single(self) -> Any:
        spec = self._spec
        side: int | str = "height"
        if isinstance(spec.size, Square):
            side = self._side or spec.size.side
        other = "width" if side == "height" else side
        image, alpha = spec.image_input or "image", spec.alpha_output or "alpha"
        inputs = {image: self._channels}
        seen, channels = image, self._channels
        if spec.second_image is not None:
            inputs[spec.second_image.input_name] = spec.second_image.channels
            seen, channels = "both", sum(inputs.values())
            self._add("Concat", list(inputs), seen, axis=1)
        weights = self._constant("weights", self._rng.normal(0, 1, (1, channels, 3, 3)))
        self._add("Conv", [seen, weights], "made", pads=[1, 1, 1, 1])
        if isinstance(spec.size, Square) and spec.size.filled_from:
            self._through_half_the_size("made", self._side or spec.size.side)
        self._add("Identity" if spec.activation == "sigmoid" else "Sigmoid", ["made"], alpha)
        self._add("MaxPool", [alpha], "further", kernel_shape=[2, 2], strides=[2, 2])
        outputs = {alpha: [1, 1, side, other], "further": [1, 1, None, None]}
        if spec.foreground_output:
            self._add("Identity", [image], spec.foreground_output)
            outputs[spec.foreground_output] = [1, 3, side, other]
        return helper.make_graph(
            self._nodes,
            "tiny",
            [
                helper.make_tensor_value_info(name, self._kind, [1, count, side, other])
                for name, count in inputs.items()
            ],
            [
                helper.make_tensor_value_info(name, self._kind, shape)
                for name, shape in outputs.items()
            ],
            self._constants,
        )

    def _through_half_the_size(self, name: str, side: int) -> None:
        """Go through half the size and back to a fixed one, as IS-Net's file does."""
        self._nodes[-1].output[:] = ["before"]
        self._add("MaxPool", ["before"], "half", kernel_shape=[2, 2], strides=[2, 2])
        self._add("Shape", ["half"], "half_shape")
        start, stop = self._constant("zero", [0], np.int64), self._constant("two", [2], np.int64)
        self._add("Slice", ["half_shape", start, stop], "kept")
        value = numpy_helper.from_array(np.array([side, side], np.int64))
        self._add("Constant", [], "sides", value=value)
        self._add("Concat", ["kept", "sides"], "sizes", axis=0)
        self._add("Resize", ["half", "", "", "sizes"], "back", mode="linear")
        self._add("Add", ["before", "back"], name)

    def recurrent(self) -> Any:
        spec = self._spec
        assert isinstance(spec.size, NativeSize)
        any_size = ["batch", None, "height", "width"]
        inputs = [
            helper.make_tensor_value_info(
                spec.image_input, self._kind, ["batch", self._channels, "height", "width"]
            )
        ]
        inputs += [
            helper.make_tensor_value_info(state.input_name, self._kind, any_size)
            for state in spec.states
        ]
        inputs.append(helper.make_tensor_value_info(spec.size.ratio_input, TensorProto.FLOAT, [1]))
        ones = self._constant("ones", np.ones(2), np.float32)
        self._add("Concat", [ones, spec.size.ratio_input, spec.size.ratio_input], "scales", axis=0)
        self._add("Resize", [spec.image_input, "", "scales"], "reduced", mode="linear")
        outputs = []
        for number, state in enumerate(spec.states, start=1):
            kernel = self._rng.normal(0, 0.3, (state.channels, self._channels, 3, 3))
            weights = self._constant(f"w{number}", kernel)
            self._add(
                "Conv", ["reduced", weights], f"f{number}", pads=[1, 1, 1, 1], strides=[number] * 2
            )
            self._add("Mul", [state.input_name, self._constant(f"h{number}", [0.5])], f"g{number}")
            self._add("Add", [f"f{number}", f"g{number}"], state.output_name)
            shape = ["batch", state.channels, "height", "width"]
            outputs.append(helper.make_tensor_value_info(state.output_name, self._kind, shape))
        for number, name in enumerate(spec.descriptors, start=1):
            cell = [8 * number] * 2
            self._add("AveragePool", ["reduced"], name, kernel_shape=cell, strides=cell)
        self._matte(spec.states[0].output_name)
        shape = ["batch", 1, "height", "width"]
        outputs.append(helper.make_tensor_value_info(spec.alpha_output, self._kind, shape))
        if spec.foreground_output:
            self._add("Identity", [spec.image_input], spec.foreground_output)
            shape = ["batch", 3, "height", "width"]
            outputs.append(helper.make_tensor_value_info(spec.foreground_output, self._kind, shape))
        return helper.make_graph(self._nodes, "tiny", inputs, outputs, self._constants)

    def _matte(self, state: str) -> None:
        self._add("ReduceMean", [state], "mean", axes=[1], keepdims=1)
        self._add("Shape", [self._spec.image_input], "shape")
        start, stop = self._constant("two", [2], np.int64), self._constant("four", [4], np.int64)
        self._add("Slice", ["shape", start, stop], "size")
        self._add("Concat", [self._constant("single", [1, 1], np.int64), "size"], "sizes", axis=0)
        self._add("Resize", ["mean", "", "", "sizes"], "full", mode="linear")
        self._add("Mul", ["full", self._constant("gain", [4.0])], "strong")
        self._add("Sigmoid", ["strong"], self._spec.alpha_output)

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def _constant(self, name: str, values: Any, dtype: Any = None) -> str:
        self._constants.append(
            numpy_helper.from_array(np.asarray(values, dtype or self._dtype), name)
        )
        return name
