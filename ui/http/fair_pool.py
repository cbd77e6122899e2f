"""A few slots for work that costs a decoder or a disk, shared out among clients in turn.

Each client's requests wait in a line of its own, and free slots go round the lines, so that one
client that asks for everything at once delays nobody else. Work is told to stop when its client
leaves or the server stops, and its slot is free only when it has really ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


class PoolBusyError(Exception):
    """The client has as many requests waiting as it may."""


class PoolClosedError(Exception):
    """The server is stopping."""


class FairPool:
    """Runs blocking work in threads of its own; used from one event loop, closed from any thread.

    Args:
        slots: pieces of work at a time.
        waiting_per_client: requests of one client that may wait.
    """

    def __init__(self, name: str, slots: int, waiting_per_client: int) -> None:
        self._executor = ThreadPoolExecutor(slots, thread_name_prefix=name)
        self._free = slots
        self._waiting_per_client = waiting_per_client
        self._lines: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._active: set[threading.Event] = set()
        self._is_closed = threading.Event()

    async def run(self, request: Request, client: str, work: Callable[[threading.Event], T]) -> T:
        """Wait for a slot and return what the work returns; the event it gets asks it to stop.

        Raises:
            PoolBusyError, PoolClosedError: the work was not begun.
            ClientDisconnect: the client left.
        """
        leaving = asyncio.ensure_future(_until_left(request))
        try:
            await self._take_slot(client, leaving)
            return await self._work(work, leaving)
        finally:
            leaving.cancel()

    def close(self) -> None:
        """Begin nothing more, and ask everything that runs to stop."""
        self._is_closed.set()
        for stop in tuple(self._active):
            stop.set()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _take_slot(self, client: str, leaving: asyncio.Future[None]) -> None:
        if self._is_closed.is_set():
            raise PoolClosedError
        if self._free > 0:
            self._free -= 1
            return
        line = self._lines.setdefault(client, deque())
        if len(line) >= self._waiting_per_client:
            raise PoolBusyError
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await asyncio.wait({turn, leaving}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self._give_up(client, turn)
            raise
        if not turn.done():
            self._give_up(client, turn)
            raise ClientDisconnect

    def _give_up(self, client: str, turn: asyncio.Future[None]) -> None:
        """Leave the line; a slot that was given at the same moment goes to the next."""
        if turn.done() and not turn.cancelled():
            self._free_slot()
            return
        turn.cancel()
        line = self._lines.get(client)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._lines[client]

    def _free_slot(self) -> None:
        """Give the slot to the next client in turn, or keep it free."""
        while self._lines:
            client, line = self._lines.popitem(last=False)
            turn = line.popleft()
            if line:
                self._lines[client] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _work(self, work: Callable[[threading.Event], T], leaving: asyncio.Future[None]) -> T:
        stop = threading.Event()
        self._active.add(stop)
        if self._is_closed.is_set():
            stop.set()
        try:
            running = asyncio.get_running_loop().run_in_executor(self._executor, work, stop)
        except RuntimeError as error:
            self._active.discard(stop)
            self._free_slot()
            raise PoolClosedError from error
        running.add_done_callback(lambda _: self._ended(stop))
        try:
            both: set[asyncio.Future[Any]] = {running, leaving}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            stop.set()
            running.add_done_callback(_forget_outcome)
            raise
        if not running.done():
            stop.set()
            running.add_done_callback(_forget_outcome)
            raise ClientDisconnect
        return running.result()

    def _ended(self, stop: threading.Event) -> None:
        self._active.discard(stop)
        self._free_slot()


def _forget_outcome(running: asyncio.Future[T]) -> None:
    """Take note of an exception that nobody waits for any more."""
    if not running.cancelled():
        running.exception()


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
