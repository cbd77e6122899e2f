"""Names that are numbered where others have them already."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count


def numbered_name(stem: str, suffix: str, is_used: Callable[[str], bool]) -> str:
    """Return `stem` and `suffix` as one name, with the least number from 2 on between them where that is used."""
    names = (f"{stem}_{number}{suffix}" if number > 1 else stem + suffix for number in count(1))
    return next(name for name in names if not is_used(name))
