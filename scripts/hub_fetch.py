"""Fetch files of a model hub: resumable, checked against size and hash, renamed only when whole.

Standard library only; knows nothing of which models there are.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BLOCK_BYTES = 1 << 20
TRIES = 5
TIMEOUT_S = 30
REPORT_EVERY_S = 2.0
ROOM_BYTES = 64_000_000
"""Bytes left free on the disk beside the file."""


class Refused(Exception):
    """Something that the user can mend: the text says what and how."""


class NotThere(Exception):
    """The hub has no such file."""


@dataclass(frozen=True)
class Remote:
    """A file on the hub: its address, bytes (-1 unknown), and checksum of kind "sha256" or "git"."""

    repo: str
    url: str
    size: int
    checksum: str
    kind: str
    commit: str


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: the token must not travel to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Hub:
    """A model hub: its endpoint, the user's token ("" for none), seconds before the first retry."""

    endpoint: str
    token: str
    retry_wait_s: float = 2.0

    @classmethod
    def from_environment(cls, retry_wait_s: float) -> Hub:
        """HF_ENDPOINT names a mirror; the token is HF_TOKEN, else what `hf auth login` stored."""
        endpoint = os.environ.get("HF_ENDPOINT", "") or "https://huggingface.co"
        token = os.environ.get("HF_TOKEN", "").strip()
        home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
        stored = Path(os.environ.get("HF_TOKEN_PATH", home / "token"))
        if not token and stored.is_file():
            token = stored.read_text(encoding="utf-8").strip()
        return cls(endpoint.rstrip("/"), token, retry_wait_s)

    def address(self, repo: str, path: str) -> str:
        """Return a file's address."""
        return f"{self.endpoint}/{repo}/resolve/main/{urllib.parse.quote(path)}"

    def look_up(self, repo: str, path: str) -> Remote:
        """Ask for a file's size and checksum.

        Raises:
            NotThere: there is no such file.
            Refused: no access, no checksum, or the hub can't be reached.
        """
        url = place = self.address(repo, path)
        headers: dict[str, str] = {}
        for _ in range(TRIES):
            with self._open(place, "HEAD", 0, repo) as answer:
                headers = {key.lower(): value for key, value in answer.headers.items()} | headers
                onward = (
                    answer.headers.get("Location") if answer.status in range(300, 400) else None
                )
            if onward is None or "x-linked-etag" in headers:
                break
            place = urllib.parse.urljoin(place, onward)
        etag = headers.get("x-linked-etag") or headers.get("etag", "")
        checksum = etag.removeprefix("W/").strip('"')
        kind = {64: "sha256", 40: "git"}.get(len(checksum), "")
        if not kind:
            raise Refused(
                f"The hub gave no checksum for {repo}/{path}; nothing is fetched unchecked."
            )
        size = int(headers.get("x-linked-size") or headers.get("content-length") or -1)
        return Remote(repo, url, size, checksum, kind, headers.get("x-repo-commit", ""))

    def fetch(self, target: Path, remote: Remote, pinned: dict[str, Any]) -> None:
        """Fetch one file to `target` by way of `target`.part, unless a whole one is there already.

        Args:
            target: where the file goes.
            remote: what `look_up` said.
            pinned: "size" and "sha256" that the file must have beside the hub's own, where known.

        Raises:
            Refused: it arrived damaged, the disk is full, or the hub can't be reached.
        """
        if target.is_file() and not fault_of(target, remote, pinned):
            print(f"  {target.name}: already there", flush=True)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        for resumed in (part.is_file(), False):
            _require_room(part, remote)
            self._receive(part, remote)
            fault = fault_of(part, remote, pinned)
            if not fault:
                part.replace(target)
                print(f"  {target.name}: {target.stat().st_size / 1e6:.1f} MB, checked", flush=True)
                return
            part.unlink()
            if not resumed:
                break
        raise Refused(
            f"{target.name} arrived damaged or changed ({fault}); it was not kept. Run this command "
            "again; if it happens again, the hub's file is not the expected one."
        )

    def _receive(self, part: Path, remote: Remote) -> None:
        """Append what is missing to the part file; a broken connection is taken up again."""
        for attempt in range(TRIES):
            have = part.stat().st_size if part.is_file() else 0
            if remote.size >= 0 and have >= remote.size:
                return
            if attempt:
                time.sleep(self.retry_wait_s)
            with self._open_body(remote, have) as answer:
                if answer.status == 416:
                    return
                try:
                    with part.open("ab" if answer.status == 206 else "wb") as stream:
                        for block in _blocks(answer, part, remote.size):
                            stream.write(block)
                    if remote.size < 0:
                        return
                except (OSError, http.client.HTTPException) as error:
                    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                        raise Refused(
                            f"The disk of {part.parent} is full. Free some space."
                        ) from error

    def _open_body(self, remote: Remote, start: int) -> Any:
        """Open the file's bytes from `start` on; a signed address is made anew each time."""
        url = remote.url
        for _ in range(TRIES):
            answer = self._open(url, "GET", start, remote.repo)
            if answer.status not in range(300, 400):
                return answer
            onward = urllib.parse.urljoin(url, answer.headers["Location"])
            answer.close()
            url = onward
        raise Refused(f"{self.endpoint} redirects for ever. Check HF_ENDPOINT.")

    def _open(self, url: str, method: str, start: int, repo: str) -> Any:
        """Open an address, with retries; redirects come back as answers."""
        at_hub = _host(url) == _host(self.endpoint)
        headers = {"User-Agent": "splazmatte", "Accept-Encoding": "identity"}
        if self.token and at_hub:
            headers["Authorization"] = f"Bearer {self.token}"
        if start:
            headers["Range"] = f"bytes={start}-"
        request = urllib.request.Request(url, headers=headers, method=method)
        opener = urllib.request.build_opener(_StayHere)
        problem = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(self.retry_wait_s * 2 ** (attempt - 1), 20.0))
            try:
                return opener.open(request, timeout=TIMEOUT_S)
            except urllib.error.HTTPError as error:
                if error.code in range(300, 400) or error.code == 416:
                    return error
                error.close()
                if at_hub and error.code in (401, 403):
                    raise Refused(refused_access(repo, error.code)) from error
                if error.code == 404:
                    raise NotThere from error
                problem = f"HTTP {error.code}"
            except (OSError, http.client.HTTPException) as error:
                problem = str(error)
        raise Refused(
            f"{_host(url)} can't be reached ({problem}). Check the network or a proxy (HTTPS_PROXY), "
            "or set HF_ENDPOINT to a mirror; then run this command again: it goes on where it stopped."
        )


def refused_access(repo: str, code: int) -> str:
    """Return what to do when the hub says 401 or 403."""
    return "\n  ".join([f"The hub refused access to {repo} ({code}).", *gate_steps(repo)])


def gate_steps(repo: str) -> list[str]:
    """Return the steps to a gated model."""
    return [
        f"1. ask for access on https://huggingface.co/{repo} (a person may review it);",
        "2. make a read token on https://huggingface.co/settings/tokens;",
        "3. run `hf auth login`, or set HF_TOKEN;",
        "4. run this command again.",
    ]


def fault_of(path: Path, remote: Remote, pinned: dict[str, Any]) -> str:
    """Return what is wrong with a file against the pinned and the hub's figures; "" when nothing is."""
    size = path.stat().st_size if path.is_file() else 0
    for expected in (pinned.get("size"), remote.size if remote.size >= 0 else None):
        if expected is not None and size != expected:
            return f"{size} bytes instead of {expected}"
    if pinned.get("sha256") and hash_file(path, "sha256") != pinned["sha256"]:
        return "its sha256 is not the pinned one"
    if hash_file(path, remote.kind) != remote.checksum:
        return "its checksum is not the hub's"
    return ""


def hash_file(path: Path, kind: str) -> str:
    """Return the file's sha256, or its git blob hash for kind "git"."""
    digest = hashlib.sha256() if kind == "sha256" else hashlib.sha1(usedforsecurity=False)
    if kind == "git":
        digest.update(f"blob {path.stat().st_size}\0".encode())
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _require_room(part: Path, remote: Remote) -> None:
    """Check the disk before the download, not after."""
    have = part.stat().st_size if part.is_file() else 0
    free = shutil.disk_usage(part.parent).free
    if remote.size > 0 and free < remote.size - have + ROOM_BYTES:
        raise Refused(
            f"{part.parent} has {free / 1e6:.0f} MB free; {part.stem} needs "
            f"{(remote.size - have) / 1e6:.0f} MB more. Free some space, then run this command again."
        )


def _blocks(answer: Any, part: Path, total: int) -> Iterator[bytes]:
    """Yield the body's blocks and say how far it is, every few seconds."""
    told = time.monotonic()
    while block := answer.read(BLOCK_BYTES):
        yield block
        if time.monotonic() - told > REPORT_EVERY_S:
            told = time.monotonic()
            share = f" of {total / 1e6:.0f}" if total > 0 else ""
            print(f"  {part.stem}: {part.stat().st_size / 1e6:.0f}{share} MB", file=sys.stderr)


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc
