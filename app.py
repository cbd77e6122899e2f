"""SplazMatte's entry: builds settings, engines, job runner and orchestrator, then serves or runs a command."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from ui.command_line.cli import main

if TYPE_CHECKING:
    from config import Settings
    from pipeline.orchestrator import Orchestrator

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def build_settings() -> Settings:
    """Read the settings once.

    Raises:
        pydantic.ValidationError: a SPLAZMATTE_* value is out of range.
    """
    from config import Settings

    return Settings()


def build_orchestrator(settings: Settings) -> Orchestrator:
    """Wire the parts together; no model is loaded and no GPU touched."""
    from engines.device.manager import ModelManager
    from engines.device.memory_probe import PeakRecords
    from engines.foreground import connect_foreground
    from engines.registry import build_registry
    from engines.text.translation import Translator
    from pipeline.jobs.queue import JobRunner
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.store import SessionStore
    from pipeline.video_io import VideoIO

    registry = build_registry(settings)
    manager = ModelManager(
        registry,
        device=settings.device,
        headroom_bytes=settings.gpu_reserve_bytes,
        peaks=PeakRecords(settings.workspace_dir / "engine_peaks.json"),
    )
    connect_foreground(registry, manager, settings.foreground_network)
    return Orchestrator(
        settings=settings,
        store=SessionStore(settings.workspace_dir),
        video=VideoIO(settings),
        registry=registry,
        manager=manager,
        jobs=JobRunner(settings.queue_limit, settings.client_queue_limit, gives_way=True),
        translator=Translator(settings),
    )


def serve(settings: Settings) -> None:
    """Run the page until stopped.

    Raises:
        FfmpegFailed: FFmpeg is missing or too old; no page is started then.
    """
    from ui.http.server import serve as serve_page

    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    orchestrator = build_orchestrator(settings)
    orchestrator.check_tools()
    orchestrator.warm_up()
    serve_page(settings, orchestrator)


if __name__ == "__main__":
    # Idle threads must sleep: FFmpeg works beside the engines, and spinning ones starve it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.WARNING, format=LOG_FORMAT, stream=sys.stderr)
    sys.exit(main(sys.argv[1:], build_settings, build_orchestrator, serve))
