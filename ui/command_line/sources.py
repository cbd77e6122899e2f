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
        return orchestrator.create_session(self.place, self.place.name, options=how)


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
