"""Networks on OpenVINO's CPU plug-in; importing this module does not import it.

A clip's stream is compiled for its own frame size with the constants folded in, which is what makes this
runtime the faster one; see docs/performance.md.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engines.onnx.runtime.channel_slices import drop_unused_channels
from engines.onnx.runtime.hard_swish import name_hard_swishes
from engines.onnx.runtime.input_size import network_of, size_change
from engines.onnx.runtime.interface import RuntimeInfo, StreamPlan, Tensor, TensorInfo
from engines.onnx.runtime.opset import check_opset
from engines.onnx.runtime.plane_resizing import resize_single_channels_as_planes
from utils.heap import return_free_memory
from utils.types import Frame

_DTYPES = {"f32": "float32", "f16": "float16", "f64": "float64", "bf16": "bfloat16"}

_STREAMS = 2
"""Compiled networks kept for streams: a marked target's frames are seen at two sizes inside."""


class OpenVinoSession:
    """See `NetworkSession`.

    Args:
        path: the ONNX file.
        threads: threads of one network on the CPU.

    Raises:
        ValueError: see `check_opset`.
    """

    def __init__(self, path: Path, threads: int) -> None:
        import openvino

        check_opset(path)
        _exchange_arrays_once()
        self._path = path
        self._core = openvino.Core()
        self._config = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,
        }
        model = self._core.read_model(path)
        self.inputs = tuple(_info(item) for item in model.inputs)
        self.outputs = tuple(_info(item) for item in model.outputs)
        kind = self._core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name()
        version = openvino.__version__.split("-")[0]
        self.info = RuntimeInfo("OpenVINO", version, "CPU", _DTYPES.get(kind, kind))
        self._lock = threading.Lock()
        self._request: tuple[Any, Any] | None = None
        """The newest outputs and sizes, and the network compiled for them."""
        self._streams: dict[Any, Any] = {}
        """The newest streams' keys and compiled networks: a clip's further streams are of the same sizes."""
        self._open: weakref.WeakSet[OpenVinoStream] = weakref.WeakSet()
        """Streams that somebody may be in the middle of a step of."""

    def run(self, feeds: Mapping[str, Tensor], wanted: Sequence[str]) -> list[Tensor]:
        """See `NetworkSession.run`; calls take turns, since the threads are those of one network."""
        with self._lock:
            request = self._request_for(feeds, wanted)
            request.infer(dict(feeds))
            return [np.array(request.get_tensor(name).data) for name in wanted]

    def _request_for(self, feeds: Mapping[str, Tensor], wanted: Sequence[str]) -> Any:
        """Return the network compiled for the feeds' size and the wanted outputs alone.

        What nobody reads is not computed: IS-Net's eleven other outputs are 40 % of its time and memory.
        """
        change = size_change(self.inputs, feeds)
        key = tuple(wanted), change
        if self._request is None or self._request[0] != key:
            # Not two of them at a time.
            self._request = None
            changed = self._path if change is None else network_of(self._path, wanted, change)
            model = self._core.read_model(changed)
            _keep_outputs(model, {*wanted})
            self._request = key, self._compile(model).create_infer_request()
        return self._request[1]

    def open_stream(self, plan: StreamPlan) -> OpenVinoStream:
        """See `NetworkSession.open_stream`."""
        constants = tuple((name, value.tobytes()) for name, value in plan.constants.items())
        key = (plan.image_shape, constants, plan.outputs, plan.colour_order)
        with self._lock:
            compiled = self._streams.pop(key, None)
            if compiled is None:
                for oldest in [*self._streams][: 1 - _STREAMS]:
                    del self._streams[oldest]
                compiled = self._compile_for(plan)
            self._streams[key] = compiled
            stream = OpenVinoStream(compiled, plan)
            self._open.add(stream)
        return stream

    def release_memory(self) -> None:
        """See `NetworkSession.release_memory`."""
        with self._lock:
            if self._request is not None:
                self._request[1].get_compiled_model().release_memory()
            if not self._open:
                for compiled in self._streams.values():
                    compiled.release_memory()
        return_free_memory()

    def _compile_for(self, plan: StreamPlan) -> Any:
        """Compile the network for one frame size, with the constants folded in."""
        import openvino

        model = self._core.read_model(self._path)
        ports = {item.get_any_name(): item for item in model.inputs}
        for name, value in plan.constants.items():
            parameter = ports[name].get_node()
            constant = openvino.op.Constant(value)
            parameter.output(0).replace(constant.output(0))
            model.remove_parameter(parameter)
        model.reshape({plan.image_input: list(plan.image_shape)})
        shapes = _state_shapes(model, plan)
        model.reshape({plan.image_input: list(plan.image_shape), **shapes})
        kept = {*plan.outputs, *(state.output_name for state in plan.states)}
        _keep_outputs(model, kept)
        drop_unused_channels(model)
        return self._compile(_taking_frames(model, plan))

    def _compile(self, model: Any) -> Any:
        name_hard_swishes(model)
        resize_single_channels_as_planes(model)
        compiled = self._core.compile_model(model, "CPU", self._config)
        # Compiling leaves much freed memory behind.
        return_free_memory()
        return compiled


class OpenVinoStream:
    """See `NetworkStream`; two sets of state buffers take turns, so that no state is copied."""

    def __init__(self, compiled: Any, plan: StreamPlan) -> None:
        import openvino

        self._plan = plan
        self._request = compiled.create_infer_request()
        self._tensor = openvino.Tensor
        self._sets = [
            [
                # Not by `get_any_name`: compiling gives a port further names.
                openvino.Tensor(
                    compiled.input(state.input_name).get_element_type(),
                    compiled.input(state.input_name).get_shape(),
                )
                for state in plan.states
            ]
            for _ in range(2)
        ]
        self.reset()

    def reset(self) -> None:
        """See `NetworkStream.reset`."""
        for tensor in self._sets[0]:
            tensor.data[...] = 0

    def step(self, frame: Frame) -> tuple[Tensor, ...]:
        """See `NetworkStream.step`."""
        given, made = self._sets
        # OpenVINO shares no array that can't be written to.
        shared = np.require(frame, requirements=["C", "W"])
        image = self._tensor(shared[None], shared_memory=True)
        self._request.set_tensor(self._plan.image_input, image)
        for state, before, after in zip(self._plan.states, given, made, strict=True):
            self._request.set_tensor(state.input_name, before)
            self._request.set_tensor(state.output_name, after)
        self._request.infer()
        self._sets.reverse()
        return tuple(self._request.get_tensor(name).data for name in self._plan.outputs)


def _exchange_arrays_once() -> None:
    """Let OpenVINO's binding look numpy up while one thread alone uses it: networks load one at a time, see `ModelManager`.

    Its first exchange of an array does that, in a static variable of C++ and with calls of Python. A second thread that
    exchanges its first array meanwhile waits for that variable and holds the interpreter, which those calls need: the
    process stands still for good. A job that asks two networks at once, and none before, could do so.
    """
    import openvino

    for dtype in (np.float32, np.float16, np.uint8):
        tensor = openvino.Tensor(np.zeros((1, 1), dtype), shared_memory=True)
        openvino.Tensor(tensor.element_type, tensor.shape).data[...] = tensor.data


def _keep_outputs(model: Any, kept: Collection[str]) -> None:
    """Leave out the outputs of other names, and what is computed for them alone."""
    for output in model.outputs:
        if not output.get_names() & {*kept}:
            model.remove_result(output.get_node())


def _taking_frames(model: Any, plan: StreamPlan) -> Any:
    """Return the model with the way from a frame, uint8 RGB (1, H, W, 3), to [0, 1] put in front.

    A float image is four times a frame, and several wait between the threads.
    """
    import openvino
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(model)
    image = steps.input(plan.image_input)
    image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    image.model().set_layout(openvino.Layout("NCHW"))
    if plan.colour_order == "BGR":
        image.preprocess().reverse_channels()
    # Bytes are sooner in the network's order than floats.
    image.preprocess().convert_layout("NCHW").convert_element_type(openvino.Type.f32).scale(255.0)
    return steps.build()


def _state_shapes(model: Any, plan: StreamPlan) -> dict[str, list[int]]:
    """Return the fixed shape of each state input: that of the output which feeds it."""
    outputs = {item.get_any_name(): item.get_partial_shape() for item in model.outputs}
    shapes = {}
    for state in plan.states:
        sides = [side.get_length() if side.is_static else 1 for side in outputs[state.output_name]]
        shapes[state.input_name] = sides
    return shapes


def _info(item: Any) -> TensorInfo:
    sides = tuple(
        side.get_length() if side.is_static else None for side in item.get_partial_shape()
    )
    kind = item.get_element_type().get_type_name()
    return TensorInfo(item.get_any_name(), _DTYPES.get(kind, kind), sides)
