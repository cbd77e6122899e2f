"""Where and how precisely a model runs, and what a GPU error means; never imports torch at import."""

from __future__ import annotations

import gc
import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from utils.errors import EngineUnavailable, GpuUnhealthy, OutOfGpuMemory
from utils.types import Message

if TYPE_CHECKING:
    import torch

DeviceChoice: TypeAlias = Literal["auto", "cpu", "cuda"]
DtypeChoice: TypeAlias = Literal["auto", "float32", "bfloat16", "float16"]
ErrorKind: TypeAlias = Literal["memory", "dead", "other"]

Setting = TypeVar("Setting")
Result = TypeVar("Result")

_MEMORY_TEXTS = (
    "out of memory",
    "can't allocate memory",
    "cublas_status_alloc_failed",
    "cublas_status_not_initialized",
    "cudnn_status_alloc_failed",
    "cudnn_status_not_initialized",
    "unable to find an engine to execute this computation",
    "failed to allocate",
    "cublas_status_internal_error",
    "cudnn_status_internal_error",
)
_DEAD_TEXTS = (
    "cuda error",
    "device-side assert",
    "illegal memory access",
    "unspecified launch failure",
)


def gpu_present() -> bool:
    """Tell whether this machine shows an NVIDIA GPU, from device files alone.

    CUDA is not touched: its context alone costs hundreds of MB of the card.
    """
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()


def likely_device(choice: DeviceChoice) -> str:
    """Return "cuda" or "cpu" as far as it is known without importing torch."""
    if choice != "auto":
        return choice
    return "cuda" if gpu_present() and importlib.util.find_spec("torch") else "cpu"


def resolve_device(choice: DeviceChoice) -> str:
    """Return "cuda" or "cpu"; may ask torch, so call it only when a model is about to load.

    Torch takes seconds to import, and is not asked on a Linux machine that shows no GPU.

    Raises:
        EngineUnavailable: CUDA is demanded, or a GPU is there, and this torch can't reach it, or there is no
            torch: work on the CPU, at many times the time, is nothing to fall back to silently.
    """
    if choice == "cpu" or (choice == "auto" and not _may_have_gpu()):
        return "cpu"
    if importlib.util.find_spec("torch") is None:
        raise EngineUnavailable("engine.no_cuda", detail="torch is not installed")
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if choice == "cuda":
        raise EngineUnavailable("engine.no_cuda", detail=f"torch {torch.__version__}")
    if gpu_present():
        raise _cuda_unusable(torch.__version__, torch.version.cuda)
    return "cpu"


def _may_have_gpu() -> bool:
    """Tell whether torch has to be asked: False where it is not installed or has nothing to find."""
    if importlib.util.find_spec("torch") is None:
        return False
    # AMD's driver has one device for all of its GPUs; elsewhere there are no such files.
    return not sys.platform.startswith("linux") or gpu_present() or Path("/dev/kfd").exists()


def _cuda_unusable(version: str, cuda: str | None) -> EngineUnavailable:
    """Return the error for a GPU that torch can't use, with the driver that it wants."""
    driver = driver_version()
    if cuda is None:
        advice = Message("engine.cuda_cpu_torch")
        problem = f"torch {version} has no CUDA"
    else:
        advice = Message("engine.cuda_old_driver", {"wanted": cuda, "driver": driver})
        problem = f"torch {version} wants CUDA {cuda}, the driver is {driver}"
    return EngineUnavailable("engine.cuda_unusable", detail=problem, problem=problem, advice=advice)


def driver_version() -> str:
    """Return the NVIDIA driver's version as the kernel states it, "unknown" where it does not."""
    try:
        first = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
    numbers = re.findall(r"\b\d{3,}\.\d+(?:\.\d+)?\b", first)
    return numbers[0] if numbers else "unknown"


def choose_dtype(choice: DtypeChoice, device: str) -> torch.dtype:
    """Return the precision for the device: bf16 where the GPU has it, else fp16; fp32 on a CPU."""
    import torch

    if choice != "auto":
        named: dict[str, torch.dtype] = {
            "float32": torch.float32,
            "bfloat16": torch.bfloat16,
            "float16": torch.float16,
        }
        return named[choice]
    if device == "cpu":
        return torch.float32
    major, _ = torch.cuda.get_device_capability()
    return torch.bfloat16 if major >= 8 else torch.float16


def error_kind(error: BaseException) -> ErrorKind:
    """Distinguish lack of memory, a dead CUDA context and everything else.

    cuDNN and cuBLAS report lack of memory as plain `RuntimeError` with texts of their own; their
    "internal error" is most often that; a second try shows. After any other CUDA error the context
    answers every later call with the same error.
    """
    if isinstance(error, MemoryError):
        return "memory"
    if not isinstance(error, RuntimeError):
        return "other"
    text = str(error).lower()
    if type(error).__name__ == "OutOfMemoryError" or any(part in text for part in _MEMORY_TEXTS):
        return "memory"
    if type(error).__name__ == "AcceleratorError" or any(part in text for part in _DEAD_TEXTS):
        return "dead"
    return "other"


def release_memory(error: BaseException | None = None) -> None:
    """Give unused device memory back.

    Args:
        error: an exception whose traceback pins the tensors of the frames that it passed; the
            locals of those frames are dropped.
    """
    if error is not None:
        traceback.clear_frames(error.__traceback__)
    gc.collect()
    torch_module = sys.modules.get("torch")
    if torch_module is not None and torch_module.cuda.is_initialized():
        torch_module.cuda.empty_cache()


def free_device_bytes() -> int:
    """Return the bytes that can still be allocated on the GPU; 0 where none is in use."""
    torch_module = sys.modules.get("torch")
    if torch_module is None or not torch_module.cuda.is_initialized():
        return 0
    free: int = torch_module.cuda.mem_get_info()[0]
    reserved: int = torch_module.cuda.memory_reserved()
    allocated: int = torch_module.cuda.memory_allocated()
    return free + reserved - allocated


def stream_with_smaller(
    name: str,
    settings: Sequence[Setting],
    open_stream: Callable[[Setting, int], Iterator[Result]],
    on_smaller: Callable[[Setting, Setting], None],
) -> Iterator[Result]:
    """Yield the results of a stream; out of memory, go on with the next smaller setting.

    Args:
        name: the engine, for the error's text.
        settings: the wanted setting, then each smaller one, largest first.
        open_stream: `open_stream(setting, done)` starts a fresh stream, with fresh recurrent state,
            that goes on after `done` results.
        on_smaller: is given (from, to) before a further stream: it must notify the user.

    Raises:
        OutOfGpuMemory: the smallest setting did not fit either.
        GpuUnhealthy: the CUDA context is dead.
    """
    done = 0
    failure = ""
    for index, setting in enumerate(settings):
        if index:
            on_smaller(settings[index - 1], setting)
        kind: ErrorKind = "other"
        try:
            for result in open_stream(setting, done):
                done += 1
                yield result
            return
        except (RuntimeError, MemoryError, OutOfGpuMemory) as error:
            kind = "memory" if isinstance(error, OutOfGpuMemory) else error_kind(error)
            if kind == "other":
                raise
            failure = f"{type(error).__name__}: {error}"
            traceback.clear_frames(error.__traceback__)
        # Out of the except block: the error, and with it what its traceback pinned, is gone.
        if kind == "dead":
            raise GpuUnhealthy("engine.gpu_unhealthy", detail=failure)
        release_memory()
    raise OutOfGpuMemory("engine.no_smaller", name=name, detail=failure)
