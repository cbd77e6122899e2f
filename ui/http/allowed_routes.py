"""The only requests that are served: what the page and the documented API use, and nothing else.

Gradio brings more routes than the page needs, some of which run programs on what is sent or keep
it. A request that matches no row here is answered with 404 before the application sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Body = Literal["none", "form", "json", "upload"]

FORM_BYTES = 4 * 1024
"""Largest login form, in bytes."""
JSON_BYTES = 1024**2
"""Largest body of a request of the page or the API, in bytes."""

_PLACEHOLDERS: Mapping[str, str] = {
    "session": r"[A-Za-z0-9_-]{1,100}",
    "number": r"[0-9]{1,7}",
    "word": r"[A-Za-z0-9_.-]{1,100}",
    "path": r"[^\x00]{1,300}",
}


@dataclass(frozen=True, slots=True)
class AllowedRoute:
    """One kind of request that is served.

    `path` is exact but for its placeholders; `is_public` routes are served before login; `body` says
    what is read of a request's body, and with it how much; an `is_stream` route answers for as long as
    somebody listens.
    """

    method: Literal["GET", "POST", "DELETE", "WEBSOCKET"]
    path: str
    body: Body = "none"
    is_public: bool = False
    is_stream: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = re.split(r"\{(\w+)\}", self.path)
        regex = "".join(
            _PLACEHOLDERS[part] if index % 2 else re.escape(part)
            for index, part in enumerate(parts)
        )
        object.__setattr__(self, "pattern", re.compile(regex))


ALLOWED_ROUTES: tuple[AllowedRoute, ...] = (
    AllowedRoute("GET", "/healthz", is_public=True),
    AllowedRoute("GET", "/metrics"),
    AllowedRoute("GET", "/", is_public=True),
    AllowedRoute("GET", "/login", is_public=True),
    AllowedRoute("POST", "/login", "form", is_public=True),
    AllowedRoute("POST", "/logout", "form"),
    AllowedRoute("GET", "/admin"),
    AllowedRoute("POST", "/admin", "form"),
    AllowedRoute("GET", "/favicon.ico", is_public=True),
    AllowedRoute("GET", "/theme.css"),
    AllowedRoute("GET", "/manifest.json"),
    AllowedRoute("GET", "/config"),
    AllowedRoute("GET", "/assets/{path}"),
    AllowedRoute("GET", "/static/{path}"),
    AllowedRoute("GET", "/media/{session}/frame/{number}.jpg"),
    AllowedRoute("GET", "/media/{session}/mask/{number}/{number}.png"),
    AllowedRoute("GET", "/media/{session}/alpha/{number}.png"),
    AllowedRoute("GET", "/media/{session}/playback.mp4"),
    AllowedRoute("GET", "/media/{session}/quick_preview.mp4"),
    AllowedRoute("GET", "/media/{session}/quick_preview.jpg"),
    AllowedRoute("GET", "/media/{session}/still/{number}.jpg"),
    AllowedRoute("GET", "/media/{session}/live.jpg"),
    AllowedRoute("GET", "/media/{session}/all.zip"),
    AllowedRoute("GET", "/media/{session}/stamp"),
    AllowedRoute("GET", "/media/{session}/file/{word}"),
    AllowedRoute("GET", "/openapi.json"),
    AllowedRoute("POST", "/clips", "upload"),
    AllowedRoute("POST", "/segment", "json"),
    AllowedRoute("POST", "/segment/mask", "upload"),
    AllowedRoute("POST", "/matting", "json"),
    AllowedRoute("GET", "/tasks/{session}"),
    AllowedRoute("DELETE", "/tasks/{session}"),
    AllowedRoute("WEBSOCKET", "/tasks/{session}/progress", is_stream=True),
    AllowedRoute("GET", "/gradio_api/info"),
    AllowedRoute("GET", "/gradio_api/app_id"),
    AllowedRoute("GET", "/gradio_api/startup-events"),
    AllowedRoute("GET", "/gradio_api/heartbeat/{word}", is_stream=True),
    AllowedRoute("POST", "/gradio_api/upload", "upload"),
    AllowedRoute("GET", "/gradio_api/upload_progress", is_stream=True),
    AllowedRoute("POST", "/gradio_api/queue/join", "json"),
    AllowedRoute("GET", "/gradio_api/queue/data", is_stream=True),
    AllowedRoute("POST", "/gradio_api/component_server/", "json"),
    AllowedRoute("POST", "/gradio_api/cancel", "json"),
    AllowedRoute("POST", "/gradio_api/call/{word}", "json"),
    AllowedRoute("GET", "/gradio_api/call/{word}/{word}", is_stream=True),
)

WEBHOOK_ROUTE = AllowedRoute("POST", "/webhooks/{word}", "json", is_public=True)
"""Served only where the settings name an address for webhooks; it looks at a signature instead of a login."""


def find_route(
    method: str, path: str, routes: Iterable[AllowedRoute] = ALLOWED_ROUTES
) -> AllowedRoute | None:
    """Return the row that serves the request, None where it is not served; HEAD counts as GET."""
    wanted = "GET" if method == "HEAD" else method
    for route in routes:
        if route.method == wanted and route.pattern.fullmatch(path):
            return route
    return None
