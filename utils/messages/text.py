"""The value type of the catalogue: one text in both languages."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """One text in English and Chinese; placeholders have the same names in all, those of `fill`.

    `page_en` is what the page says where `en` names options of the command line, which speaks English alone.
    """

    en: str
    zh: str
    page_en: str = ""

    def in_language(self, language: Language) -> str:
        """Return the template that the page shows in the language."""
        return self.zh if language == "zh" else self.page_en or self.en


class _Words(string.Formatter):
    """`{count:frame|frames}` gives "1 frame" or "2 frames", `{names:、}` puts 、 for the ", " of a list."""

    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == "、":
            return str(value).replace(", ", format_spec)
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, several = format_spec.split("|")
        return f"{value} {one if str(value) == '1' else several}"


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its placeholders filled in; of `{count:frame|frames}` the first word stands after 1.

    `{names:、}` separates a list's items as Chinese does.

    Raises:
        KeyError: a value is missing.
    """
    return _Words().vformat(template, (), values)
