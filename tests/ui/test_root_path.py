"""The page under a path of its host, as a proxy serves it that takes the path off."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import AppServer, Watch
from tests.ui.steps import fetch, loaded_session, select_disc, upload, wait_done

pytestmark = pytest.mark.browser
ROOT = "/team/matte"


class PathProxy:
    """Passes requests under a path on without it, and nothing else; one connection for each."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.outside: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{ROOT}/"

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(one,), daemon=True).start()

    def _pass_on(self, browser: socket.socket) -> None:
        with closing(browser), suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = browser.recv(65536)
                if not piece:
                    return
                head += piece
            first, _, rest = head.partition(b"\r\n")
            method, path, version = first.decode().split(" ")
            if not path.startswith(f"{ROOT}/"):
                self.outside.append(path)
                browser.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                return
            with closing(socket.create_connection(self._to)) as server:
                line = f"{method} {path.removeprefix(ROOT)} {version}\r\nConnection: close\r\n"
                lines, _, body = rest.partition(b"\r\n\r\n")
                kept = [x for x in lines.split(b"\r\n") if not x.lower().startswith(b"connection:")]
                server.sendall(line.encode() + b"\r\n".join(kept) + b"\r\n\r\n" + body)
                threading.Thread(target=_pump, args=(browser, server), daemon=True).start()
                _pump(server, browser)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)


@pytest.fixture
def proxy(make_server: Callable[..., AppServer]) -> Iterator[PathProxy]:
    server = make_server(SPLAZMATTE_ROOT_PATH=ROOT, SPLAZMATTE_PASSWORD="correct horse")
    proxy = PathProxy(server.port)
    yield proxy
    proxy.close()


def test_a_clip_is_matted_and_downloaded_under_a_path(
    proxy: PathProxy, browser: Any, watch: Watch, clip: Path
) -> None:
    """Only a host of its own did: after signing in the browser was at the root of the host."""
    context = browser.new_context(locale="en-US")
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.goto(proxy.url)
    page.fill("[name=username]", "splaz")
    page.fill("[name=password]", "wrong")
    page.click("button")
    page.wait_for_selector("[role=alert]")
    watch.follow(page)
    page.fill("[name=password]", "correct horse")
    page.click("button")
    page.wait_for_selector("body[data-ready]")
    assert page.url == proxy.url
    (cookie,) = context.cookies()
    assert cookie["path"] == f"{ROOT}/", "other programs on the host get none of it"
    session = upload(page, clip)
    select_disc(page)
    page.click("#sm-start")
    wait_done(page)
    address = page.get_attribute(".sm-results a[href*='file/alpha']", "href")
    found = page.evaluate("address => new URL(address, location.href).href", address)
    status, headers, content = fetch(found, Cookie=f"{cookie['name']}={cookie['value']}")
    assert status == 200 and headers["content-type"] == "video/mp4"
    assert content[4:8] == b"ftyp"
    page.reload()
    assert loaded_session(page) == session
    page.goto(f"{proxy.url}admin")
    assert page.locator("header a").first.get_attribute("href") == "./"
    task = page.request.get(f"{proxy.url}tasks/{session}")
    assert json.loads(task.body())["state"] == "done"
    assert not [path for path in proxy.outside if path != "/favicon.ico"]
    context.close()
