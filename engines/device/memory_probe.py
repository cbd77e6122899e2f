"""Probes that read a device's memory (tests use fake ones), and the file of measured peaks."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from engines.device.placement import release_memory
from utils.partial_names import own_partial_path


class MemoryProbe(Protocol):
    """Reads one device's memory. All figures are bytes."""

    is_gpu: bool
    """True for a card: only engines of this process use its memory, so a peak is attributable."""

    def capacity_bytes(self, held_bytes: int) -> int:
        """Return what this process may use in all, where its engines hold `held_bytes` already."""

    def allocated_bytes(self) -> int:
        """Return what is in use now."""

    def reset_peak(self) -> None:
        """Begin a new measurement of the peak."""

    def peak_bytes(self) -> int:
        """Return the most in use since `reset_peak`."""

    def release(self) -> None:
        """Give back what is cached but unused."""


class CudaProbe:
    """The current CUDA device; make it only when a model is about to load."""

    is_gpu = True

    def capacity_bytes(self, held_bytes: int) -> int:
        """Free on the card plus what PyTorch holds of it; `held_bytes` is within the latter."""
        import torch

        free: int = torch.cuda.mem_get_info()[0]
        reserved: int = torch.cuda.memory_reserved()
        return free + reserved

    def allocated_bytes(self) -> int:
        """Bytes of live tensors."""
        import torch

        return int(torch.cuda.memory_allocated())

    def reset_peak(self) -> None:
        """See `MemoryProbe`."""
        import torch

        torch.cuda.reset_peak_memory_stats()

    def peak_bytes(self) -> int:
        """Most bytes of live tensors."""
        import torch

        return int(torch.cuda.max_memory_allocated())

    def release(self) -> None:
        """Collect garbage, then empty PyTorch's cache."""
        release_memory()


class RamProbe:
    """The machine's main memory; the figures are the whole process's, decoder and encoders included."""

    is_gpu = False

    def capacity_bytes(self, held_bytes: int) -> int:
        """Memory available to new programs plus what the engines hold."""
        import psutil

        return int(psutil.virtual_memory().available) + held_bytes

    def allocated_bytes(self) -> int:
        """Resident bytes of the process."""
        import psutil

        return int(psutil.Process().memory_info().rss)

    def reset_peak(self) -> None:
        """Reset the kernel's high-water mark, where there is one."""
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """The kernel's high-water mark of resident bytes, else the resident bytes now."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return self.allocated_bytes()

    def release(self) -> None:
        """Collect garbage."""
        release_memory()


@dataclass(frozen=True, slots=True)
class MeasuredPeak:
    """The most an engine was measured to use on a device, in bytes; 0 where not measured yet."""

    weight_bytes: int = 0
    working_bytes: int = 0
    device: str = ""


class PeakRecords:
    """Measured peaks by engine, kept in a small file so that another process can show them."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._peaks: dict[str, MeasuredPeak] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            if path is not None:
                loaded = json.loads(path.read_text(encoding="utf-8"))
                self._peaks = {name: MeasuredPeak(**entry) for name, entry in loaded.items()}

    def get(self, name: str) -> MeasuredPeak:
        """Return the engine's peak, zeros where nothing was measured."""
        return self._peaks.get(name, MeasuredPeak())

    def record(
        self, name: str, device: str, *, weight_bytes: int = 0, working_bytes: int = 0
    ) -> None:
        """Raise the engine's peak; figures of another device are replaced."""
        old = self.get(name)
        if old.device != device:
            old = MeasuredPeak(device=device)
        new = MeasuredPeak(
            max(old.weight_bytes, weight_bytes), max(old.working_bytes, working_bytes), device
        )
        if new == self._peaks.get(name):
            return
        self._peaks[name] = new
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._write(self._path)

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = own_partial_path(path)  # every worker of the folder keeps its peaks here
        partial.write_text(
            json.dumps({name: asdict(peak) for name, peak in self._peaks.items()}, indent=1),
            encoding="utf-8",
        )
        partial.replace(path)
