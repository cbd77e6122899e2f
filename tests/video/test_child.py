"""A child process whose output is waited for: every way of reading ends where the child writes nothing."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import pytest

from pipeline.video_io.runner import Child, ChildStuckError, Limits
from utils.errors import Cancelled

_SILENT = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)")
_WRITES = (sys.executable, "-I", "-S", "-c", "print('0123456789', end='')")

_READ: dict[str, Callable[[Child, bytearray], object]] = {
    "into": lambda child, buffer: child.read_into(memoryview(buffer)),
    "some": lambda child, buffer: child.read_some(child.stdout),
    "all": lambda child, buffer: child.read_all({child.stdout: [memoryview(buffer)]}),
}


@pytest.mark.parametrize("read", _READ.values(), ids=_READ)
def test_a_child_that_writes_nothing_is_given_up(read):
    with (
        Child(_SILENT, Limits(cpu_s=5, stall_s=0.5)) as child,
        pytest.raises(ChildStuckError),
    ):
        read(child, bytearray(4))


@pytest.mark.parametrize("read", _READ.values(), ids=_READ)
def test_waiting_for_a_silent_child_ends_with_a_cancel(read):
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    with Child(_SILENT, Limits(cpu_s=5, stall_s=50.0), stop=stop) as child:
        timer.start()
        try:
            with pytest.raises(Cancelled):
                read(child, bytearray(4))
        finally:
            timer.join()


def test_a_buffer_is_filled_in_pieces_and_partly_at_the_end_of_the_output():
    buffer = bytearray(4)
    with Child(_WRITES, Limits(cpu_s=5)) as child:
        found = []
        for _ in range(4):
            count = child.read_into(memoryview(buffer))
            found.append(bytes(buffer[:count]))
    assert found == [b"0123", b"4567", b"89", b""]


def test_reading_all_tells_whether_every_buffer_was_filled():
    first, second, third = bytearray(6), bytearray(4), bytearray(1)
    with Child(_WRITES, Limits(cpu_s=5)) as child:
        assert child.read_all({child.stdout: [memoryview(first), memoryview(second)]})
        assert (bytes(first), bytes(second)) == (b"012345", b"6789")
        assert not child.read_all({child.stdout: [memoryview(third)]})


def test_a_silent_child_is_ended_with_its_block():
    with Child(_SILENT, Limits(cpu_s=5)) as child:
        process = child._process
        assert process.poll() is None
    started_s = time.monotonic()
    while process.poll() is None and time.monotonic() - started_s < 10.0:
        time.sleep(0.05)
    assert process.poll() is not None
