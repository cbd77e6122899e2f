"""Runs commands in this process as a script would, and checks what every refusal has in common."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import build_orchestrator
from config import Settings
from pipeline.session.store import SessionStore
from tests.processes import helpers
from ui.command_line.cli import main
from utils.messages import CATALOGUE

Snapshot = dict[str, tuple[int, int]]


@dataclass
class CommandRunner:
    """The command line over a workspace of its own, with somebody else's finished session in it."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    limits: dict[str, object]

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def store(self) -> SessionStore:
        return SessionStore(self.folder / "workspace")

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Run a command; return exit code, stdout and stderr."""

        def settings() -> Settings:
            return Settings(
                _env_file=None,
                workspace_dir=self.folder / "workspace",
                models_dir=self.folder / "no-models",
                min_free_disk_bytes=1_000_000,
                **self.limits,
            )

        self.capture.readouterr()
        try:
            code = main([str(item) for item in arguments], settings, build_orchestrator, _no_serve)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, error = self.capture.readouterr()
        return code, out, error

    def sessions(self) -> Snapshot:
        """Return every file of every session with its size and time: nothing of it may change."""
        return {
            str(path): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(self.store.root.rglob("*"))
            if path.is_file() and not path.name.endswith(".lock")
        }

    def refused(self, code: str, *arguments: object) -> str:
        """Run a command that the user has to fix; return its one line."""
        before = self.sessions()
        exit_code, out, error = self.run(*arguments)
        assert exit_code == 2, (exit_code, out, error)
        assert out == ""
        (line,) = error.splitlines()
        assert_is(line.removeprefix("error: "), code)
        assert str(self.folder / "workspace") not in line
        self.assert_untouched(before)
        return line

    def assert_untouched(self, before: Snapshot) -> None:
        """Check that nothing runs, nothing is half-written, and no session came, went or changed."""
        assert helpers() == []
        assert not [path for path in self.folder.rglob("*") if ".partial" in path.name]
        assert not list(self.store.root.glob(".*"))
        assert self.sessions() == before
        assert not self.out.exists()
        assert not list(self.folder.rglob("pwned*"))


def assert_is(line: str, code: str) -> None:
    """Check that the line is that text of the catalogue, and that Chinese has the same values."""
    text = CATALOGUE[code]
    pattern = re.sub(r"\\\{\w+(:[^}]+)?\\\}", ".+", re.escape(text.en))
    assert re.fullmatch(pattern, line), (code, line)
    assert set(re.findall(r"{\w+", text.en)) == set(re.findall(r"{\w+", text.zh))
    assert re.search(r"[一-鿿]", text.zh)


def _no_serve(settings: Settings) -> None:
    raise AssertionError("no command of these tests serves")
