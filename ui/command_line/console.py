"""What the command line writes to the terminal: lines of text, and progress on stderr."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import time

from utils.messages import CATALOGUE, render
from utils.types import Message, Progress


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
    """Progress on stderr: one line rewritten on a terminal, else a line every few seconds."""

    def __init__(self) -> None:
        self._interval_s = 0.2 if sys.stderr.isatty() else 5.0
        self._next_s = 0.0

    def __call__(self, progress: Progress) -> None:
        """Show the progress, where the last line is old enough."""
        now_s = time.monotonic()
        is_last = progress.done >= progress.total
        if now_s < self._next_s and not is_last:
            return
        self._next_s = now_s + self._interval_s
        line = f"{_stage_name(progress.stage)}: {progress.done}/{progress.total}"
        if sys.stderr.isatty():
            print(f"\r{line}   ", end="\n" if is_last else "", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)


def _stage_name(stage: str) -> str:
    code = f"job.stage.{stage}"
    return render(Message(code)) if code in CATALOGUE else stage
