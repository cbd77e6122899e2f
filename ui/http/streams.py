"""Answers that last for as long as somebody listens, ended from our side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer_until(
    ended: asyncio.Event, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer until the event is set; the answer then ends as if it were complete, a WebSocket is closed."""
    is_socket = scope["type"] == "websocket"
    has_begun = is_complete = False

    async def sending(message: Message) -> None:
        nonlocal has_begun, is_complete
        await send(message)
        has_begun = True
        is_body = message["type"] == "http.response.body"
        is_complete = message["type"] == "websocket.close" or (
            is_body and not message.get("more_body")
        )

    answering = asyncio.ensure_future(_awaited(app(scope, receive, sending)))
    ending = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait({answering, ending}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answering.result()
    finally:
        for task in (answering, ending):
            task.cancel()
        await asyncio.gather(answering, ending, return_exceptions=True)
    if has_begun and not is_complete and is_socket:
        await send({"type": "websocket.close", "code": 1008})
    elif has_begun and not is_complete:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _awaited(answer: Awaitable[None]) -> None:
    await answer
