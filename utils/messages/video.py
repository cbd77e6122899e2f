"""Texts about uploads, decoding and encoding."""

from __future__ import annotations

from utils.messages.text import Text

TEXTS: dict[str, Text] = {}
