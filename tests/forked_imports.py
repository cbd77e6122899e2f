"""What servers and workers import by their start, for the process that they are forked from in tests."""

# ruff: noqa: F401
import contextlib

import cv2
import numba

import app
import config
import engines.registry
import pipeline.orchestrator
import pipeline.worker_process
from engines.builtin.engine import BuiltinEngine
from ui.gradio_import import without_type_stubs

with without_type_stubs():
    import ui.http.admin
    import ui.http.api
    import ui.http.app
    import ui.http.connections
    import ui.http.rest
    import ui.http.server
    import ui.http.session_api
    import ui.http.uploads
    import ui.http.webhooks
    import ui.page.components
    import ui.page.wiring

with contextlib.suppress(ImportError):
    import boto3
    import celery.worker.state
    import kombu.transport.redis
    import redis


def _load_loops() -> None:
    """Load the built-in engine's compiled loops; a thread of OpenCV's would be missing in what is forked."""
    cv2.setNumThreads(1)
    BuiltinEngine(config.Settings(_env_file=None, cpu_threads=1)).load_model("cpu")
    cv2.setNumThreads(-1)


_load_loops()
