"""The device that engines run on: which one, its usable memory, and the measured peaks of leases."""

from __future__ import annotations

from engines.device.memory_budget import Lease
from engines.device.memory_probe import CudaProbe, MeasuredPeak, MemoryProbe, PeakRecords, RamProbe
from engines.device.placement import DeviceChoice, likely_device, resolve_device
from utils.errors import OutOfGpuMemory

_MEGABYTE = 1_000_000
_FULL_SHARE = 0.95
"""Share of the card's capacity from which a peak counts as "all there was"."""
_CORRECTION_DECAY = 0.7
"""What is left of a correction after a lease that took less."""


class DeviceCapacity:
    """Resolves the device late, so that starting the program touches no CUDA, and measures on it.

    Args:
        choice: "auto", "cpu" or "cuda".
        headroom_bytes: GPU bytes left to other programs.
        memory: the device's memory; None chooses by the device when it is resolved.
        peaks: where measured peaks are kept.
    """

    def __init__(
        self,
        choice: DeviceChoice,
        headroom_bytes: int,
        memory: MemoryProbe | None,
        peaks: PeakRecords | None,
    ) -> None:
        self._choice: DeviceChoice = choice
        self._headroom_bytes = headroom_bytes
        self._memory_given = memory is not None
        self._resolved: str | None = None
        self.memory: MemoryProbe = memory or RamProbe()
        self.peaks = peaks or PeakRecords()

    @property
    def device(self) -> str:
        """Where engines run, "cpu" or "cuda"; before `resolve` a guess from what the machine shows."""
        return self._resolved or likely_device(self._choice)

    @property
    def is_resolved(self) -> bool:
        """True once torch was asked."""
        return self._resolved is not None

    def resolve(self) -> None:
        """Ask torch for the device and choose its probe; once."""
        if self._resolved is not None:
            return
        device = resolve_device(self._choice)
        if not self._memory_given and device == "cuda":
            self.memory = CudaProbe()
        self._resolved = device

    def usable_bytes(self, reserved_bytes: int, outside_bytes: int = 0) -> int:
        """Return the bytes that may be reserved in all, where so many are reserved already.

        Args:
            reserved_bytes: reserved for engines now.
            outside_bytes: what engines in processes of their own hold: reserved as well, but to a card's
                probe another program's.
        """
        capacity = self.memory.capacity_bytes(reserved_bytes)
        return capacity + outside_bytes - self._headroom_bytes if self.memory.is_gpu else capacity

    def begin(self, lease: Lease) -> None:
        """Begin to measure an exclusive lease; a peak of several can't be attributed."""
        if lease.exclusive and lease.entry.weight_bytes:
            self.memory.reset_peak()
            lease.baseline_bytes = self.memory.allocated_bytes()

    def end(self, lease: Lease) -> None:
        """Record a peak that was this lease's own; one above the declared raises later reservations.

        A peak at the edge of the card says what there was, not what was needed: the job ran out of
        memory and went on smaller. It raises nothing.
        """
        if not (lease.exclusive and lease.entry.weight_bytes):
            return
        peak = max(0, self.memory.peak_bytes() - lease.baseline_bytes)
        entry = lease.entry
        self.peaks.record(entry.name, self.device, working_bytes=peak)
        if not self.memory.is_gpu or lease.declared_bytes <= 0:
            return
        falling = 1 + (entry.correction - 1) * _CORRECTION_DECAY
        if self.memory.peak_bytes() >= _FULL_SHARE * self.memory.capacity_bytes(0):
            entry.correction = falling
            return
        entry.correction = max(1.0, falling, peak / lease.declared_bytes)

    def note_weights(self, lease: Lease, before_bytes: int) -> int:
        """Record what a load took, where nothing ran beside it; returns the weights to declare."""
        declared = lease.entry.weight_bytes
        if not (lease.exclusive and declared):
            return declared
        measured = max(0, self.memory.allocated_bytes() - before_bytes)
        self.peaks.record(lease.entry.name, self.device, weight_bytes=measured)
        return max(declared, measured) if self.memory.is_gpu else declared

    def measured(self, name: str) -> MeasuredPeak:
        """Return an engine's measured peak."""
        return self.peaks.get(name)

    def out_of_memory_error(
        self, name: str, need: int, free: int, detail: str = ""
    ) -> OutOfGpuMemory:
        """Return the user's error, with the numbers."""
        return OutOfGpuMemory(
            "engine.no_gpu_memory" if self.memory.is_gpu else "engine.no_memory",
            detail=detail,
            name=name,
            needed_mb=-(-need // _MEGABYTE),
            free_mb=max(0, free) // _MEGABYTE,
        )
