"""Whether something still lives, by whether its heartbeats change; no clock but one's own is used."""

from __future__ import annotations

import time
from collections.abc import Callable


class LeaseWatch:
    """Watches counters that grow while their owners live.

    Clocks of machines may differ by minutes, so no time is ever compared with another machine's: an owner
    is dead when its counter has not changed for the lease's seconds on the clock of whoever watches.
    """

    def __init__(self, lease_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_s = lease_s
        self._clock = clock
        self._seen: dict[str, tuple[object, float]] = {}

    def is_dead(self, key: str, sign: object) -> bool:
        """Take the newest heartbeat; return whether it has been the same for too long."""
        now_s = self._clock()
        last = self._seen.get(key)
        if last is None or last[0] != sign:
            self._seen[key] = (sign, now_s)
            return False
        return now_s - last[1] > self._lease_s

    def forget(self, key: str) -> None:
        """Begin again with an owner: nothing was known of it for a while."""
        self._seen.pop(key, None)
