"""The web application: our own routes before Gradio's, and the access control in front of all."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradio.routes import App, ORJSONResponse
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from config import Settings
from ui.http.access import AccessControl
from ui.http.login import Login


class ServedApp(App):  # type: ignore[misc]
    """Gradio's application with its middleware inside ours, where Gradio would put it outside."""

    def add_middleware(self, middleware_class: Any, *arguments: Any, **options: Any) -> None:
        """Add a middleware nearer to the routes than those that are there."""
        self.user_middleware.append(Middleware(middleware_class, *arguments, **options))


def build_app(
    settings: Settings, routes: Sequence[BaseRoute], uploads_dir: Path, is_open: threading.Event
) -> ServedApp:
    """Return the application for `gr.Blocks.launch`; routes given here come before Gradio's.

    Raises:
        BadRequest: the users file is unusable.
    """
    login = Login(settings)
    control = Middleware(
        AccessControl, settings=settings, login=login, uploads_dir=uploads_dir, is_open=is_open
    )
    return ServedApp(
        routes=[*login.routes(), *routes],
        middleware=[control],
        default_response_class=ORJSONResponse,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
