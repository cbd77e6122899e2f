"""Hosts in addresses and names in headers, as HTTP wants them written."""

from __future__ import annotations

from urllib.parse import quote


def in_address(host: str) -> str:
    """Return a host as it stands in an address: IPv6 in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def attachment(name: str) -> str:
    """Return the Content-Disposition that has a browser save an answer under a name (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
