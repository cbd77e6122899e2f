"""Finished files as page, API and archive show and name them; it decides nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from pipeline.orchestrator import OutputFile
from pipeline.session.state import SessionState
from pipeline.video_io.outputs.registry import formats, output_format
from ui.text import listed, shown_bytes, translate
from utils.errors import BadRequest
from utils.messages import Language, render
from utils.numbered_names import numbered_name
from utils.types import Message


def target_of(output: OutputFile) -> str:
    """Return the number of the single target that a file holds, "" where it holds all of them."""
    return str(output.target or "")


NAME_PARTS = ("clip", "target", "output")
"""What a pattern for the name of a download may have in braces: the names of the clip and of the single target, and
the kind of the file."""
DEFAULT_NAME = "{clip}_{output}_{target}"
"""Name of a download; what a file has no value for is left out with its separator."""


def file_name(state: SessionState, output: OutputFile, pattern: str = DEFAULT_NAME) -> str:
    """Return the name a download gets, with our suffix.

    Args:
        pattern: text with any of `NAME_PARTS` in braces.

    Raises:
        BadRequest: it names something else, or leaves nothing of the name.
    """
    names = {one.id: one.name for one in state.targets} if len(state.targets) > 1 else {}
    found = (clip_stem(state), names.get(output.target) or target_of(output), output.kind)
    values = dict(zip(NAME_PARTS, found, strict=True))
    problem = BadRequest("page.name_pattern", pattern=pattern[:60], known=", ".join(values))
    parts = re.split(r"\{(\w*)\}", pattern)
    if not set(parts[1::2]) <= values.keys():
        raise problem
    filled = [values[part] if index % 2 else part for index, part in enumerate(parts)]
    name = _usable("".join(filled))
    if not name:
        raise problem
    return name + output.path.suffix


def _usable(name: str) -> str:
    """Return the name as every system takes it, "" where nothing is left of it."""
    name = re.sub(r"[\x00-\x1f/\\:*?\"<>|{}]", "_", name)
    return re.sub(r"([_ .-])[_ .-]*\1", r"\1", name).strip("_ .-")[:120]


def clip_stem(state: SessionState) -> str:
    """Return the clip's name without its suffix, for names of files."""
    return PurePath(state.shown_name).stem[:60] or "clip"


class ArchiveNames:
    """Names of the files in one archive: a folder for each session, numbered where clips share a name."""

    def __init__(self, pattern: str = DEFAULT_NAME) -> None:
        self._pattern = pattern
        self._folders: dict[str, str] = {}

    def __call__(self, state: SessionState, output: OutputFile) -> str:
        """Return a file's folder and name; see `file_name`."""
        if state.id not in self._folders:
            self._folders[state.id] = self._unused(_usable(clip_stem(state)) or "clip")
        return f"{self._folders[state.id]}/{file_name(state, output, self._pattern)}"

    def _unused(self, folder: str) -> str:
        # Windows and macOS tell no upper from lower case.
        used = {name.lower() for name in self._folders.values()}
        return numbered_name(folder, "", lambda name: name.lower() in used)


def download_path(session_id: str, kind: str, target: str, version: int | None = None) -> str:
    """Return the address a file of the current result, or of a version, is downloaded from."""
    values = {"target": target, "version": version or ""}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"/media/{session_id}/file/{kind}{'?' if query else ''}{query}"


def output_views(
    state: SessionState, outputs: Sequence[OutputFile], language: Language
) -> list[dict[str, Any]]:
    """Return the finished files with their names and sizes."""
    return [
        {
            "kind": output.kind,
            "target": target_of(output),
            "label": _output_label(state, output, language),
            "note": output_format(output.kind).note_in(language),
            "size": shown_bytes(output.size_bytes),
            "size_bytes": output.size_bytes,
            "file_name": file_name(state, output),
        }
        for output in outputs
    ]


def render_for_page(message: Message, language: Language) -> str:
    """Return a message in the language, the files of a job by the labels that downloads have.

    In a session's folder they have names of their own, which are nowhere on the page.
    """
    return render(_with_labels(message, language), language)


def _with_labels(message: Message, language: Language) -> Message:
    params = {
        name: _with_labels(value, language) if isinstance(value, Message) else value
        for name, value in message.params.items()
    }
    if message.code.startswith("video.") and isinstance(params.get("file"), str):
        labels = [_file_label(name, language) for name in str(params["file"]).split(", ")]
        params["file"] = listed(labels, language)
    return Message(message.code, params)


def _file_label(name: str, language: Language) -> str:
    finished = re.sub(r"\.partial(-\w+)?", "", name)
    for item in formats().values():
        if finished in item.names:
            label = item.label_in(language)
            return label if language == "zh" else f"“{label}”"
    return name


def _output_label(state: SessionState, output: OutputFile, language: Language) -> str:
    name = output_format(output.kind).label_in(language)
    return f"{name} · {target_label(state, output, language)}" if output.target else name


def target_label(state: SessionState, output: OutputFile, language: Language) -> str:
    """Return the name of the single target that a file holds, its number in words without a name."""
    names = {target.id: target.name for target in state.targets}
    name = names.get(output.target, "") if len(names) > 1 else ""
    return name or translate("page.target", language, number=output.target)
