"""What a service's reply means, and the error that says so, without the key should the service repeat it."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from engines.remote.answers import Answer
from utils.errors import ServiceFailed

_LONGEST_REASON = 200
_LONGEST_READ = 20_000
"""Characters of what a service says that are looked at."""
_NAMES = {
    401: "bad_key",
    402: "no_credit",
    403: "bad_key",
    404: "gone",
    410: "gone",
    413: "too_large",
    429: "busy",
}
"""Errors by the status of the reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was read; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Replies:
    """Reads the replies of one service.

    Args:
        title: the service's name for error texts.
        key_headers: headers with the key, which no text may repeat.
    """

    title: str
    key_headers: Mapping[str, str]

    def json(self, reply: Reply) -> Answer:
        """Return a reply's JSON.

        Raises:
            ServiceFailed: it is none, or nested too deeply.
        """
        try:
            return json.loads(reply.content)
        except (ValueError, RecursionError) as error:
            raise self.failed("not_understood", error) from error

    def check(self, reply: Reply) -> None:
        """Raise what a reply of 300 and above means; a redirect of what must not be sent twice is a refusal."""
        code = reply.status
        if code < 300:
            return
        name = _NAMES.get(code, "service_failed" if code >= 500 else "refused")
        said = f"{code} {self.clean(reply.content.decode('utf-8', 'replace'))}"
        error = self.failed(name, reason=said) if name == "refused" else self.failed(name)
        error.detail = said
        raise error

    def clean(self, text: str) -> str:
        """Return what a service says, short, printable, and without the key."""
        text = text[:_LONGEST_READ]
        for value in self.key_headers.values():
            text = text.replace(value, "…").replace(value.rpartition(" ")[2], "…")
        shown = "".join(character for character in text if character.isprintable())
        return shown[:_LONGEST_REASON]

    def failed(
        self, name: str, cause: Exception | None = None, **values: str | int | float
    ) -> ServiceFailed:
        """Return the error of that name, `remote.<name>` in the catalogue."""
        detail = f"{type(cause).__name__}: {self.clean(str(cause))}" if cause else ""
        return ServiceFailed(f"remote.{name}", detail=detail, service=self.title, **values)


def retry_after_s(text: str, otherwise: float) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3): a number, or a date."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return otherwise
