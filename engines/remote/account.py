"""This installation's relation to a service: key, addresses, price and limits; it sends no clip."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction

import httpx

from engines.base import RunContext
from engines.remote.addresses import origin_of
from engines.remote.answers import lookup
from engines.remote.ledger import Ledger
from engines.remote.replies import Replies
from engines.remote.spec import Service
from engines.remote.store import Store
from engines.remote.wire import Timeouts, Wire
from utils.types import Message


@dataclass(frozen=True, slots=True)
class Account:
    """What a job needs to know of this installation's relation to a service; `key` never leaves its wire."""

    service: Service
    key: str = field(repr=False)
    base: str
    storage: str
    is_private: bool
    model: str
    cost_usd: Callable[[int, Fraction], float]
    ledger: Ledger
    timeouts: Timeouts
    most_bytes: int
    store: Store
    kept_s: float
    webhook_url: str
    """Where the service announces the end of a job; "" where it is only asked."""

    def wire(self, context: RunContext) -> Wire:
        """Return connections for one job; close them."""
        bases = [base for base in (self.base, self.storage) if base]
        return Wire(
            replies=Replies(
                self.service.title,
                {name: text.format(key=self.key) for name, text in self.service.auth.items()},
            ),
            own=tuple(dict.fromkeys(origin_of(httpx.URL(base)) for base in bases)),
            is_private=self.is_private,
            timeouts=self.timeouts,
            most_bytes=self.most_bytes,
            cancel=context.cancel,
        )

    @property
    def values(self) -> dict[str, str]:
        """What the placeholders of the row stand for."""
        return {
            "base": self.base,
            "storage": self.storage,
            "model": self.model,
            "webhook": self.webhook_url,
        }


def examine(account: Account, context: RunContext) -> Message:
    """See `RemoteEngine.examine`."""
    values: dict[str, str | int | float | Message] = {"service": account.service.title}
    if account.service.quota is None:
        return Message("remote.examined_key", values)
    url, where = account.service.quota
    # Somebody waits for the answer: the time that a job may take would be too long.
    brief = replace(account, timeouts=replace(account.timeouts, job_s=20.0))
    with closing(brief.wire(context)) as wire:
        credit = lookup(wire.get(url.format_map(account.values)), where)
        shown = ", ".join(map(str, credit)) if isinstance(credit, list) else str(credit)
        return Message("remote.examined", {**values, "credit": wire.replies.clean(shown)})
