"""What the page does with files that were sent: each clip becomes a session, and so does each sequence of pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import gradio as gr

from config import Settings
from pipeline.orchestrator import Orchestrator
from pipeline.session.state import SessionState
from pipeline.video_io import UploadOptions
from pipeline.video_io.clip import shown_name
from pipeline.video_io.sequence.naming import (
    PictureSequence,
    group_pictures,
    is_picture,
)
from ui.client import client_of
from ui.inputs import (
    cached_upload,
    event_value,
    event_values,
    forget_upload,
    short_text,
    upload_options,
)
from ui.page.answers import Answers, Updates, merged
from ui.text import about, more, sentences
from utils.errors import BadRequest, SplazmatteError
from utils.messages import Language

MOST_CLIPS = 50
"""Most clips of one upload; the pictures of a sequence count as one."""
_SHOWN_REFUSALS = 6


class UploadSteps:
    """Handlers; see `Callbacks`."""

    def __init__(
        self,
        orchestrator: Orchestrator,
        settings: Settings,
        cache_dir: Path,
        answers: Callable[[], Answers],
    ) -> None:
        self._orchestrator = orchestrator
        self._settings = settings
        self._cache_dir = cache_dir
        self._answers = answers

    def clips(
        self,
        session: object,
        language: Language,
        event: gr.EventData,
        request: gr.Request | None = None,
    ) -> Updates:
        """Make a session of each clip that was sent, and show the first; a refused one doesn't stop the rest.

        Of more than `MOST_CLIPS` the first ones are taken, and how many are left is said.
        """
        files = event_value(event, "files")
        if not isinstance(files, list) or not all(isinstance(item, dict) for item in files):
            raise BadRequest("page.bad_value", name="files")
        if len(files) > MOST_CLIPS + self._settings.max_frames:
            raise BadRequest("page.clips_limit", limit=MOST_CLIPS)
        values = event_values(event)
        options = upload_options(
            values.get("fps", ""), values.get("hold_missing"), values.get("alpha_mode", "auto")
        )
        owner = client_of(request).key
        uploads, refused = self._uploads(files, language)
        states: list[SessionState] = []
        try:
            clips, sequences = _sorted_out(uploads)
            sources: list[Path | PictureSequence] = [*clips, *sequences]
            left = len(sources) - MOST_CLIPS
            if left > 0:
                error = BadRequest("page.clips_left", count=left, limit=MOST_CLIPS)
                refused.append(("", error.text(language)))
            for source in sources[:MOST_CLIPS]:
                try:
                    states.append(self._take(source, owner, options))
                except SplazmatteError as error:
                    refused.append((_name_of(source), error.text(language)))
        finally:
            for path in uploads:
                forget_upload(path)
        return self._shown(states, refused, language)

    def _uploads(
        self, files: list[Mapping[str, object]], language: Language
    ) -> tuple[list[Path], list[tuple[str, str]]]:
        """Return the files that came, and the names of the others with what is to be said of them."""
        uploads: list[Path] = []
        refused: list[tuple[str, str]] = []
        for item in files:
            try:
                if not item.get("path"):
                    # The upload route said why.
                    name = short_text(item.get("name"), "files", 300)
                    refused.append((name[:120], short_text(item.get("error"), "files")))
                else:
                    uploads.append(cached_upload(item["path"], self._cache_dir))
            except SplazmatteError as error:
                given = item.get("path")
                name = Path(given).name[:120] if isinstance(given, str) else "?"
                refused.append((name, error.text(language)))
        return uploads, refused

    def _take(
        self, source: Path | PictureSequence, owner: str, options: UploadOptions
    ) -> SessionState:
        if isinstance(source, PictureSequence):
            return self._orchestrator.create_session_of_pictures(
                source, owner=owner, options=options
            )
        return self._orchestrator.create_session(
            source, source.name, may_link=True, owner=owner, options=options
        )

    def _shown(
        self, states: list[SessionState], refused: list[tuple[str, str]], language: Language
    ) -> Updates:
        answers = self._answers()
        if not states and len(refused) == 1:
            return answers.problem(refused[0][1], language)
        lines = [about(name, said, language) if name else said for name, said in refused]
        said = sentences([*lines[:_SHOWN_REFUSALS], more(len(lines), _SHOWN_REFUSALS)], language)
        if not states:
            return answers.problem(said, language)
        shown = answers.whole(states[0], language, tuple(state.id for state in states[1:]))
        if refused:
            shown = merged(shown, answers.problem(said, language, states[0].id))
        return shown


def _sorted_out(uploads: list[Path]) -> tuple[list[Path], list[PictureSequence]]:
    """Return the files that stand by themselves, and the sequences of pictures among the others.

    Raises:
        BadUpload: two pictures have the same name.
    """
    pictures = [(path.name, path) for path in uploads if is_picture(path.name)]
    sequences = [one for one in group_pictures(pictures) if len(one.pictures) > 1]
    taken = {path for one in sequences for path in one.pictures.values()}
    return [path for path in uploads if path not in taken], sequences


def _name_of(source: Path | PictureSequence) -> str:
    if isinstance(source, PictureSequence):
        return source.names.pattern
    return shown_name(source.name)
