"""Takes webhooks of services; whoever sends one proves it by a signature, and changes nothing by it."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.orchestrator import Orchestrator


class Webhooks:
    """The route; what gets here has passed the access control, which serves it only where webhooks are on."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    def routes(self) -> list[Route]:
        """Return the route to serve."""
        return [Route("/webhooks/{service}", self._take, methods=["POST"])]

    async def _take(self, request: Request) -> Response:
        """Answer 204, 401 where the signature or its time is wrong, or the service signs nothing here."""
        service, body = request.path_params["service"], await request.body()
        is_taken = await anyio.to_thread.run_sync(
            self._orchestrator.take_webhook, service, request.headers, body
        )
        return Response(status_code=204 if is_taken else 401)
