"""The value type of the catalogue: one text in both languages."""

from __future__ import annotations

import math
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


_DURATION_UNITS = {
    "duration": (" h", " min", " min", " s", " "),
    "时长": (" 小时", " 分钟", " 分", " 秒", " "),
}
"""For hours, minutes at the end, minutes before seconds, and seconds; last what stands between two of them."""


def _duration(value: object, language: str) -> str:
    """Return seconds in words: as given below a minute, from then on in minutes, and in hours from an hour on."""
    hour, minute, minute_before, second, between = _DURATION_UNITS[language]
    seconds = round(float(str(value)), 1)
    if seconds < 60 or not math.isfinite(seconds):
        return f"{value}{second}"
    rest = round(seconds % 60, 1)
    minutes = int(seconds // 60)
    parts = [f"{minutes // 60}{hour}"] if minutes >= 60 else []
    if minutes % 60 or (parts and rest):
        parts.append(f"{minutes % 60}{minute_before if rest else minute}")
    if rest:
        parts.append(f"{rest:g}{second}")
    return between.join(parts)


class _Words(string.Formatter):
    """`{count:frame|frames}` gives "1 frame" or "2 frames", `{names:、}` puts 、 for the ", " of a list.

    `{seconds:duration}` gives "4.2 s" or "6 min 30 s", `{seconds:时长}` the same in Chinese.
    """

    def format_field(self, value: object, format_spec: str) -> str:
        if format_spec == "、":
            return str(value).replace(", ", format_spec)
        if format_spec in _DURATION_UNITS:
            return _duration(value, format_spec)
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        one, several = format_spec.split("|")
        return f"{value} {one if str(value) == '1' else several}"


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a template with its placeholders filled in; of `{count:frame|frames}` the first word stands after 1.

    `{names:、}` separates a list's items as Chinese does; `{seconds:duration}` and, in Chinese, `{seconds:时长}`
    have minutes from a minute on.

    Raises:
        KeyError: a value is missing.
    """
    return _Words().vformat(template, (), values)
