"""What every endpoint does with errors: ours are told in the client's language, others get a number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from ui.report import report_internal_error
from ui.text import as_language, translate
from utils.errors import SplazmatteError
from utils.messages import Language


@contextmanager
def answering(language: object) -> Iterator[Language]:
    """Yield the language; turn errors of ours into what a client sees, hide the others.

    Raises:
        gr.Error: with the text of the error.
    """
    spoken = as_language(language)
    try:
        yield spoken
    except SplazmatteError as error:
        raise gr.Error(error.text(spoken), print_exception=False) from error
    except Exception as error:
        number = report_internal_error()
        raise gr.Error(
            translate("page.internal_error", spoken, number=number), print_exception=False
        ) from error
