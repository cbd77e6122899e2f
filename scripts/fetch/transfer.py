"""HTTP downloads that resume: a part file grows until it is whole; the token stays at the hub."""

from __future__ import annotations

import base64
import errno
import http.client
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fetch.checks import BLOCK_BYTES, Expected, require_disk
from fetch.problems import NotThere, Refused, SourceUnavailable

TRIES = 5
TIMEOUT_S = 30
HURRIED_TIMEOUT_S = 10
REPORT_EVERY_S = 2.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: the token must not travel to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Transfer:
    """Opens addresses with retries and appends bodies to part files.

    Args:
        token: sent to `token_host` only; "" for none.
        token_host: host (and port) of the model hub.
        retry_wait_s: seconds before the first retry.
        tries: attempts at an address that does not answer (see `hurry`).
        timeout_s: seconds without a byte before an attempt has failed.
    """

    token: str = ""
    token_host: str = ""
    retry_wait_s: float = 2.0
    tries: int = TRIES
    timeout_s: float = TIMEOUT_S
    _silent_hosts: set[str] = field(default_factory=set)

    def hurry(self, others_left: bool) -> None:
        """Give up on an address after two attempts while another source is left."""
        self.tries = 2 if others_left else TRIES
        self.timeout_s = HURRIED_TIMEOUT_S if others_left else TIMEOUT_S

    def head(self, url: str) -> dict[str, str]:
        """Return the headers of an address, names in lower case; those before a redirect win.

        Raises:
            NotThere: 404. SourceUnavailable: no answer.
            PermissionError: 401 or 403.
        """
        headers: dict[str, str] = {}
        for _ in range(TRIES):
            with self._open(url, "HEAD", 0) as answer:
                headers = {key.lower(): value for key, value in answer.headers.items()} | headers
                onward = (
                    answer.headers.get("Location") if answer.status in range(300, 400) else None
                )
            if onward is None or "x-linked-etag" in headers:
                break
            url = urllib.parse.urljoin(url, onward)
        return headers

    def receive(self, url: str, part: Path, expected: Expected) -> Expected:
        """Append what is missing to the part file; a broken connection is resumed.

        Returns:
            What is expected, completed by the length and MD5 that the server gave with the body.

        Raises:
            Refused: the disk is full. NotThere, SourceUnavailable, PermissionError: as `head`.
        """
        have, stalled = _size_of(part), 0
        while expected.size is None or have < expected.size:
            if stalled:
                time.sleep(self.retry_wait_s)
            with self._open_body(url, have) as answer:
                if answer.status == 416:
                    break
                expected = _completed(expected, answer, have)
                require_disk(part.parent, (expected.size or 0) - have, part.stem)
                try:
                    _append(answer, part, expected.size)
                except (OSError, http.client.HTTPException) as error:
                    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                        raise Refused(
                            f"The disk of {part.parent} is full. Free some space."
                        ) from error
            if expected.size is None:
                break
            before, have = have, _size_of(part)
            stalled = 0 if have > before else stalled + 1
            if stalled == TRIES:
                raise SourceUnavailable(f"{host_of(url)} broke off after {have / 1e6:.1f} MB")
        return expected

    def _open_body(self, url: str, start: int) -> Any:
        """Open the file's bytes from `start` on; a signed address is asked for again each time."""
        for _ in range(TRIES):
            answer = self._open(url, "GET", start)
            if answer.status not in range(300, 400):
                return answer
            onward = urllib.parse.urljoin(url, answer.headers["Location"])
            answer.close()
            url = onward
        raise SourceUnavailable(f"{host_of(url)} redirects for ever; check HF_ENDPOINT")

    def _open(self, url: str, method: str, start: int) -> Any:
        """Open an address, with retries; redirects come back as answers."""
        host = host_of(url)
        headers = {"User-Agent": "splazmatte", "Accept-Encoding": "identity"}
        if self.token and host == self.token_host:
            headers["Authorization"] = f"Bearer {self.token}"
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(url, headers=headers, method=method)
        opener = urllib.request.build_opener(_NoRedirect)
        problem = "it did not answer a moment ago" if host in self._silent_hosts else ""
        for attempt in range(0 if problem else self.tries):
            if attempt:
                time.sleep(min(self.retry_wait_s * 2 ** (attempt - 1), 20.0))
            try:
                return opener.open(request, timeout=self.timeout_s)
            except urllib.error.HTTPError as error:
                if error.code in range(300, 400) or error.code == 416:
                    return error
                error.close()
                if error.code in (401, 403):
                    raise PermissionError(error.code, host) from error
                if error.code == 404:
                    raise NotThere from error
                problem = f"HTTP {error.code}"
            except (OSError, http.client.HTTPException) as error:
                problem = str(error)
        self._silent_hosts.add(host)
        raise SourceUnavailable(f"{host} can't be reached ({problem})")


def _size_of(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def host_of(url: str) -> str:
    """Return host and port of an address."""
    return urllib.parse.urlsplit(url).netloc


def stored_token() -> str:
    """Return the user's hub token: HF_TOKEN, else what `hf auth login` stored, else ""."""
    token = os.environ.get("HF_TOKEN", "").strip()
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    stored = Path(os.environ.get("HF_TOKEN_PATH", home / "token"))
    return token or (stored.read_text(encoding="utf-8").strip() if stored.is_file() else "")


def _completed(expected: Expected, answer: Any, have: int) -> Expected:
    """Add the server's own length and MD5 where nothing is known."""
    length = answer.headers.get("Content-Length")
    whole = int(length) + (have if answer.status == 206 else 0) if length else None
    md5 = answer.headers.get("Content-MD5")
    return expected.completed_by(Expected(whole, md5=base64.b64decode(md5).hex() if md5 else ""))


def _append(answer: Any, part: Path, total: int | None) -> None:
    """Write the body to the part file and report how far it is, every few seconds."""
    reported = time.monotonic()
    with part.open("ab" if answer.status == 206 else "wb") as stream:
        for block in _blocks(answer):
            stream.write(block)
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                share = f" of {total / 1e6:.0f}" if total else ""
                print(f"  {part.stem}: {stream.tell() / 1e6:.0f}{share} MB", file=sys.stderr)


def _blocks(answer: Any) -> Iterator[bytes]:
    while block := answer.read(BLOCK_BYTES):
        yield block
