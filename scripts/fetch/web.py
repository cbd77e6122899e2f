"""Files of a project's release, and files of a model hub, over HTTP."""

from __future__ import annotations

import os
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from fetch.checks import Expected
from fetch.problems import AccessRefused, Refused, SourceUnavailable
from fetch.transfer import Transfer, host_of


@dataclass(frozen=True)
class ReleaseFile:
    """A file of a release page: its address."""

    url: str
    pinned: Expected
    transfer: Transfer

    @property
    def label(self) -> str:
        """The source in words."""
        return f"release at {host_of(self.url)}"

    def look_up(self) -> Expected:
        """Return what is known before anything is fetched: releases give no checksum."""
        return self.pinned

    def receive(self, part: Path, expected: Expected) -> Expected:
        """Append what is missing to the part file; returns what is expected, with the length."""
        try:
            return self.transfer.receive(self.url, part, expected)
        except PermissionError as error:
            raise SourceUnavailable(f"{error.args[1]} refused (HTTP {error.args[0]})") from error


@dataclass(frozen=True)
class HubFile:
    """A file of a model hub: repository, path in it, revision."""

    repo: str
    path: str
    revision: str
    pinned: Expected
    transfer: Transfer

    @property
    def label(self) -> str:
        """The source in words."""
        return f"model hub {self.repo}"

    @property
    def url(self) -> str:
        """The file's address."""
        return (
            f"{hub_endpoint()}/{self.repo}/resolve/{self.revision}/{urllib.parse.quote(self.path)}"
        )

    def look_up(self) -> Expected:
        """Ask for the file's size and checksum.

        Raises:
            NotThere: there is no such file.
            AccessRefused: the hub wants an account with access.
            Refused: the hub gives no checksum, and none is pinned.
            SourceUnavailable: no answer, or the hub has another file than the pinned one.
        """
        try:
            headers = self.transfer.head(self.url)
        except PermissionError as error:
            raise self._refused(error.args[0]) from error
        etag = headers.get("x-linked-etag") or headers.get("etag", "")
        checksum = etag.removeprefix("W/").strip('"')
        kind = {64: "sha256", 40: "git"}.get(len(checksum), "")
        if not kind and not self.pinned.has_checksum:
            raise Refused(
                f"The hub gave no checksum for {self.repo}/{self.path}; nothing is fetched unchecked."
            )
        if kind == "sha256" and self.pinned.sha256 and checksum != self.pinned.sha256:
            raise SourceUnavailable(
                f"{self.repo} holds another file than the pinned one (sha256 {checksum[:12]}…)"
            )
        size = headers.get("x-linked-size") or headers.get("content-length")
        claimed = Expected(
            int(size) if size else None,
            sha256=checksum if kind == "sha256" else "",
            git=checksum if kind == "git" else "",
            commit=headers.get("x-repo-commit", ""),
        )
        return self.pinned.completed_by(claimed)

    def receive(self, part: Path, expected: Expected) -> Expected:
        """Append what is missing to the part file."""
        try:
            return self.transfer.receive(self.url, part, expected)
        except PermissionError as error:
            raise self._refused(error.args[0]) from error

    def _refused(self, code: int) -> AccessRefused:
        return AccessRefused(refused_access(self.repo, code, bool(self.transfer.token)))


def hub_endpoint() -> str:
    """Return the model hub's address: HF_ENDPOINT names a mirror."""
    return (os.environ.get("HF_ENDPOINT", "") or "https://huggingface.co").rstrip("/")


def refused_access(repo: str, code: int, has_token: bool) -> str:
    """Return what to do when the hub answers 401 or 403, with a token or without one."""
    if not has_token:
        lines = [f"The hub refused access to {repo} ({code}).", *gate_steps(repo)]
    elif code == 401:
        lines = [
            f"The hub does not accept your token ({code}) for {repo}: it is mistyped, expired or revoked.",
            "1. make a new read token on https://huggingface.co/settings/tokens;",
            "2. run `hf auth login`, or set HF_TOKEN (it goes before what `hf auth login` stored);",
            "3. run this command again.",
        ]
    else:
        lines = [
            f"You are logged in, but this account or token may not read {repo} ({code}).",
            f"1. see on https://huggingface.co/{repo}, logged in as the same account, whether access was "
            "asked for, is still being reviewed, or was refused;",
            "2. a fine-grained token also needs “Read access to contents of all public gated repos you "
            "can access”;",
            "3. HF_TOKEN goes before what `hf auth login` stored: is it of the right account?",
            "4. run this command again.",
        ]
    return "\n  ".join(lines)


def gate_steps(repo: str) -> list[str]:
    """Return the steps to a gated model."""
    return [
        f"1. ask for access on https://huggingface.co/{repo} (a person may review it);",
        "2. make a read token on https://huggingface.co/settings/tokens;",
        "3. run `hf auth login`, or set HF_TOKEN;",
        "4. run this command again.",
    ]
