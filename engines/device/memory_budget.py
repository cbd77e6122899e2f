"""The memory budget: bytes reserved for each engine and lease, and eviction order; no locks, no loading."""

from __future__ import annotations

import enum
import time
from dataclasses import dataclass, field

from engines.base import Engine


class EngineState(enum.Enum):
    """Where an engine's weights are."""

    ABSENT = "absent"
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"


@dataclass(slots=True, eq=False)
class Entry:
    """One engine in the memory budget.

    `correction` multiplies declared working bytes: as measured / declared, where that was more; it falls
    again with each lease that took less.
    """

    name: str
    engine: Engine
    state: EngineState = EngineState.ABSENT
    weight_bytes: int = 0
    working_bytes: int = 0
    leases: int = 0
    last_used: float = 0.0
    correction: float = 1.0

    @property
    def reserved_bytes(self) -> int:
        """Bytes reserved for this engine and its leases."""
        on_device = self.state is not EngineState.ABSENT
        return self.working_bytes + (self.weight_bytes if on_device else 0)

    @property
    def idle(self) -> bool:
        """True when it is loaded and not leased."""
        return self.state is EngineState.LOADED and self.leases == 0


@dataclass(slots=True, eq=False)
class Lease:
    """One live lease; `exclusive` while no other lease has lived beside it, so that a peak is its own."""

    entry: Entry
    working_bytes: int
    declared_bytes: int
    exclusive: bool
    baseline_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a lease asks for beside the weights, in bytes.

    `working_bytes` it must have. `more_bytes` it takes as well as far as they are free without evicting anybody
    and with `others_bytes` left for a job of each other engine that is loaded.
    """

    working_bytes: int
    more_bytes: int = 0
    others_bytes: int = 0


@dataclass(slots=True)
class MemoryBudget:
    """Declared bytes by engine and lease. The caller holds the lock."""

    entries: dict[str, Entry] = field(default_factory=dict)
    live: list[Lease] = field(default_factory=list)

    def reserved_bytes(self) -> int:
        """Return the bytes reserved now, the headroom left out."""
        return sum(entry.reserved_bytes for entry in self.entries.values())

    def outside_bytes(self) -> int:
        """Return what engines in processes of their own hold of the device."""
        return sum(entry.engine.outside_bytes for entry in self.entries.values())

    def need_bytes(self, entry: Entry, working_bytes: int) -> int:
        """Return the further bytes that a lease of the entry takes."""
        absent = entry.state is EngineState.ABSENT
        return working_bytes + (entry.weight_bytes if absent else 0)

    def reserve(self, entry: Entry, working_bytes: int, declared_bytes: int) -> Lease:
        """Reserve bytes for a new lease; an absent engine is LOADING from here on."""
        for other in self.live:
            other.exclusive = False
        lease = Lease(entry, working_bytes, declared_bytes, exclusive=not self.live)
        self.live.append(lease)
        entry.leases += 1
        entry.working_bytes += working_bytes
        entry.last_used = time.monotonic()
        if entry.state is EngineState.ABSENT:
            entry.state = EngineState.LOADING
        return lease

    def release(self, lease: Lease) -> None:
        """Release the bytes of a lease."""
        self.live.remove(lease)
        lease.entry.leases -= 1
        lease.entry.working_bytes -= lease.working_bytes
        lease.entry.last_used = time.monotonic()

    def others_on_device(self, entry: Entry) -> list[Entry]:
        """Return the other engines whose weights are on the device."""
        return [
            other
            for other in self.entries.values()
            if other is not entry and other.weight_bytes and other.state is not EngineState.ABSENT
        ]

    def next_victim(self) -> Entry | None:
        """Return the idle engine to evict first: least recently used; those that answer clicks come last."""
        idle = [entry for entry in self.entries.values() if entry.idle and entry.weight_bytes]
        return min(idle, key=_eviction_order, default=None)

    def victim_for(self, entry: Entry, need_bytes: int, usable_bytes: int) -> Entry | None:
        """Return the engine to evict so that the need fits; None where evicting can't be enough.

        Args:
            entry: the engine wanted; it is never the victim.
            need_bytes: further bytes wanted.
            usable_bytes: capacity less headroom.
        """
        idle = [e for e in self.entries.values() if e.idle and e.weight_bytes and e is not entry]
        evictable = sum(e.weight_bytes for e in idle)
        if self.reserved_bytes() - evictable + need_bytes > usable_bytes:
            return None
        return min(idle, key=_eviction_order, default=None)

    def is_unloading(self) -> bool:
        """Tell whether an eviction is under way."""
        return any(entry.state is EngineState.UNLOADING for entry in self.entries.values())


def _eviction_order(entry: Entry) -> tuple[bool, float]:
    """Sort engines that find the target last, since every click needs them; else by last use."""
    return entry.engine.preference.segment > 0, entry.last_used
