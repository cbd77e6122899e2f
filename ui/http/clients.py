"""Which address stands for a client, and how much each did lately."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable

MOST_CLIENTS = 10_000
"""Client addresses remembered; the oldest are forgotten first."""
IPV6_PREFIX = 64
"""Bits of an IPv6 address that name one client: a machine may choose the rest freely."""


def network_address(host: str) -> str:
    """Return the address that stands for a machine: of IPv6 the /64 network, else the address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:100]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), IPV6_PREFIX), strict=False))


class RecentAmounts:
    """Amounts by client address within a moving window, for instance bytes or wrong passwords."""

    def __init__(self, window_s: float, clock: Callable[[], float]) -> None:
        self._window_s = window_s
        self._clock = clock
        self._entries: dict[str, deque[tuple[float, int, str]]] = {}

    def add(self, client: str, amount: int, label: str = "") -> None:
        """Record an amount of a client."""
        entries = self._entries.pop(client, deque())
        now_s = self._clock()
        if entries and entries[-1][2] == label and now_s - entries[-1][0] < self._window_s / 100:
            _, last, _ = entries.pop()
            amount += last
        entries.append((now_s, amount, label))
        self._entries[client] = entries
        while len(self._entries) > MOST_CLIENTS:
            del self._entries[next(iter(self._entries))]

    def total(self, client: str) -> int:
        """Return the client's sum within the window."""
        entries = self._entries.get(client)
        if entries is None:
            return 0
        horizon_s = self._clock() - self._window_s
        while entries and entries[0][0] <= horizon_s:
            entries.popleft()
        return sum(amount for _, amount, _ in entries)

    def clear(self, client: str, label: str = "") -> None:
        """Forget what a client did under a label."""
        entries = self._entries.get(client)
        if entries is not None:
            kept = deque(entry for entry in entries if entry[2] != label)
            if kept:
                self._entries[client] = kept
            else:
                del self._entries[client]
