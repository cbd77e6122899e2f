"""What a command was given to work on: video files, ZIPs, and sequences of pictures."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.video_io.sequence.naming import (
    PictureSequence,
    find_sequence,
    group_pictures,
    is_picture,
)
from utils.errors import BadRequest, BadUpload

if TYPE_CHECKING:
    from pipeline.orchestrator import Orchestrator
    from pipeline.session.state import SessionState


@dataclass(frozen=True, slots=True)
class Source:
    """One clip to be: as it was given, and the pictures of a sequence that was given picture by picture."""

    place: Path
    pictures: PictureSequence | None = None

    @property
    def folder_name(self) -> str:
        """What a folder for its files is called."""
        if self.pictures is None and self.place.exists():
            return self.place.name if self.place.is_dir() else self.place.stem
        if self.pictures is None:
            return re.split(r"[%#\[]", self.place.stem)[0].rstrip("._-") or "clip"
        return Path(self.pictures.names.name).stem

    def files(self) -> list[Path]:
        """Return the files that it is read from; none where that can't be told."""
        if self.pictures is not None:
            return list(self.pictures.pictures.values())
        try:
            found = find_sequence(self.place)
        except (BadUpload, OSError):
            return []  # making a session of it says why
        return [self.place] if found is None else list(found.pictures.values())

    def make_session(self, options: argparse.Namespace, orchestrator: Orchestrator) -> SessionState:
        """Make a session of it.

        Raises:
            BadUpload: it can't be used; see `Orchestrator.create_session`.
        """
        from pipeline.video_io import UploadOptions

        how = UploadOptions(
            options.fps, hold_missing=options.missing == "hold", alpha_mode=options.alpha_mode
        )
        pictures = self.pictures or find_sequence(self.place)
        if pictures is not None:
            return orchestrator.create_session_of_pictures(pictures, options=how)
        return orchestrator.create_session(followed(self.place), self.place.name, options=how)


def followed(path: Path) -> Path:
    """Return what a symbolic link leads to: whoever gives it here may read that, unlike an upload of the page."""
    target = path.resolve()
    return target if path.is_symlink() and target.is_file() else path


def check_kept(sources: Sequence[Source], folder: Path, kinds: Sequence[str]) -> None:
    """Refuse a folder for files that would take the place of a clip that was given.

    Raises:
        BadRequest: one would, or a picture lies where a sequence's frames go, whose numbers count as old frames.
    """
    from pipeline.session.output_records import TARGETS_DIR
    from pipeline.session.results import FRAME_NAME
    from pipeline.video_io.outputs.registry import output_format

    files = {path.resolve(): path for source in sources for path in source.files()}
    for kind in kinds:
        found = output_format(kind)
        for base in (folder, *folder.glob(f"{TARGETS_DIR}/*")):
            taken = {(base / name).resolve() for name in found.names}
            for resolved, path in files.items():
                is_frame = found.is_sequence and FRAME_NAME.fullmatch(path.name)
                if (resolved.parent if is_frame else resolved) in taken:
                    raise BadRequest("job.source_overwritten", path=str(path), output=kind)


def read_sources(places: Sequence[Path]) -> list[Source]:
    """Return the clips that were given; several pictures, as a shell writes out "shot.*.png", are sequences.

    Raises:
        BadUpload: a picture is given twice.
    """
    pictures = [place for place in places if is_picture(place.name) and place.is_file()]
    if len(pictures) < 2:
        return [Source(place) for place in places]
    sequences = group_pictures((str(path), path) for path in pictures)
    numbered = {path for sequence in sequences for path in sequence.pictures.values()}
    others = [Source(place) for place in places if place not in numbered]
    return [*others, *(Source(min(one.pictures.values()), one) for one in sequences)]
