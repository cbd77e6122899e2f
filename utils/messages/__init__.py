"""The one catalogue of texts that reach a user, English and Chinese side by side.

Each area's module holds `TEXTS: dict[str, Text]`; codes are unique over all areas.
"""

from __future__ import annotations

from utils.messages import (
    admin,
    doctor,
    engine,
    job,
    onnx,
    page,
    process,
    prompt,
    remote,
    sequence,
    server,
    video,
    widgets,
    workers,
)
from utils.messages.text import Language, Text
from utils.types import Message

__all__ = ["CATALOGUE", "Language", "Text", "render"]

CATALOGUE: dict[str, Text] = {
    **video.TEXTS,
    **sequence.TEXTS,
    **prompt.TEXTS,
    **engine.TEXTS,
    **doctor.TEXTS,
    **onnx.TEXTS,
    **process.TEXTS,
    **remote.TEXTS,
    **job.TEXTS,
    **page.TEXTS,
    **server.TEXTS,
    **widgets.TEXTS,
    **workers.TEXTS,
    **admin.TEXTS,
}


def render(message: Message, language: Language = "en") -> str:
    """Return the message in the language ("en" or "zh"), its values filled in.

    Raises:
        KeyError: the code is not in the catalogue, or a value it needs is missing.
    """
    values = {
        name: render(value, language) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    return CATALOGUE[message.code].in_language(language).format(**values)
