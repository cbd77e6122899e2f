"""Which port of an address a server can listen on, and what to do where it can't."""

from __future__ import annotations

import errno
import socket

from utils.types import Message

_NOT_OURS = (errno.EADDRNOTAVAIL, socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL)
"""Codes for an address of another machine, or a name of none."""


def free_port(host: str, port: int) -> int:
    """Return the port to listen on, 0 meaning any that is free.

    Raises:
        OSError: another program listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        return int(listener.getsockname()[1])


def listening_advice(error: OSError) -> Message:
    """Return what to do after an error of `free_port`."""
    if error.errno in _NOT_OURS:
        return Message("server.address_foreign")
    if error.errno == errno.EACCES:
        return Message("server.port_denied")
    return Message("server.port_taken")
