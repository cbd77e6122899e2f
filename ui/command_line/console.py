"""What the command line writes to the terminal: lines of text, and progress on stderr."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import time

from utils.messages import CATALOGUE, render
from utils.types import PREPARE, Message, Progress


def one_line(text: str) -> str:
    """Return the text in one line, without characters that would steer a terminal."""
    return "".join(
        character if character.isprintable() else "?" for character in " ".join(text.split())
    )


def reader_is_gone() -> bool:
    """Return whether whoever read what is printed has gone, as `head` does; what is left to print goes nowhere then."""
    is_gone = False
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(io.UnsupportedOperation):
            descriptor = stream.fileno()
            poll = select.poll()
            poll.register(descriptor, 0)  # that its other end is closed is told of any
            if poll.poll(0):
                is_gone = True
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)
    return is_gone


class ConsoleProgress:
    """Progress on stderr: one line rewritten on a terminal, else a line every few seconds.

    A stage's first line is never left out, and `PREPARE` has no count.
    """

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._interval_s = 0.2 if self._is_terminal else 5.0
        self._next_s = 0.0
        self._stage = ""
        self._open_length = 0

    def __call__(self, progress: Progress) -> None:
        """Show the progress, where the last line is old enough."""
        is_preparing = progress.stage == PREPARE
        is_first = progress.stage != self._stage
        is_last = progress.done >= progress.total and not is_preparing
        now_s = time.monotonic()
        if not (is_first or is_last) and (is_preparing or now_s < self._next_s):
            return
        self._stage = progress.stage
        self._next_s = now_s + self._interval_s
        name = _stage_name(progress.stage)
        self._show(name if is_preparing else f"{name}: {progress.done}/{progress.total}", is_last)

    def end(self) -> None:
        """Leave the line that is being rewritten, so that what is printed next has one of its own."""
        if self._open_length:
            print(file=sys.stderr, flush=True)
        self._open_length = 0

    def _show(self, line: str, is_last: bool) -> None:
        if not self._is_terminal:
            print(line, file=sys.stderr, flush=True)
            return
        # Spaces cover what is left of a longer line.
        covering = f"\r{line:<{self._open_length}}"
        print(covering, end="\n" if is_last else "", file=sys.stderr, flush=True)
        self._open_length = 0 if is_last else len(line)


def _stage_name(stage: str) -> str:
    code = f"job.stage.{stage}"
    return render(Message(code)) if code in CATALOGUE else stage
