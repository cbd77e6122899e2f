"""Networks on ONNX Runtime; importing this module does not import it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engines.onnx.runtime.input_size import network_of, size_change
from engines.onnx.runtime.interface import RuntimeInfo, StreamPlan, Tensor, TensorInfo
from engines.onnx.spec import ColourOrder
from utils.types import Frame

if TYPE_CHECKING:
    import onnxruntime

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"}


class OnnxRuntimeSession:
    """See `NetworkSession`.

    Args:
        model: the ONNX file, or the content of one.
        device: "cpu" or "cuda"; the latter falls back to the CPU where the provider can't start, and
            `info.provider` says so.
        threads: threads of one operator on the CPU.
    """

    def __init__(self, model: Path | bytes, device: str, threads: int) -> None:
        import onnxruntime

        self._model = model
        self._threads = threads
        offered = onnxruntime.get_available_providers()
        wanted = [CUDA, CPU] if device == "cuda" else [CPU]
        self._providers = [name for name in wanted if name in offered]
        self._lock = threading.Lock()
        session = self._load(model)
        self._loaded: tuple[Any, onnxruntime.InferenceSession] | None = None, session
        """The newest size and outputs, None where they are the file's, and the network loaded for them."""
        self.inputs = tuple(_info(item) for item in session.get_inputs())
        self.outputs = tuple(_info(item) for item in session.get_outputs())
        provider = session.get_providers()[0]
        self.on_gpu = provider == CUDA
        self.info = RuntimeInfo(
            "ONNX Runtime", onnxruntime.__version__, provider, self.inputs[0].dtype
        )

    def _load(self, model: Path | bytes) -> onnxruntime.InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # Waiting threads that spin take the cores from the decoder and the encoders.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Plans for memory reuse double the memory here without any gain in time.
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model), options, providers=self._providers
        )

    def run(self, feeds: Mapping[str, Tensor], wanted: Sequence[str]) -> list[Tensor]:
        """See `NetworkSession.run`."""
        return list(self._session_for(feeds, wanted).run(list(wanted), dict(feeds)))

    def _session_for(
        self, feeds: Mapping[str, Tensor], wanted: Sequence[str]
    ) -> onnxruntime.InferenceSession:
        """Return the network for the feeds' size; loads it again where the last feeds had another one."""
        change = size_change(self.inputs, feeds)
        key = None if change is None else (change, *wanted)
        with self._lock:
            if self._loaded is None or self._loaded[0] != key:
                # Not two of them at a time.
                self._loaded = None
                changed = self._model if change is None else network_of(self._model, wanted, change)
                self._loaded = key, self._load(changed)
            return self._loaded[1]

    def open_stream(self, plan: StreamPlan) -> OnnxRuntimeStream:
        """See `NetworkSession.open_stream`."""
        return OnnxRuntimeStream(self._session_for({}, ()), plan, self.on_gpu)

    def release_memory(self) -> None:
        """See `NetworkSession.release_memory`; runs and streams share their memory here, and nothing is given back."""


class OnnxRuntimeStream:
    """See `NetworkStream`; the states stay on the device between the frames."""

    def __init__(
        self, session: onnxruntime.InferenceSession, plan: StreamPlan, on_gpu: bool
    ) -> None:
        self._session = session
        self._plan = plan
        self._device = "cuda" if on_gpu else "cpu"
        self._dtypes = {item.name: _info(item).dtype for item in session.get_inputs()}
        self._dtype = self._dtypes[plan.image_input]
        self._states: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """See `NetworkStream.reset`; a state of one zero is broadcast by the network."""
        import onnxruntime

        self._states = [
            onnxruntime.OrtValue.ortvalue_from_numpy(
                np.zeros((1, 1, 1, 1), self._dtypes[state.input_name]), self._device, 0
            )
            for state in self._plan.states
        ]

    def step(self, frame: Frame) -> tuple[Tensor, ...]:
        """See `NetworkStream.step`."""
        image = to_tensor(frame, self._dtype, self._plan.colour_order)
        binding = self._session.io_binding()
        binding.bind_cpu_input(self._plan.image_input, image)
        for name, value in self._plan.constants.items():
            binding.bind_cpu_input(name, value)
        for state, value in zip(self._plan.states, self._states, strict=True):
            binding.bind_ortvalue_input(state.input_name, value)
        for name in self._plan.outputs:
            binding.bind_output(name, "cpu")
        for state in self._plan.states:
            binding.bind_output(state.output_name, self._device)
        self._session.run_with_iobinding(binding)
        values = binding.get_outputs()
        count = len(self._plan.outputs)
        self._states = list(values[count:])
        return tuple(value.numpy() for value in values[:count])


def to_tensor(frame: Frame, dtype: str, colour_order: ColourOrder) -> Tensor:
    """Return a frame, uint8 RGB (H, W, 3), as a network's input, (1, 3, H, W) in [0, 1]."""
    swaps = colour_order == "BGR"
    return np.asarray(cv2.dnn.blobFromImage(frame, 1.0 / 255.0, swapRB=swaps), dtype)


def _info(item: Any) -> TensorInfo:
    shape = tuple(side if isinstance(side, int) else None for side in item.shape)
    return TensorInfo(item.name, _DTYPES.get(item.type, item.type), shape)
