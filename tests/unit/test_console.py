"""What the command line shows of a job's progress, on a terminal and in a pipe."""

import argparse
import io
import sys
import threading
from types import SimpleNamespace

import pytest

from ui.command_line.commands.running import run_job
from ui.command_line.console import ConsoleProgress
from ui.command_line.stopping import Stopper
from utils.errors import Cancelled
from utils.types import PREPARE, Progress

PREPARING = "Preparing: loading networks and looking at the first frames"


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def stderr_in(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> io.StringIO:
    """Have the test print its stderr into the stream; pytest puts its own in a fixture's place."""
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_each_stage_has_its_first_line_and_preparing_one_without_a_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipe = stderr_in(monkeypatch, io.StringIO())
    show = ConsoleProgress()
    for progress in (
        Progress(PREPARE, 0, 1),
        Progress(PREPARE, 1, 1),
        Progress("track", 1, 9),
        Progress("track", 2, 9),
        Progress("matte", 1, 9),
        Progress("matte", 9, 9),
    ):
        show(progress)
    assert pipe.getvalue().splitlines() == [
        PREPARING,
        "Tracking: 1/9",
        "Matting: 1/9",
        "Matting: 9/9",
    ]


def test_a_shorter_line_covers_the_longer_one_before_it_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = stderr_in(monkeypatch, Terminal())
    show = ConsoleProgress()
    show(Progress(PREPARE, 0, 1))
    show(Progress("track", 1, 9))
    shown = terminal.getvalue().split("\r")[1:]
    assert shown[0] == PREPARING
    assert shown[1].rstrip() == "Tracking: 1/9"
    assert len(shown[1]) == len(PREPARING)


def test_what_follows_unfinished_progress_on_a_terminal_has_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An error stood behind the last progress, in the same line."""
    terminal = stderr_in(monkeypatch, Terminal())

    def work(context):
        context.report("track", 3, 9)
        raise Cancelled

    with Stopper(1.0) as stopper, pytest.raises(Cancelled):
        options = argparse.Namespace(stopper=stopper)
        place = SimpleNamespace(interrupt=threading.Event().set)
        run_job(options, place, work)  # type: ignore[arg-type]
    assert terminal.getvalue().endswith("\n")
    terminal = stderr_in(monkeypatch, Terminal())
    show = ConsoleProgress()
    show(Progress("matte", 9, 9))
    show.end()
    assert terminal.getvalue().count("\n") == 1, "a line that is complete is not ended twice"
