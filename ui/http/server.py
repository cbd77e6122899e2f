"""Starts and stops the page: settings to a running server, and a clean end at SIGTERM."""

from __future__ import annotations

import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from config import Settings
from pipeline.orchestrator import Orchestrator
from utils.errors import BadRequest

logger = logging.getLogger(__name__)

STOP_WAIT_S = 5.0
"""Seconds that the sweeping thread has to end."""


def serve(settings: Settings, orchestrator: Orchestrator) -> None:
    """Serve the page until SIGTERM or Ctrl+C; sessions of a process that died are settled first."""
    cache_dir = settings.workspace_dir / "uploads"
    cache_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _prepare_environment(cache_dir)
    stop = threading.Event()
    previous = _stop_on_signals(stop)
    interrupted = orchestrator.recover()
    if interrupted:
        logger.info("%d interrupted sessions can be run again", interrupted)
    blocks, url = launch(settings, orchestrator, cache_dir)
    janitor = _start_janitor(cache_dir, orchestrator, stop)
    sys.stdout.write(f"SplazMatte: {url}\n")
    sys.stdout.flush()
    _warn_when_open(settings)
    try:
        stop.wait()
    finally:
        stop.set()
        orchestrator.close()
        blocks.close(verbose=False)
        janitor.join(STOP_WAIT_S)
        for number, handler in previous.items():
            signal.signal(number, handler)


def launch(settings: Settings, orchestrator: Orchestrator, cache_dir: Path) -> tuple[Any, str]:
    """Start the server without waiting; return the `gr.Blocks` to close and the page's URL."""
    from starlette.middleware import Middleware

    from ui.http.api import Api
    from ui.http.guard import Guard
    from ui.http.media import Media
    from ui.page.components import PAGE_CSS, theme
    from ui.page.wiring import build_page
    from ui.text import translate

    blocks = build_page(settings, orchestrator, cache_dir, Api(orchestrator, cache_dir).publish)
    password = settings.password.get_secret_value() if settings.password else ""
    port = _claimed_port(settings.host, settings.port)
    blocks.launch(
        server_name=settings.host,
        server_port=port,
        auth=(settings.username, password) if password else None,
        auth_message=f"{translate('page.login', 'en')}<br>{translate('page.login', 'zh')}"
        if password
        else None,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        show_error=False,
        max_file_size=settings.max_upload_bytes,
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        enable_monitoring=False,
        theme=theme(),
        head=f"<style>{PAGE_CSS}</style>",  # unlike css=, taken as it is
        app_kwargs={
            "routes": Media(orchestrator).routes(),
            "middleware": [Middleware(Guard, settings=settings)],
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },
    )
    name = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    return blocks, f"http://{name}:{port}/"


def _prepare_environment(cache_dir: Path) -> None:
    """Set what Gradio reads from the environment; it has no other way to be told."""
    os.environ["GRADIO_TEMP_DIR"] = str(cache_dir)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def _stop_on_signals(stop: threading.Event) -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }


def _start_janitor(
    cache_dir: Path, orchestrator: Orchestrator, stop: threading.Event
) -> threading.Thread:
    from ui.http.janitor import keep_tidy

    thread = threading.Thread(
        target=keep_tidy,
        args=(cache_dir, orchestrator.clean_sessions, stop),
        name="janitor",
        daemon=True,
    )
    thread.start()
    return thread


def _claimed_port(host: str, port: int) -> int:
    """Return the port to listen on, 0 meaning any that is free.

    Raises:
        BadRequest: another program listens there, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listener:
            return int(listener.getsockname()[1])
    except OSError as error:
        raise BadRequest(
            "page.address_taken", address=f"{host}:{port}", reason=error.strerror or str(error)
        ) from error


def _warn_when_open(settings: Settings) -> None:
    if settings.password is not None or is_loopback(settings.host):
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
