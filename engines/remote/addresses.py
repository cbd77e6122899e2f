"""Connections to public addresses only, but for the hosts that the administrator named; knows no services.

A name is resolved once and the connection goes to what was checked, so that no name server can answer
twice. Proxies of the environment are not used: behind one, the check would be of the proxy.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Iterable
from typing import Any

import httpcore
import httpx


class PrivateAddressError(Exception):
    """A name stands for an address of this machine or of the network around it."""


class _TimedStream(httpcore.NetworkStream):
    """A connection whose answers must be whole within a time: a timeout of each read lets headers drip for days."""

    def __init__(self, stream: httpcore.NetworkStream, answer_s: float) -> None:
        self._stream = stream
        self._answer_s = answer_s
        self._asked_s = time.monotonic()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left_s = self._asked_s + self._answer_s - time.monotonic()
        if left_s <= 0:
            raise httpcore.ReadTimeout("the answer takes too long")
        return self._stream.read(max_bytes, left_s if timeout is None else min(timeout, left_s))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)
        self._asked_s = time.monotonic()

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _TimedStream(inner, self._answer_s)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _PublicBackend(httpcore.NetworkBackend):
    """Opens TCP connections to public addresses, and to whatever host and port is in `trusted`."""

    def __init__(self, trusted: Collection[tuple[str, int]], answer_s: float) -> None:
        self._trusted = trusted
        self._answer_s = answer_s
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = host if (host, port) in self._trusted else public_address(host, port)
        stream = self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
        return _TimedStream(stream, self._answer_s)


def public_address(host: str, port: int) -> str:
    """Return an address of the host.

    Raises:
        PrivateAddressError: any of its addresses is not a public one.
        httpcore.ConnectError: the name is unknown.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # a name with a label too long is the latter
        raise httpcore.ConnectError(str(error)) from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not ipaddress.ip_address(address).is_global:
            raise PrivateAddressError(host)
    return addresses[0]


def guarded_transport(trusted: Collection[tuple[str, int]], answer_s: float) -> httpx.HTTPTransport:
    """Return a transport that connects to public addresses and to the trusted hosts and ports alone.

    Args:
        answer_s: seconds within which an answer, headers and body, must have arrived.
    """
    transport = httpx.HTTPTransport(trust_env=False)
    # httpx has no public way to set it; its version is pinned, and a test connects to a private address.
    transport._pool._network_backend = _PublicBackend(trusted, answer_s)
    return transport


def origin_of(url: httpx.URL) -> tuple[str, int]:
    """Return host and port of an address, the scheme's own port where none is given."""
    return url.host, url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
