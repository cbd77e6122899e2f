"""Starts and stops the page: settings to a running server, and a clean end at SIGTERM."""

from __future__ import annotations

import faulthandler
import ipaddress
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.session import sessions_dir
from ui.http.cleanup import clean_up_periodically
from ui.http.log_limits import RepeatFilter
from ui.http.media import Media
from utils.errors import BadRequest
from utils.http_text import in_address
from utils.listening import free_port, listening_advice

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from ui.http.rest import Rest

logger = logging.getLogger(__name__)

STOP_WAIT_S = 2.0
"""Seconds that the clean-up thread has to end."""
EXIT_S = 9.0
"""Seconds after the signal at which the process ends in any case, with a line on what each thread did."""
LAST_S = 0.5
"""Seconds after that at which the system ends it."""
SIGNAL_CHECK_S = 0.5
"""Seconds in which the main thread takes up a signal that the system has given to another thread."""
STATE_SESSIONS = 128
"""Open pages that Gradio keeps a copy of its configuration for; ours holds no state there."""
_LAUNCH_OPTIONS: Mapping[str, Any] = {
    "share": False,
    "quiet": True,
    "prevent_thread_lock": True,
    "show_error": False,
    "state_session_capacity": STATE_SESSIONS,
    "footer_links": [],
    "run_history": False,
    "ssr_mode": False,
    "enable_monitoring": False,
    "pwa": False,
    "mcp_server": False,
    "_frontend": False,  # asks for the page with a short time-out, which a busy machine misses
}
"""What of Gradio's launch is the same for every server."""


def serve(settings: Settings, orchestrator: Orchestrator) -> None:
    """Serve the page until SIGTERM or Ctrl+C; sessions of a process that died are settled first."""
    os.umask(0o077)
    uploads_dir = settings.workspace_dir / "uploads"
    for folder in (settings.workspace_dir, sessions_dir(settings.workspace_dir), uploads_dir):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    _prepare_environment(settings, uploads_dir)
    stop = threading.Event()
    previous = _stop_on_signals(stop)
    interrupted = orchestrator.recover()
    if interrupted:
        logger.info("interrupted sessions that can be run again: %d", interrupted)
    server = launch(settings, orchestrator, uploads_dir)
    _queue_again(orchestrator)
    for name in ("", "uvicorn"):
        for handler in logging.getLogger(name).handlers:
            handler.addFilter(RepeatFilter())
    clean_up = _start_clean_up(uploads_dir, orchestrator, stop)
    sys.stdout.write(f"SplazMatte: {server.url}\n{sign_in_hint(settings)}")
    sys.stdout.flush()
    _warn_when_open(settings)
    try:
        wait_for(stop)
    finally:
        stop.set()
        server.refuse_requests()
        server.media.close()
        server.rest.close()
        orchestrator.close()
        server.blocks.close(verbose=False)
        clean_up.join(STOP_WAIT_S)
        for number, action in previous.items():
            signal.signal(number, action)
    if previous:
        leave()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: the `gr.Blocks` to close, its address, its app, and what its own routes run."""

    blocks: Any
    url: str
    app: Any
    media: Media
    rest: Rest

    def refuse_requests(self) -> None:
        """Take no further request and give those being answered a short while; returns at once.

        Clicks that keep coming would take the cores that the jobs need to end.
        """
        self.blocks.server.should_exit = True


def launch(settings: Settings, orchestrator: Orchestrator, uploads_dir: Path) -> Server:
    """Start the server without waiting.

    Raises:
        BadRequest: the address is taken, or the users file is unusable.
    """
    from ui.http.admin import Admin
    from ui.http.api import Api
    from ui.http.app import build_app
    from ui.http.connections import limit_connections
    from ui.http.rest import Rest
    from ui.http.session_api import SessionApi
    from ui.http.uploads import Uploads
    from ui.http.webhooks import Webhooks
    from ui.page.components import page_css, theme
    from ui.page.wiring import build_page

    api = Api(orchestrator, uploads_dir)

    def publish() -> None:
        api.publish()
        SessionApi(orchestrator).publish()

    blocks = build_page(settings, orchestrator, uploads_dir, publish)
    media = Media(orchestrator, settings)
    uploads = Uploads(settings, uploads_dir)
    rest = Rest(orchestrator, api, uploads)
    is_open = threading.Event()
    admin = Admin(settings, orchestrator.operations)
    served = (uploads, media, rest, admin, Webhooks(orchestrator))
    routes: list[BaseRoute] = [route for part in served for route in part.routes()]
    app = build_app(settings, routes, uploads_dir, is_open)
    blocks.launch(
        server_name=in_address(settings.host),
        server_port=claimed_port(settings.host, settings.port),
        root_path=settings.root_path,
        max_file_size=settings.max_upload_bytes,
        theme=theme(),
        head=f"<style>{page_css()}</style>",  # unlike css=, taken as it is
        _app=app,
        **_LAUNCH_OPTIONS,
    )
    limit_connections(blocks.server, settings)
    is_open.set()
    name = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return Server(blocks, f"http://{in_address(name)}:{blocks.server_port}/", app, media, rest)


def _prepare_environment(settings: Settings, uploads_dir: Path) -> None:
    """Set what Gradio and uvicorn read from the environment; they have no other way to be told."""
    os.environ["GRADIO_TEMP_DIR"] = str(uploads_dir)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(settings.trusted_proxies)


def wait_for(stop: threading.Event) -> None:
    """Wait in the main thread for an event that a signal's handler sets.

    Python runs handlers in the main thread alone, which a signal given to another thread does not wake.
    """
    while not stop.wait(SIGNAL_CHECK_S):
        pass


def leave() -> NoReturn:
    """End the process, all being settled, without the interpreter's end.

    That waits for threads of pools, and breaks off the others where they come back from native code, as from the
    compiling of a network: the process aborts then.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _stop_on_signals(stop: threading.Event) -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}

    def begin_stop(*_: object) -> None:
        # Its watchdog needs no turn of the interpreter, which a thread in native code may hold.
        faulthandler.dump_traceback_later(EXIT_S, exit=True)
        # Where that one is not enough, the system ends it.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, EXIT_S + LAST_S)
        stop.set()

    return {number: signal.signal(number, begin_stop) for number in (signal.SIGTERM, signal.SIGINT)}


def _queue_again(orchestrator: Orchestrator) -> None:
    waiting = orchestrator.queue_again()
    if waiting:
        logger.info("jobs that waited and are queued again: %d", waiting)


def _start_clean_up(
    uploads_dir: Path, orchestrator: Orchestrator, stop: threading.Event
) -> threading.Thread:
    def clean_sessions() -> None:
        orchestrator.clean_sessions()
        # A page that still had this workspace at our start, as while one takes the other's place, may have ended.
        _queue_again(orchestrator)

    thread = threading.Thread(
        target=clean_up_periodically,
        args=(uploads_dir, clean_sessions, stop),
        name="clean-up",
        daemon=True,
    )
    thread.start()
    return thread


def claimed_port(host: str, port: int) -> int:
    """Return the port to listen on, 0 meaning any that is free.

    Raises:
        BadRequest: another program listens there, or the address is not this machine's.
    """
    try:
        return free_port(host, port)
    except OSError as error:
        raise BadRequest(
            "page.address_taken",
            address=f"{in_address(host)}:{port}",
            reason=error.strerror or str(error),
            advice=listening_advice(error),
        ) from error


def sign_in_hint(settings: Settings) -> str:
    """Return a line with the user name that the one shared password goes with, "" where there is none."""
    if settings.password is None or settings.users_file is not None:
        return ""
    return f"sign in as {settings.username}, with the password of SPLAZMATTE_PASSWORD\n"


def _warn_when_open(settings: Settings) -> None:
    has_login = settings.password is not None or settings.users_file is not None
    if has_login or is_loopback(settings.host):
        return
    sys.stderr.write(
        "warning: the page is open to everybody on the network; set SPLAZMATTE_PASSWORD to ask for one\n"
    )


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
