"""The value type of the catalogue: one text in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in English and Chinese; `str.format` placeholders are the same in both."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        """Return the template in the language."""
        return self.zh if language == "zh" else self.en
