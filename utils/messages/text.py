"""The value type of the catalogue: one text in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in English and Chinese; `str.format` placeholders are the same in all.

    `page_en` is what the page says where `en` names options of the command line, which speaks English alone.
    """

    en: str
    zh: str
    page_en: str = ""

    def in_language(self, language: Language) -> str:
        """Return the template that the page shows in the language."""
        return self.zh if language == "zh" else self.page_en or self.en
