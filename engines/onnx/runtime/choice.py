"""Which runtime runs a network here, and what its errors mean.

OpenVINO computes in bfloat16 where the processor has it and takes a third to a half of ONNX Runtime's time then,
at the same error; without bfloat16 the two are equal and ONNX Runtime, which is always there, is taken.
Measurements: docs/performance.md.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from engines.onnx.runtime.interface import NetworkSession
from engines.onnx.runtime.with_onnxruntime import OnnxRuntimeSession
from engines.onnx.runtime.with_openvino import OpenVinoSession
from utils.errors import EngineUnavailable

RuntimeChoice: TypeAlias = Literal["auto", "onnxruntime", "openvino"]
_MEMORY_TEXTS = ("allocate", "bad_alloc", "out of memory", "bad allocation")


def default_threads(configured: int) -> int:
    """Return the threads of one network: as configured, else half the processor's.

    The other half decodes and encodes; with all of them the network is not faster and the rest waits.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return configured or max(1, (available or 1) // 2)


def open_session(path: Path, choice: RuntimeChoice, device: str, threads: int) -> NetworkSession:
    """Load a network with the runtime chosen.

    Raises:
        EngineUnavailable: a runtime that is demanded is not installed.
        Exception: the runtime's own, where the file is no network that it can run.
    """
    wants_openvino = choice == "openvino" or (
        choice == "auto" and device == "cpu" and _openvino_is_faster()
    )
    with memory_errors():
        if not wants_openvino:
            return OnnxRuntimeSession(path, device, threads)
        if importlib.util.find_spec("openvino") is None:
            raise EngineUnavailable("engine.onnx.no_openvino")
        return OpenVinoSession(path, threads)


@contextlib.contextmanager
def memory_errors() -> Iterator[None]:
    """Turn a runtime's own error about memory into `MemoryError`; others pass as they are."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if any(text in str(error).lower() for text in _MEMORY_TEXTS):
            raise MemoryError(str(error)) from error
        raise


def _openvino_is_faster() -> bool:
    if importlib.util.find_spec("openvino") is None:
        return False
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
