"""The server's end: a signal counts whichever thread receives it."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from tests.forked import ForkedProgram
from ui.http.server import wait_for


def test_a_signal_that_another_thread_receives_ends_the_wait() -> None:
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("handlers run in the main thread alone")
    stop = threading.Event()

    def receive() -> None:
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    gave_up = threading.Event()

    def give_up() -> None:
        gave_up.set()
        stop.set()

    at_last = threading.Timer(5.0, give_up)
    at_last.start()
    try:
        threading.Thread(target=receive).start()
        wait_for(stop)
    finally:
        at_last.cancel()
        signal.signal(signal.SIGUSR1, before)
    assert not gave_up.is_set()


def test_no_thread_that_is_left_holds_up_the_end(tmp_path: Path) -> None:
    program = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from ui.http.server import leave
ThreadPoolExecutor(1).submit(threading.Event().wait)
sys.stdout.write("settled")
leave()
"""
    left = ForkedProgram(["-c", program], {}, tmp_path / "log")
    try:
        assert left.wait(60) == 0
    finally:
        left.kill()
    assert (tmp_path / "log").read_text() == "settled"
