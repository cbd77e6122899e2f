"""Which language a page speaks, and values put into words; the texts are in `utils.messages`."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from utils.messages import CATALOGUE, Language, render
from utils.types import Message


def choose_language(tags: str, setting: str = "auto") -> Language:
    """Return the language for a browser's list of tags ("zh-HK,en"); the first known one wins.

    Args:
        setting: "en" or "zh" fixes the language; "auto" follows the browser.
    """
    if setting in ("en", "zh"):
        return "zh" if setting == "zh" else "en"
    for tag in tags.replace("_", "-").split(","):
        primary = tag.split(";")[0].strip().split("-")[0].lower()
        if primary in ("zh", "en"):
            return "zh" if primary == "zh" else "en"
    return "en"


def as_language(value: object) -> Language:
    """Return the value as a language; anything unknown is English."""
    return "zh" if value == "zh" else "en"


def translate(code: str, language: Language, **params: str | int | float) -> str:
    """Return a catalogue text in the language."""
    return render(Message(code, dict(params)), language)


def widget_texts(group: str, language: Language) -> dict[str, str]:
    """Return the templates of a widget ("viewer", "recent", …) by their short names."""
    prefix = f"page.{group}."
    return {
        code[len(prefix) :]: text.in_language(language)
        for code, text in CATALOGUE.items()
        if code.startswith(prefix)
    }


def sentences(parts: Iterable[str], language: Language) -> str:
    """Return sentences one after another, empty ones left out; Chinese puts no space after a full stop."""
    return ("" if language == "zh" else " ").join(filter(None, parts))


def listed(items: Iterable[str], language: Language) -> str:
    """Return a list of words in a line."""
    return ("、" if language == "zh" else ", ").join(items)


def more(count: int, shown: int) -> str:
    """Return how many of a list's items are not shown, "" for none."""
    return f"(+{count - shown})" if count > shown else ""


def about(name: str, said: str, language: Language) -> str:
    """Return what is said of something with its name before it."""
    return f"{name}：{said}" if language == "zh" else f"{name}: {said}"


def shown_bytes(size_bytes: int) -> str:
    """Return a size for people, in binary units."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def shown_fps(fps: Fraction) -> str:
    """Return a frame rate with at most three decimals."""
    return f"{float(fps):.3f}".rstrip("0").rstrip(".")
