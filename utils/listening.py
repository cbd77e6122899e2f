"""Which port of an address a server can listen on."""

from __future__ import annotations

import socket


def free_port(host: str, port: int) -> int:
    """Return the port to listen on, 0 meaning any that is free.

    Raises:
        OSError: another program listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        return int(listener.getsockname()[1])
