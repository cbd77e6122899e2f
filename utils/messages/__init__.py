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
from utils.messages.text import Language, Text, fill
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


def render(message: Message, language: Language | None = None) -> str:
    """Return the message as the page shows it in a language, or as the command line does, its values filled in.

    Args:
        language: of the page; None for the command line, which speaks English and names its own options.

    Raises:
        KeyError: the code is not in the catalogue, or a value it needs is missing.
    """
    values = {
        name: render(value, language) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    text = CATALOGUE[message.code]
    return fill(text.en if language is None else text.in_language(language), values)
