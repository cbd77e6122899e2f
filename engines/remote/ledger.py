"""What was spent on services: a file of lines, sums by day and month, and the budget; sends nothing.

Each line is one JSON object: time, service, US dollars, and why. An estimate is written before a job is
sent, so that two jobs can't both take the last of a budget; what it really cost is written as the difference.
Days and months are those of UTC.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

from utils.errors import BadRequest

Why = Literal["sent", "charged", "refused"]


@dataclass(frozen=True, slots=True)
class Spent:
    """US dollars, this day and this month."""

    day: float
    month: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file of costs, shared by every process on this workspace.

    Args:
        path: the file.
        day_usd, month_usd: the budget over all services.
    """

    path: Path
    day_usd: float
    month_usd: float

    def spent(self, service: str = "") -> Spent:
        """Return what was spent on a service, or on all of them."""
        try:
            content = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Spent(0.0, 0.0)
        return _sum(content, service)

    def check(self, usd: float) -> None:
        """Raise where the budget doesn't allow that much more.

        Raises:
            BadRequest: with the budget and what is left of it.
        """
        self._check(self.spent(), usd)

    def add(self, service: str, usd: float, why: Why, further_usd: float = 0.0) -> None:
        """Write a line; what is about to be sent only within the budget.

        Args:
            further_usd: what the rest of the job will cost, which the budget must allow as well.

        Raises:
            BadRequest: as `check`; nothing was written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            content = stream.read()
            if why == "sent":
                self._check(_sum(content, ""), usd + further_usd)
            line = {
                "at": round(time.time(), 3),
                "service": service,
                "usd": round(usd, 6),
                "why": why,
            }
            # A line that a power cut left unfinished must not take this one with it.
            stream.write(
                ("" if content.endswith("\n") or not content else "\n") + json.dumps(line) + "\n"
            )
            stream.flush()
            os.fsync(stream.fileno())

    def _check(self, spent: Spent, usd: float) -> None:
        for code, limit, used in (
            ("remote.budget_day", self.day_usd, spent.day),
            ("remote.budget_month", self.month_usd, spent.month),
        ):
            if usd > 0 and used + usd > limit + 1e-9:
                raise BadRequest(code, limit=f"{limit:.2f}", spent=f"{used:.2f}", usd=f"{usd:.2f}")


def _sum(content: str, service: str) -> Spent:
    now = datetime.now(timezone.utc)
    day = month = 0.0
    for line in content.splitlines():
        try:
            row = json.loads(line)
            at = datetime.fromtimestamp(row["at"], timezone.utc)
            usd, name = float(row["usd"]), row["service"]
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            continue
        if not math.isfinite(usd):
            continue
        if (at.year, at.month) == (now.year, now.month) and service in ("", name):
            month += usd
            day += usd if at.day == now.day else 0.0
    return Spent(day, month)
