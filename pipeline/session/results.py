"""The finished files of a session: stills, edges tried out, downloads, and copies elsewhere."""

from __future__ import annotations

import os
import re
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from pipeline.postprocess.appearance import Appearance, Backgrounds, Edges
from pipeline.postprocess.edges import apply_edges
from pipeline.postprocess.review import ReviewPlace, places_to_review
from pipeline.session.frame_values import read_frame_values
from pipeline.session.masks import read_mask
from pipeline.session.output_records import (
    is_there,
    record_paths,
    target_master,
    target_number,
    target_numbers,
    zip_path,
)
from pipeline.session.session import Session
from pipeline.session.state import FIRST_TARGET, OutputRecord, frame_range
from pipeline.storage import disk
from pipeline.storage.files import exclusive, link_or_copy, partial_path
from pipeline.video_io import ClipInfo, VideoIO, compose_still, read_master_frame
from utils.alpha_levels import float_to_bytes, to_float
from utils.errors import BadRequest, NotEnoughDisk, SessionError
from utils.image_utils import write_image
from utils.types import Alpha, Frame, Mask
from utils.zip_size import stored_zip_bytes

Value = TypeVar("Value")

FRAME_NAME = re.compile(r"[0-9]+\.[a-z]{3,4}")

_PACKED_AT_MOST = 3
"""Times that a sequence is packed where each time it was rendered again meanwhile."""


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A finished output; `target` as `output_records.target_number` has it.

    `path` is what is downloaded: of a sequence the ZIP of its `folders`, there after `Results.prepare_download`.
    """

    kind: str
    path: Path
    size_bytes: int
    target: int
    folders: tuple[Path, ...] = ()


class Results:
    """Works on sessions that have a kept alpha."""

    def __init__(self, video: VideoIO) -> None:
        self._video = video

    def outputs(self, session: Session, kind: str = "") -> tuple[OutputFile, ...]:
        """Return the finished files; a sequence as one ZIP, which is not packed by being listed.

        While a job runs they are those of the result before it.

        Args:
            kind: the only one to list; the size of a long sequence takes a tenth of a second.
        """
        wanted = [one for one in session.state.result_outputs if kind in ("", one.kind)]
        found = (_listed(session.folder, record) for record in wanted)
        return tuple(output for output in found if output is not None)

    def prepare_download(self, session: Session, output: OutputFile) -> None:
        """Pack a sequence, without compression, unless that was done since its frames were made.

        Raises:
            NotEnoughDisk: the disk is full.
        """
        if not output.folders:
            return
        folder = session.folder
        with disk.translate_disk_errors(folder), exclusive(folder / ".zip.lock"):
            # Not older or newer: the clock may have gone back, and frames may be rendered again while they are packed.
            for _ in range(_PACKED_AT_MOST):
                made_ns = _changed_ns(*output.folders)
                if made_ns == _changed_ns(output.path):
                    break
                _pack(output.folders, output.path, made_ns)

    def still(
        self,
        session: Session,
        frame: int,
        edges: Edges,
        background: str,
        cancel: threading.Event | None = None,
    ) -> Frame:
        """Return one result frame over a background, uint8 RGB (H, W, 3), from the kept alpha.

        Args:
            frame: frame of the clip.
            background: "#RRGGBB", "checker", "grey", "black", "white" or "picture".
            cancel: ends a decode that is waited for.

        Raises:
            Cancelled: the event was set.
        """
        backgrounds = Backgrounds(background, background)
        check_picture(session, backgrounds)
        clip, alpha = self._kept_alpha(session, frame)
        reader = self._video.open(session.source, clip, cancel)
        source = next(iter(reader.read(frame, frame + 1)))
        appearance = Appearance(edges, backgrounds, session.background_picture)
        own = self._video.read_alpha(session.source, clip, frame) if clip.has_soft_alpha else None
        return compose_still(source, alpha, appearance, own)

    def alpha_still(self, session: Session, frame: int, edges: Edges) -> Frame:
        """Return one alpha frame as grey, uint8 RGB (H, W, 3), from the kept alpha."""
        _, alpha = self._kept_alpha(session, frame)
        levels = float_to_bytes(apply_edges(alpha, edges))
        grey: Frame = np.repeat(levels[..., None], 3, axis=2)
        return grey

    def mask(self, session: Session, frame: int, target: int = FIRST_TARGET) -> Mask:
        """Return what the last result has of a target on a frame, bool (H, W): alpha above one half.

        Raises:
            SessionError: there is no result of that target.
            BadRequest: it doesn't cover the frame.
        """
        state = session.state
        plan = state.result_plan
        master = session.master
        if len(state.targets) > 1:
            if plan is None or target not in target_numbers(plan):
                raise SessionError("job.no_result")
            master = target_master(session, plan, target)
        _, alpha = self._kept_alpha(session, frame, master)
        return np.asarray(alpha > 0.5)

    def confidence(self, session: Session) -> tuple[float | None, ...]:
        """Return the engine's confidence at each frame of the clip, None where it did not run."""
        return _of_each_frame(session, read_frame_values(session.folder).confidence)

    def shows_target(self, session: Session) -> tuple[bool | None, ...]:
        """Tell of each frame of the clip whether the result has anything there, None where that is not known."""
        measures = read_frame_values(session.folder).measures
        return _of_each_frame(session, [one.area > 0.0 for one in measures])

    def places_to_review(self, session: Session) -> list[ReviewPlace]:
        """Return frames of the result worth a look; none where it was made before they were measured."""
        state = session.state
        measures = read_frame_values(session.folder).measures
        if state.result_request is None or not measures:
            return []
        first = state.result_request.first
        confidence = [value for value in self.confidence(session)[first:] if value is not None]
        return places_to_review(
            measures, confidence, first, {one.frame for one in state.all_keyframes}
        )

    def export(self, session: Session, folder: Path) -> dict[str, Path]:
        """Put the finished files into the folder, by hard link where it can; return them by kind.

        A sequence goes into the folders its format names.

        Raises:
            NotEnoughDisk: the folder's disk is full.
            BadRequest: the folder can't be written.
            SessionError: a finished file was removed by somebody.
        """
        outputs = session.state.outputs
        gone = [record.file for record in outputs if not is_there(session.folder, record)]
        if gone:
            raise SessionError("job.outputs_gone", names=", ".join(gone))
        exported: dict[str, Path] = {}
        with _translate_unwritable(folder):
            for record in outputs:
                for source in record_paths(session.folder, record):
                    _export(source, folder / source.relative_to(session.folder))
                number = target_number(record)
                name = f"{record.kind} {number}" if number else record.kind
                exported[name] = folder / record.file
        return exported

    def export_mask(self, session: Session, frame: int, path: Path) -> None:
        """Write the kept instances of a keyframe as one mask PNG, 0 or 255.

        Raises:
            BadRequest: the file can't be written.
            NotEnoughDisk: its disk is full.
        """
        keyframe = session.state.keyframes[frame]
        masks = [read_mask(session.instance_path(frame, number)) for number in keyframe.kept]
        union = np.logical_or.reduce(masks)
        with _translate_unwritable(path.parent):
            write_image(path, np.where(union, np.uint8(255), np.uint8(0)))

    def _kept_alpha(
        self, session: Session, frame: int, master: Path | None = None
    ) -> tuple[ClipInfo, Alpha]:
        clip = session.clip
        request = session.state.result_request
        master = master or session.master
        if request is None or not master.is_file():
            raise SessionError("job.no_result")
        first, last = frame_range(request, clip)
        if not first <= frame <= last:
            raise BadRequest("job.outside_result", frame=frame, first=first, last=last)
        levels = read_master_frame(master, frame - first)
        return clip, to_float(levels)


def _listed(folder: Path, record: OutputRecord) -> OutputFile | None:
    """Return an output of the session's folder, None where somebody has removed it."""
    path, number = folder / record.file, target_number(record)
    try:
        if not path.is_dir():
            return OutputFile(record.kind, path, path.stat().st_size, number)
        folders = record_paths(folder, record)
        sizes = [(name, item.stat().st_size) for name, item in _entries(folders)]
    except FileNotFoundError:
        return None
    return OutputFile(
        record.kind, zip_path(folder, record), stored_zip_bytes(sizes), number, folders
    )


def _of_each_frame(session: Session, values: Sequence[Value]) -> tuple[Value | None, ...]:
    """Return a result's values by the clip's frames; None outside the result."""
    clip, request = session.clip, session.state.result_request
    found: list[Value | None] = [None] * clip.frame_count
    if request is not None:
        found[request.first : request.first + len(values)] = values
    return tuple(found[: clip.frame_count])


def _changed_ns(*paths: Path) -> int | None:
    """Return when files or folders were changed, in nanoseconds since the epoch; None where one is not there.

    The mean of several: it changes with each of them.
    """
    try:
        return sum(path.stat().st_mtime_ns for path in paths) // len(paths)
    except FileNotFoundError:
        return None


def _entries(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield the frames of a sequence with their names in its ZIP."""
    for folder in folders:
        for item in sorted(folder.iterdir()):
            yield f"{folder.name}/{item.name}", item


def _pack(folders: Sequence[Path], path: Path, made_ns: int | None) -> None:
    """Write a ZIP of the folders' files that says it was changed when they were."""
    temporary = partial_path(path)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for name, item in _entries(folders):
                archive.write(item, name)
        if made_ns is not None:
            os.utime(temporary, ns=(made_ns, made_ns))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_picture(session: Session, backgrounds: Backgrounds) -> None:
    """Check that the session has a picture where one is wanted as background.

    Raises:
        BadRequest: it has none.
    """
    if backgrounds.use_picture and not session.background_picture.is_file():
        raise BadRequest("job.no_picture")


@contextmanager
def _translate_unwritable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        shown, detail = str(folder), str(error)
        if disk.is_full(error):
            free_mb = disk.free_bytes(folder) // disk.MEGABYTE
            full = NotEnoughDisk("job.folder_full", folder=shown, free_mb=free_mb, detail=detail)
            raise full from error
        raise BadRequest("job.folder_unusable", folder=shown, detail=detail) from error


def _export(source: Path, target: Path) -> None:
    """Put a file, or a sequence's frames, at the target; of what is there only frames of ours go."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        names = {item.name for item in source.iterdir()}
        shortest = min((len(name) for name in names), default=0)
        suffixes = {Path(name).suffix for name in names}
        for old in target.iterdir():
            is_frame = FRAME_NAME.fullmatch(old.name) and len(old.name) >= shortest
            if is_frame and old.suffix in suffixes and old.name not in names:
                old.unlink()
        for name in sorted(names):
            link_or_copy(source / name, target / name)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(source, target)
