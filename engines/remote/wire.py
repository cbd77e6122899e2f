"""HTTP as a paid service needs it: a POST is sent once, a GET until it is answered; knows no protocol.

A POST whose answer was lost may have been billed, so it is never sent again; only one that surely did not
arrive, or that was turned away with 429, is. Redirects are followed by GET alone, with the key left out
wherever the host is another one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from engines.remote.addresses import PrivateAddressError, guarded_transport, origin_of
from engines.remote.answers import Answer
from engines.remote.replies import Replies, Reply, retry_after_s
from utils.errors import Cancelled, ServiceFailed

MOST_HOPS = 30
"""Redirects followed: a service may answer 303 every 150 seconds until it is done."""
MOST_ANSWER_BYTES = 32 * 1024 * 1024
"""Largest answer that is read into memory: JSON, or a picture that a submit is answered with."""
GET_TRIES, POST_TRIES = 10, 4
_CALL_LOOK_S = 0.5
"""Seconds between two looks for a webhook."""
_LONGEST_PAUSE = 15
"""Longest pause between two looks, in first pauses."""
_BUSY = frozenset({429, 500, 502, 503, 504})
_FILE_TYPES = (
    "video/",
    "image/",
    "application/zip",
    "application/octet-stream",
    "binary/",
    "application/x-zip",
)


Read = TypeVar("Read")


class AnswerLostError(Exception):
    """A POST was sent, and nobody knows whether it arrived."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: the first pause between polls, a whole job, one download, a connection, and one answer."""

    pause_s: float
    job_s: float
    fetch_s: float
    connect_s: float = 10.0
    answer_s: float = 60.0


@dataclass(slots=True)
class Wire:
    """Requests to one service.

    Args:
        replies: says what an answer means; it has the headers with the key.
        own: hosts and ports that are given the key; the first is the one the administrator named.
        is_private: the first of them may be an address of this network.
        most_bytes: largest result that is fetched.
    """

    replies: Replies
    own: tuple[tuple[str, int], ...]
    is_private: bool
    timeouts: Timeouts
    most_bytes: int
    cancel: threading.Event
    _client: httpx.Client = field(init=False)
    _deadline_s: float = field(init=False)

    def __post_init__(self) -> None:
        timeout = httpx.Timeout(self.timeouts.answer_s, connect=self.timeouts.connect_s)
        trusted = {self.own[0]} if self.is_private else set()
        longest_s = self.timeouts.answer_s + self.timeouts.fetch_s
        self._client = httpx.Client(
            transport=guarded_transport(trusted, longest_s),
            # A compressed answer may be a thousand times as large as what arrives.
            headers={"Accept-Encoding": "identity"},
            timeout=timeout,
            trust_env=False,
        )
        self._deadline_s = time.monotonic() + self.timeouts.job_s

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, url: str, **content: Any) -> Reply:
        """Send a POST once and return its answer; `content` is httpx's, with paths as files.

        Raises:
            AnswerLostError: it was sent and the answer did not come.
            ServiceFailed: the service is out of reach or refuses.
        """
        self._url(url)
        for attempt in range(POST_TRIES):
            self._check_cancel()
            try:
                reply = self._post_once(url, content)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                # Not connected: nothing was sent.
                if attempt + 1 == POST_TRIES:
                    raise self.replies.failed("unreachable", error) from error
                self.pause(attempt)
                continue
            if reply.status == 303:
                return self._answer_elsewhere(url, reply)
            if reply.status != 429:
                self.replies.check(reply)
                return reply
            self.pause(attempt, reply.headers)
        raise self.replies.failed("busy")

    def _answer_elsewhere(self, url: str, reply: Reply) -> Reply:
        """Return the answer to a POST that was taken and whose answer lies at another address (RFC 9110, 15.4.4)."""
        try:
            target = self._url(reply.headers.get("location", ""), self._url(url))
            return self._get(str(target), self._read)
        except (ServiceFailed, Cancelled) as error:
            raise AnswerLostError(str(error)) from error

    def _post_once(self, url: str, content: Mapping[str, Any]) -> Reply:
        content = dict(content)
        paths: dict[str, Path] = content.pop("files", {})
        opened = {name: (path.name, path.open("rb")) for name, path in paths.items()}
        headers = {**content.pop("headers", {}), **self._keys_for(httpx.URL(url))}
        try:
            files = opened or None
            request = self._client.build_request(
                "POST", url, files=files, headers=headers, **content
            )
            return self._send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise
        except httpx.RequestError as error:
            raise AnswerLostError(str(error)) from error
        finally:
            for _, stream in opened.values():
                stream.close()

    def put(self, url: str, path: Path, content_type: str) -> None:
        """Put a file where an upload address points to; the same again does no harm."""
        self._url(url)
        for attempt in range(POST_TRIES):
            self._check_cancel()
            try:
                with path.open("rb") as stream:
                    headers = {
                        "Content-Type": content_type,
                        "Content-Length": str(path.stat().st_size),
                    }
                    request = self._client.build_request(
                        "PUT", url, content=stream, headers=headers
                    )
                    reply = self._send(request)
            except httpx.RequestError as error:
                if attempt + 1 == POST_TRIES:
                    raise self.replies.failed("unreachable", error) from error
            else:
                if reply.status not in _BUSY or attempt + 1 == POST_TRIES:
                    self.replies.check(reply)
                    return
            self.pause(attempt)

    def end(self, method: str, url: str) -> None:
        """Ask for a job to be ended; it may be done already, so whatever is answered will do."""
        try:
            headers = self._keys_for(self._url(url))
            self._send(self._client.build_request(method, url, headers=headers))
        except (httpx.RequestError, ServiceFailed):
            return

    def get(self, url: str) -> Answer:
        """Return the JSON behind an address, asked for until it is answered.

        Raises:
            ServiceFailed: the service refuses, is out of reach, or answers with something else.
        """
        return self.replies.json(self._get(url, self._read))

    def download(self, url: str, path: Path) -> None:
        """Fetch a result into a file, which appears when it is whole.

        Raises:
            ServiceFailed: it has expired, is too large or of the wrong type, or comes too slowly.
        """
        partial = path.with_name(f"{path.stem}.partial{path.suffix}")
        try:
            self._get(url, lambda response: self._save(response, partial))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _save(self, response: httpx.Response, partial: Path) -> None:
        kind = response.headers.get("content-type", "application/octet-stream").lower()
        if not kind.startswith(_FILE_TYPES):
            raise self.replies.failed("wrong_type", kind=kind[:60])
        deadline_s = time.monotonic() + self.timeouts.fetch_s
        got = 0
        with partial.open("wb") as stream:
            # As it arrives: waiting for a full chunk would hide how slow it is.
            for chunk in self._pieces(response):
                got += len(chunk)
                if got > self.most_bytes:
                    raise self.replies.failed(
                        "result_too_large", limit_mb=self.most_bytes // 1024**2
                    )
                if time.monotonic() > deadline_s:
                    raise self.replies.failed("slow", limit=round(self.timeouts.fetch_s, 1))
                self._check_cancel()
                stream.write(chunk)

    def _get(self, url: str, read: Callable[[httpx.Response], Read]) -> Read:
        """GET with redirects; `read` takes the body of the good answer, whose loss has it asked for again."""
        problem: Exception | None = None
        for attempt in range(GET_TRIES):
            self._check_cancel()
            headers: Mapping[str, str] = {}
            try:
                with closing(self._follow(url)) as response:
                    if response.is_success:
                        return read(response)
                    if response.status_code not in _BUSY:
                        self.replies.check(self._read(response))
                    problem, headers = None, response.headers
            except httpx.RequestError as error:
                problem = error
            self.pause(attempt, headers)
        raise self.replies.failed("unreachable" if problem else "busy", problem)

    def _follow(self, url: str) -> httpx.Response:
        """Return the answer at the end of the redirects, its body not read; close it."""
        target = self._url(url)
        for _ in range(MOST_HOPS):
            self._check_address(target)
            request = self._client.build_request("GET", target, headers=self._keys_for(target))
            try:
                response = self._client.send(request, stream=True)
            except PrivateAddressError as error:
                raise self.replies.failed("private_address", host=target.host) from error
            if not response.has_redirect_location:
                return response
            response.close()
            target = self._url(response.headers["location"], target)
            self._check_cancel()
        raise self.replies.failed("redirects", limit=MOST_HOPS)

    def _url(self, text: str, base: httpx.URL | None = None) -> httpx.URL:
        try:
            return httpx.URL(text) if base is None else base.join(text)
        except httpx.InvalidURL as error:
            raise self.replies.failed("not_understood", error) from error

    def _check_address(self, url: httpx.URL) -> None:
        if url.scheme == "https" or (url.scheme == "http" and origin_of(url) == self.own[0]):
            return
        raise self.replies.failed("private_address", host=url.host[:80])

    def _send(self, request: httpx.Request) -> Reply:
        self._check_address(request.url)
        try:
            response = self._client.send(request, stream=True)
        except PrivateAddressError as error:
            raise self.replies.failed("private_address", host=request.url.host) from error
        with closing(response):
            return self._read(response)

    def _read(self, response: httpx.Response) -> Reply:
        """Read a short answer, which must not take for ever either."""
        content = bytearray()
        deadline_s = time.monotonic() + self.timeouts.fetch_s
        for chunk in self._pieces(response):
            content += chunk
            if len(content) > MOST_ANSWER_BYTES:
                raise self.replies.failed("result_too_large", limit_mb=MOST_ANSWER_BYTES // 1024**2)
            if time.monotonic() > deadline_s:
                raise httpx.ReadTimeout("the answer drips")
        return Reply(response.status_code, response.headers, bytes(content))

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """Yield the body as it arrives."""
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise self.replies.failed("not_understood")
        return response.iter_raw()

    def _keys_for(self, url: httpx.URL) -> Mapping[str, str]:
        return self.replies.key_headers if origin_of(url) in self.own else {}

    def pause(
        self,
        attempt: int,
        headers: Mapping[str, str] | None = None,
        is_called: Callable[[], bool] = lambda: False,
    ) -> None:
        """Wait before the next look: as the service says, else 1, 2, 4 … 15 times the first pause.

        Args:
            is_called: asked now and then; ends the pause.

        Raises:
            ServiceFailed: the job's time is over.
        """
        usual_s = self.timeouts.pause_s * min(2**attempt, _LONGEST_PAUSE)
        asked = "" if headers is None else headers.get("retry-after", "")
        wait_s = retry_after_s(asked, usual_s)
        if time.monotonic() + wait_s > self._deadline_s:
            if wait_s > usual_s:
                raise self.replies.failed("busy")
            raise self.replies.failed("deadline", minutes=round(self.timeouts.job_s / 60, 1))
        until_s = time.monotonic() + wait_s
        while not is_called():
            left_s = until_s - time.monotonic()
            if self.cancel.wait(min(max(left_s, 0.0), _CALL_LOOK_S)):
                raise Cancelled
            if left_s <= _CALL_LOOK_S:
                return

    def _check_cancel(self) -> None:
        if self.cancel.is_set():
            raise Cancelled
