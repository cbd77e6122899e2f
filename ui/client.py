"""Who sends a request, as the access control found out; callbacks and routes read it from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    """One sender: the name it signed in with ("" without named users) and its network address."""

    name: str = ""
    address: str = ""
    is_admin: bool = False
    is_signed_in: bool = False

    @property
    def key(self) -> str:
        """What shares are counted by: the user where there are named users, else the address."""
        return self.name or self.address


NOBODY = Client()
"""Stands for a call that came with no request, as in a test of a callback."""


def client_of(request: Any) -> Client:
    """Return the client of a `gr.Request` or of a Starlette request that passed the access control."""
    inner = getattr(request, "request", None) or request
    found = getattr(getattr(inner, "state", None), "client", None)
    return found if isinstance(found, Client) else NOBODY
