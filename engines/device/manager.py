"""Leases engines: loads them on first use and evicts idle ones to fit the memory budget; knows no jobs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from engines.base import Engine
from engines.device.capacity import DeviceCapacity
from engines.device.memory_budget import EngineState, Entry, Lease, MemoryBudget, Wanted
from engines.device.memory_probe import MeasuredPeak, MemoryProbe, PeakRecords
from engines.device.placement import DeviceChoice, error_kind, release_memory
from utils.errors import (
    Cancelled,
    EngineUnavailable,
    GpuUnhealthy,
    OutOfGpuMemory,
    SplazmatteError,
)

_POLL_S = 0.25
"""How often a waiting lease looks at its cancel event."""


class Engines(Protocol):
    """What the manager needs of the registry."""

    @property
    def names(self) -> tuple[str, ...]:
        """All engine names."""

    def get(self, name: str) -> Engine:
        """Return the engine of that name."""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine in the memory budget; sizes in bytes, `measured_*` 0 where nothing was measured yet.

    `working_bytes` is what is reserved for its live leases, `measured_peak_bytes` the most that one lease
    took beside the weights, on `measured_device`.
    """

    name: str
    state: EngineState
    weight_bytes: int
    working_bytes: int
    leases: int
    measured_weight_bytes: int
    measured_peak_bytes: int
    measured_device: str

    @property
    def loaded(self) -> bool:
        """True while the engine can be leased without loading."""
        return self.state is EngineState.LOADED


class ModelManager:
    """Leases engines and keeps a memory budget of declared bytes, corrected by what was measured.

    Reserved are the weights of every engine on the device, the working bytes of live leases and the
    headroom; a lease is granted only where all of it fits the capacity. A leased engine is never
    evicted. Two locks: the budget's is held for microseconds, the building lock for one load at a time
    (`from_pretrained` patches torch process-wide), so a lease of a loaded engine never waits for a load.

    Args:
        registry: engines by name.
        device: "auto", "cpu" or "cuda"; resolved at the first load, not here.
        headroom_bytes: GPU bytes left to other programs.
        memory: the device's memory; None chooses by the device at the first load.
        peaks: where measured peaks are kept.
        wait_s: seconds a lease waits for other leases to end before it gives up.
    """

    def __init__(
        self,
        registry: Engines,
        *,
        device: DeviceChoice = "auto",
        headroom_bytes: int = 0,
        memory: MemoryProbe | None = None,
        peaks: PeakRecords | None = None,
        wait_s: float = 60.0,
    ) -> None:
        self._registry = registry
        self._capacity = DeviceCapacity(device, headroom_bytes, memory, peaks)
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._building = threading.Lock()
        self._budget = MemoryBudget()
        self._healthy = True
        self._closed = False

    @property
    def device(self) -> str:
        """Where engines run, "cpu" or "cuda"; before the first load a guess that touches no CUDA."""
        return self._capacity.device

    @property
    def healthy(self) -> bool:
        """False once the CUDA context has died: only a new process helps."""
        return self._healthy

    @contextlib.contextmanager
    def lease(
        self,
        name: str,
        working_bytes: int | None = None,
        size_wh: tuple[int, int] = (1920, 1080),
        *,
        wait_s: float | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Engine]:
        """Lease an engine, loaded, for the length of the `with` block.

        Don't take a second lease inside the block unless both fit at once: it may wait for the first.

        Args:
            name: the engine's name in the registry.
            working_bytes: device bytes the work needs beside the weights; None asks the engine, which may
                want more where it is free: `reserved_for` tells what it got.
            size_wh: frame size in pixels that the engine is asked about.
            wait_s: seconds to wait for other leases to end; None takes the manager's.
            cancel: ends the waiting early.

        Raises:
            OutOfGpuMemory: it does not fit, also with every idle engine gone; with the numbers.
            GpuUnhealthy: the CUDA context is dead.
            EngineUnavailable: a requirement is missing, or the process is stopping.
            ModelFilesError: a file is damaged or of another model.
            Cancelled: cancelled while waiting.
        """
        entry = self._entry(name)
        if entry.weight_bytes and not self._capacity.is_resolved:
            with self._building:
                self._capacity.resolve()
        wanted = self._wanted(entry, working_bytes, size_wh)
        deadline = time.monotonic() + (self._wait_s if wait_s is None else wait_s)
        lease = self._acquire(entry, wanted, deadline, cancel)
        failure: SplazmatteError | None = None
        try:
            yield entry.engine
        except (RuntimeError, MemoryError) as error:
            failure = self._translate(error, lease)
            if failure is None:
                raise
        except GpuUnhealthy:
            self._healthy = False
            raise
        finally:
            self._release(lease)
        if failure is not None:
            raise failure

    def status(self) -> list[EngineStatus]:
        """Return every engine of the registry; never waits for a load, touches no weights."""
        entries = [self._entry(name) for name in self._registry.names]
        with self._changed:
            return [self._status(entry) for entry in entries]

    def measured(self, name: str) -> MeasuredPeak:
        """Return the most an engine was measured to take, also by earlier processes."""
        return self._capacity.measured(name)

    def reserved_bytes(self) -> int:
        """Return the bytes reserved now, the headroom left out."""
        with self._changed:
            return self._budget.reserved_bytes()

    def reserved_for(self, name: str) -> int:
        """Return the bytes reserved for an engine's live leases, beside its weights."""
        with self._changed:
            return self._budget.entries[name].working_bytes

    def lease_count(self) -> int:
        """Return how many leases are live, over all engines."""
        with self._changed:
            return len(self._budget.live)

    def release_working_memory(self) -> None:
        """Have every loaded engine that is not leased give back what finished calls left behind; weights stay."""
        with self._changed:
            idle = [entry.engine for entry in self._budget.entries.values() if entry.idle]
        for engine in idle:
            engine.release_memory()

    def unload_idle(self) -> None:
        """Unload every engine that is not leased."""
        while True:
            with self._changed:
                victim = self._budget.next_victim()
                if victim is None:
                    return
                victim.state = EngineState.UNLOADING
            self._evict(victim)

    def close(self, wait_s: float = 10.0) -> None:
        """Refuse new leases, wait for the live ones to end, then unload what is idle."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._budget.live, timeout=wait_s)
        self.unload_idle()

    def _entry(self, name: str) -> Entry:
        engine = self._registry.get(name)
        with self._changed:
            entry = self._budget.entries.setdefault(name, Entry(name, engine))
            if entry.state is EngineState.ABSENT:
                entry.weight_bytes = engine.weight_bytes
            return entry

    def _status(self, entry: Entry) -> EngineStatus:
        peak = self._capacity.measured(entry.name)
        return EngineStatus(
            name=entry.name,
            state=entry.state,
            weight_bytes=entry.weight_bytes,
            working_bytes=entry.working_bytes,
            leases=entry.leases,
            measured_weight_bytes=peak.weight_bytes,
            measured_peak_bytes=peak.working_bytes,
            measured_device=peak.device,
        )

    def _wanted(self, entry: Entry, working_bytes: int | None, size_wh: tuple[int, int]) -> Wanted:
        if entry.weight_bytes == 0:
            return Wanted(0)  # no weights: it works in main memory, not on the device
        if working_bytes is not None:
            return Wanted(working_bytes)
        least = entry.engine.working_bytes(size_wh)
        more = entry.engine.wanted_bytes(size_wh) - least
        if more <= 0:
            return Wanted(least)
        with self._changed:
            others = [one for one in self._budget.others_on_device(entry) if not one.leases]
        return Wanted(least, more, sum(one.engine.working_bytes(size_wh) for one in others))

    def _acquire(
        self, entry: Entry, wanted: Wanted, deadline: float, cancel: threading.Event | None
    ) -> Lease:
        while True:
            with self._changed:
                step = self._next_step(entry, wanted, deadline, cancel)
            if isinstance(step, Entry):
                self._evict(step)
            elif step is not None:
                self._load_for(step)
                return step

    def _next_step(
        self, entry: Entry, wanted: Wanted, deadline: float, cancel: threading.Event | None
    ) -> Lease | Entry | None:
        """Return the reserved lease, an engine to evict first, or None after waiting for a change."""
        self._check_open()
        if cancel is not None and cancel.is_set():
            raise Cancelled
        if entry.state in (EngineState.LOADING, EngineState.UNLOADING):
            self._changed.wait(_POLL_S)
            return None
        working = self._working_bytes(entry, wanted.working_bytes)
        need = self._budget.need_bytes(entry, working)
        reserved = self._budget.reserved_bytes()
        usable = self._usable_bytes()
        if need == 0 or reserved + need <= usable:
            spare = usable - reserved - need - wanted.others_bytes
            more = max(0, min(wanted.more_bytes - (working - wanted.working_bytes), spare))
            return self._budget.reserve(entry, working + more, wanted.working_bytes + more)
        if not self._budget.is_unloading():
            victim = self._budget.victim_for(entry, need, usable)
            if victim is not None:
                victim.state = EngineState.UNLOADING
                return victim
            by_itself = working + entry.weight_bytes
            if by_itself > usable or time.monotonic() >= deadline:
                raise self._capacity.out_of_memory_error(entry.name, need, usable - reserved)
        self._changed.wait(_POLL_S)
        return None

    def _working_bytes(self, entry: Entry, declared: int) -> int:
        """Return the bytes to reserve: as corrected, but no more than the device has beside the weights.

        A correction is an estimate and must not lock an engine out for which the declared bytes fit.
        """
        most = self._usable_bytes() - entry.weight_bytes
        return max(declared, min(int(declared * entry.correction), most))

    def _usable_bytes(self) -> int:
        """Return the bytes that may be reserved in all. The caller holds the lock."""
        return self._capacity.usable_bytes(
            self._budget.reserved_bytes(), self._budget.outside_bytes()
        )

    def _load_for(self, lease: Lease) -> None:
        """Load the lease's engine where it was absent; on failure nothing of it stays reserved."""
        entry = lease.entry
        if entry.state is EngineState.LOADED:
            self._capacity.begin(lease)
            return
        before = self._capacity.memory.allocated_bytes()
        loaded = False
        try:
            with self._building if entry.weight_bytes else contextlib.nullcontext():
                self._load(entry)
            loaded = True
        finally:
            with self._changed:
                entry.state = EngineState.LOADED if loaded else EngineState.ABSENT
                if not loaded:
                    self._budget.release(lease)
                self._changed.notify_all()
        declared = self._capacity.note_weights(lease, before)
        with self._changed:
            # An engine in a process of its own knows only now what that takes.
            entry.weight_bytes = max(declared, entry.engine.weight_bytes)
        self._capacity.begin(lease)

    def _load(self, entry: Entry) -> None:
        """Load, and once more with every idle engine gone where memory was short."""
        for last_try in (False, True):
            error = self._try_load(entry)
            if error is None:
                return
            kind = error_kind(error)
            if kind == "dead":
                self._healthy = False
                raise GpuUnhealthy("engine.gpu_unhealthy", detail=str(error))
            if kind != "memory" and not isinstance(error, OutOfGpuMemory):
                raise error
            if last_try:
                free = self._capacity.usable_bytes(0)
                raise self._capacity.out_of_memory_error(
                    entry.name, entry.weight_bytes, free, str(error)
                )
            self.unload_idle()

    def _try_load(self, entry: Entry) -> Exception | None:
        """Return what went wrong, out of the except block: its traceback would pin tensors."""
        try:
            entry.engine.load_model(self.device)
            return None
        except Exception as error:
            caught = error
        except BaseException:
            entry.engine.unload()
            raise
        release_memory(caught)
        entry.engine.unload()
        self._capacity.memory.release()
        return caught

    def _evict(self, victim: Entry) -> None:
        try:
            victim.engine.unload()
            self._capacity.memory.release()
        finally:
            with self._changed:
                victim.state = EngineState.ABSENT
                self._changed.notify_all()

    def _release(self, lease: Lease) -> None:
        with self._changed:
            self._capacity.end(lease)
            self._budget.release(lease)
            self._changed.notify_all()

    def _translate(self, error: Exception, lease: Lease) -> SplazmatteError | None:
        """Return the user's error for a raw GPU error that escaped an engine; None for others."""
        kind = error_kind(error)
        if kind == "other" or (kind == "dead" and self.device != "cuda"):
            return None
        detail = f"{type(error).__name__}: {error}"
        release_memory(error)
        if kind == "dead":
            self._healthy = False
            return GpuUnhealthy("engine.gpu_unhealthy", detail=detail)
        with self._changed:
            reserved = self._budget.reserved_bytes()
            free = self._usable_bytes() - reserved + lease.working_bytes
        return self._capacity.out_of_memory_error(
            lease.entry.name, lease.working_bytes, free, detail
        )

    def _check_open(self) -> None:
        if not self._healthy:
            raise GpuUnhealthy("engine.gpu_unhealthy")
        if self._closed:
            raise EngineUnavailable("engine.closing")
