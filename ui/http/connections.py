"""Limits on connections that uvicorn does not have: read and write time-outs, and a cap by address.

A silent or very slow connection costs a descriptor for nothing; enough of them, and nobody else gets
in. `limit_connections` has a started server use the protocol class below for every new connection.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from config import Settings
from ui.http.clients import network_address

logger = logging.getLogger(__name__)

RESERVED_DESCRIPTORS = 200
"""Descriptors kept for files and FFmpeg's pipes when connections are capped."""
STOP_S = 2
"""Seconds that requests have to end when the server stops."""
WRITE_STALL_S = 120.0
"""Seconds that a client may take nothing of an answer of which the buffer is full."""


class ConnectionTable:
    """All open connections, so that one client's can't take every descriptor.

    Args:
        most: connections at a time, over all addresses.
        most_by_address: connections at a time of one address.
        shared_addresses: addresses that stand for many clients, as a proxy's: only `most` counts.
    """

    def __init__(
        self, most: int, most_by_address: int, shared_addresses: frozenset[str] = frozenset()
    ) -> None:
        self._most = most
        self._most_by_address = most_by_address
        self._shared = shared_addresses
        self._by_address: Counter[str] = Counter()
        self._waiting: OrderedDict[LimitedProtocol, None] = OrderedDict()
        self._count = 0

    def enter(self, connection: LimitedProtocol) -> bool:
        """Count a new connection; False when it has to go.

        When all places are taken, the connection that has been waiting longest for a request gives way.
        """
        address = connection.address
        is_over = address not in self._shared and self._by_address[address] >= self._most_by_address
        if not is_over and self._count >= self._most:
            oldest = next(iter(self._waiting), None)
            if oldest is None:
                is_over = True
            else:
                self.set_waiting(oldest, is_waiting=False)
                oldest.drop("another connection needs its place")
        self._count += 1
        self._by_address[address] += 1
        return not is_over

    def leave(self, connection: LimitedProtocol) -> None:
        """Stop counting a connection that is closed."""
        self.set_waiting(connection, is_waiting=False)
        self._count -= 1
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address]

    def set_waiting(self, connection: LimitedProtocol, *, is_waiting: bool) -> None:
        """Note whether the server waits for a request on the connection."""
        self._waiting.pop(connection, None)
        if is_waiting:
            self._waiting[connection] = None


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may take: seconds for a request's head, and bytes a second for a body."""

    head_s: float
    body_bytes_per_s: int
    body_window_s: float
    table: ConnectionTable


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol with deadlines; `limits` is set on a subclass for each server."""

    limits: ConnectionLimits

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.address = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None
        self._body_bytes = 0
        self._is_counted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and start waiting for its first request."""
        super().connection_made(transport)
        self.address = network_address(self.client[0]) if self.client else ""
        self._is_counted = True
        if self.limits.table.enter(self):
            self._wait_for_head()
        else:
            self.drop("too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection."""
        self._cancel_deadlines()
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self.limits.table.leave(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and set the deadline for what comes next."""
        was_waiting = self._is_waiting_for_head()
        self._body_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._is_waiting_for_head():
            if not was_waiting:
                self._wait_for_head()
        elif was_waiting:
            self.limits.table.set_waiting(self, is_waiting=False)
            self._set_deadline(self.limits.body_window_s, self._check_body)
            self._body_bytes = 0

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that nobody wants any more."""
        super().on_response_complete()
        if not self.transport.is_closing() and self._is_waiting_for_head():
            self._wait_for_head()

    def pause_writing(self) -> None:
        """Give a client that takes nothing of its answer a while."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(
            WRITE_STALL_S, self.drop, "it takes nothing of its answer"
        )

    def resume_writing(self) -> None:
        """The client takes bytes again."""
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def shutdown(self) -> None:
        """Let answers end, but wait for no body that is still on its way."""
        if self.conn.their_state is h11.SEND_BODY:
            self.drop("the server stops")
        else:
            super().shutdown()

    def drop(self, reason: str) -> None:
        """End the connection at once."""
        self._cancel_deadlines()
        if not self.transport.is_closing():
            logger.info("a connection of %s is closed: %s", self.address, reason)
            self.transport.abort()

    def _is_waiting_for_head(self) -> bool:
        return self.conn.their_state is h11.IDLE

    def _wait_for_head(self) -> None:
        self.limits.table.set_waiting(self, is_waiting=True)
        self._set_deadline(self.limits.head_s, self.drop, "no request came in time")

    def _check_body(self) -> None:
        """Once in a window: a body that is being waited for must have come on by its share.

        A connection that became a WebSocket has another protocol by now, which is told of its end: it stops
        counting here.
        """
        if self.transport.is_closing():
            self._leave()
            return
        is_sending = self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused
        is_answered = self.cycle is not None and self.cycle.response_complete
        wanted_bytes = self.limits.body_bytes_per_s * self.limits.body_window_s
        if is_sending and (is_answered or self._body_bytes < wanted_bytes):
            self.drop("its request's body comes too slowly, or after the answer")
            return
        self._body_bytes = 0
        self._set_deadline(self.limits.body_window_s, self._check_body)

    def _set_deadline(self, seconds: float, action: Any, *arguments: object) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, action, *arguments)

    def _cancel_deadlines(self) -> None:
        for handle in (self._deadline, self._write_deadline):
            if handle is not None:
                handle.cancel()
        self._deadline = self._write_deadline = None


def limit_connections(server: Any, settings: Settings) -> None:
    """Have a started uvicorn server limit its connections from now on."""
    table = ConnectionTable(
        _most_connections(settings),
        settings.connections_per_client,
        frozenset(map(network_address, settings.trusted_proxies)),
    )
    limits = ConnectionLimits(
        settings.request_head_timeout_s,
        settings.least_upload_bytes_per_s,
        settings.request_body_window_s,
        table,
    )

    class ServedProtocol(LimitedProtocol):
        """Limited as this server's settings say."""

    ServedProtocol.limits = limits
    server.config.http_protocol_class = ServedProtocol
    server.config.timeout_graceful_shutdown = STOP_S


def _most_connections(settings: Settings) -> int:
    """Return the cap over all addresses; the limit on descriptors is raised as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    room = soft - RESERVED_DESCRIPTORS if soft > 0 else settings.most_connections
    return max(min(settings.most_connections, room // 2), 16)
