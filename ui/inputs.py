"""Checks on values that arrive from a browser or an API client; what the page itself allows protects nothing."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from pathlib import Path

import gradio as gr

from pipeline.video_io import UploadOptions
from pipeline.video_io.alpha_mode import ALPHA_MODES
from pipeline.video_io.sequence.naming import parse_rate
from utils.errors import BadRequest

_LARGEST = 2**31


_FORMS = {
    "points": "[[x, y], [x, y, 0], …]",
    "box": "[x0, y0, x1, y1]",
    "examples": "[[x0, y0, x1, y1], [x0, y0, x1, y1, 0], …]",
    "strokes": '[{"vertices": [[x, y], …], "radius": 12, "positive": true, "filled": false}, …]',
    "kept": '{"0": [0, 2]}',
    "outputs": '["alpha", "png"]',
}
"""How programs write values that have a shape."""


def bad_value(name: str) -> BadRequest:
    """Return the error of a value that can't be used; it says how one with a shape is written."""
    form = _FORMS.get(name)
    if form is None:
        return BadRequest("page.bad_value", name=name)
    return BadRequest("page.bad_form", name=name, form=form)


def whole_number(value: object, name: str) -> int:
    """Return the value as an int.

    Raises:
        BadRequest: it isn't a finite whole number below 2^31 in size.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise bad_value(name)
    if not math.isfinite(value) or value != int(value) or abs(value) >= _LARGEST:
        raise bad_value(name)
    return int(value)


def short_text(value: object, name: str, limit: int = 500) -> str:
    """Return the value as stripped text.

    Raises:
        BadRequest: it isn't text, or is longer than the limit.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise bad_value(name)
    return value.strip()


def session_key(value: object) -> str:
    """Return the value as a session id to look up.

    Raises:
        BadRequest: it is empty or no text; no clip was uploaded yet.
    """
    if not isinstance(value, str) or not value:
        raise BadRequest("page.no_session")
    return value[:100]


def kept_instances(value: object) -> dict[int, tuple[int, ...]]:
    """Return kept instance ids by frame, from a mapping with text keys.

    Raises:
        BadRequest: it has another shape.
    """
    if not isinstance(value, Mapping):
        raise bad_value("kept")
    kept: dict[int, tuple[int, ...]] = {}
    for frame, instances in value.items():
        if not isinstance(instances, (list, tuple)) or not str(frame).isdecimal():
            raise bad_value("kept")
        kept[whole_number(int(str(frame)[:12]), "kept")] = tuple(
            whole_number(item, "kept") for item in instances
        )
    return kept


def event_values(event: gr.EventData) -> Mapping[str, object]:
    """Return what a widget sent with its event.

    Raises:
        BadRequest: it isn't a mapping.
    """
    data = event._data
    if not isinstance(data, dict):
        raise BadRequest("page.bad_value", name="event")
    return data


def event_value(event: gr.EventData, name: str) -> object:
    """Return one value that a widget sent with its event; `BadRequest` where it isn't there."""
    values = event_values(event)
    if name not in values:
        raise bad_value(name)
    return values[name]


def cached_upload(value: object, cache_dir: Path) -> Path:
    """Return the path of a file in the upload cache.

    Raises:
        BadRequest: the path leads anywhere else, or there is no such file.
    """
    if not isinstance(value, (str, Path)):
        raise BadRequest("page.no_file")
    path = Path(value)
    if path.is_symlink() or not path.resolve().is_relative_to(cache_dir.resolve()):
        raise BadRequest("page.no_file")
    if not path.is_file():
        raise BadRequest("page.no_file")
    return path


def upload_options(
    fps: object, hold_missing: object = False, alpha_mode: object = "auto"
) -> UploadOptions:
    """Return how an upload becomes a clip; without a rate, as pictures state.

    Raises:
        BadRequest: the rate is none, or the alpha mode is unknown.
    """
    mode = next((known for known in ALPHA_MODES if known == alpha_mode), None)
    if mode is None:
        allowed = ", ".join(ALPHA_MODES)
        value = short_text(alpha_mode, "alpha_mode", 60)
        raise BadRequest("job.value", name="alpha_mode", value=value, allowed=allowed)
    given = str(fps) if isinstance(fps, (int, float)) and not isinstance(fps, bool) else fps
    text = short_text(given, "fps", 60)
    rate = parse_rate(text) if text else None
    return UploadOptions(rate, hold_missing=hold_missing is True, alpha_mode=mode)


def forget_upload(path: Path) -> None:
    """Remove an upload that was taken, and the folder of its own that it lay in."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def forget_button_upload(path: Path, cache_dir: Path) -> None:
    """Remove what came by one of Gradio's upload buttons, and the empty files that those leave in the cache.

    `gr.UploadButton` makes a temporary file for each upload, and gives it the upload's name without ever using it.
    """
    forget_upload(path)
    for left in cache_dir.glob("tmp*"):
        with contextlib.suppress(OSError):
            if left.is_file() and not left.is_symlink() and left.stat().st_size == 0:
                left.unlink()


def read_outputs(value: object) -> tuple[str, ...]:
    """Return the chosen kinds of files.

    Raises:
        BadRequest: it isn't a list of short texts, or nothing is chosen.
    """
    if not isinstance(value, (list, tuple)):
        raise bad_value("outputs")
    if not value:
        raise BadRequest("page.no_outputs")
    return tuple(short_text(item, "outputs", 60) for item in value)
