"""Texts about sessions, jobs, disk and progress."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {
    "job.cancelled": Text(en="Cancelled.", zh="已取消。"),
}
