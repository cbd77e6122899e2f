"""Check the text of a prompt for SAM 3 before any model runs; knows no tensors."""

from __future__ import annotations

import re

from utils.errors import UnusablePrompt

_NOT_ENGLISH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Kana, CJK ideographs, Hangul: the text encoder sees them as byte fragments, and its result is meaningless."""


def check_text(text: str) -> str:
    """Return the phrase, trimmed, that SAM 3's English text encoder can take.

    Raises:
        UnusablePrompt: it is empty or not English.
    """
    phrase = " ".join(text.split())
    if not phrase:
        raise UnusablePrompt("prompt.empty")
    if _NOT_ENGLISH.search(phrase):
        raise UnusablePrompt("prompt.text_not_english", text=phrase[:60])
    return phrase
