"""Clips of sessions: an upload becomes a session, and its frames are read again for whoever asks."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from config import Settings
from pipeline.session.frame_pictures import FramePictures
from pipeline.session.retention import check_share
from pipeline.session.session import Session
from pipeline.session.state import SessionState
from pipeline.session.store import SessionStore, clean_name
from pipeline.storage import disk
from pipeline.storage.files import link_or_copy
from pipeline.video_io import ClipInfo, PictureSequence, UploadOptions, VideoIO
from pipeline.video_io.sequence.archive import is_archive
from pipeline.video_io.sequence.ingest import SOURCE_NAME
from pipeline.video_io.sequence.naming import refuse_single_picture
from utils.alpha_levels import AlphaBytes
from utils.errors import BadRequest, BadUpload, SessionError
from utils.types import Frame

logger = logging.getLogger(__name__)


class Clips:
    """Makes sessions and reads their clips; any thread may use it."""

    def __init__(self, settings: Settings, store: SessionStore, video: VideoIO) -> None:
        self._settings = settings
        self._store = store
        self._video = video
        self._pictures = FramePictures(settings, video)
        self._is_stopping = threading.Event()

    def create(
        self,
        upload: Path,
        shown_name: str,
        *,
        may_link: bool = False,
        owner: str = "",
        options: UploadOptions | None = None,
    ) -> SessionState:
        """Give an upload a folder of its own, then check it there; a ZIP is taken for pictures of a sequence.

        Args:
            owner: whose share of the disk and of the queue the session counts for.
            may_link: share the file with the upload instead of copying it; only for an upload that
                nobody else writes to.
            options: what was said of it.

        Raises:
            BadUpload: not a clip we accept; nothing is kept.
            NotEnoughDisk: the disk has no space for it.
        """
        self._video.check_file(upload)
        refuse_single_picture(upload)
        if is_archive(upload):

            def unpack(folder: Path) -> PictureSequence:
                return self._video.unpack_sequence(upload, folder)

            size_bytes = upload.stat().st_size
            return self._create_of_pictures(unpack, shown_name, size_bytes, owner, options)
        self._check_space(upload.stat().st_size, owner)
        source = f"source{self._safe_suffix(upload)}"
        copy = link_or_copy if may_link else shutil.copyfile

        def fill(folder: Path) -> dict[str, object]:
            copy(upload, folder / source)
            alpha_mode = (options or UploadOptions()).alpha_mode
            clip = self._video.probe(folder / source, alpha_mode)
            return {"source": source, "clip": clip, "owner": owner}

        return self._create(shown_name, fill)

    def create_of_pictures(
        self,
        sequence: PictureSequence,
        *,
        owner: str = "",
        options: UploadOptions | None = None,
    ) -> SessionState:
        """Make a session of the pictures of a sequence; arguments and errors as those of `create`."""
        files = set(sequence.pictures.values())
        for path in files:
            self._video.check_file(path.resolve())  # renders are often links into a store
        size_bytes = sum(path.stat().st_size for path in files)
        if size_bytes > self._settings.max_upload_bytes:
            limit_mb = self._settings.max_upload_bytes // disk.MEGABYTE
            raise BadUpload("sequence.too_big", limit_mb=limit_mb)
        name = sequence.names.name
        return self._create_of_pictures(lambda _: sequence, name, size_bytes, owner, options)

    def _create_of_pictures(
        self,
        find: Callable[[Path], PictureSequence],
        shown_name: str,
        size_bytes: int,
        owner: str,
        options: UploadOptions | None,
    ) -> SessionState:
        """Make a session of what `find` returns; it may put pictures into a folder, which goes afterwards."""
        self._check_space(size_bytes, owner)
        watch = disk.DiskWatch(self._store.root, self._settings.min_free_disk_bytes)

        def fill(folder: Path) -> dict[str, object]:
            pictures = folder / "pictures"
            pictures.mkdir()
            sequence = find(pictures)
            clip = self._video.make_source(
                sequence, options or UploadOptions(), folder, watch.check
            )
            shutil.rmtree(pictures)
            return {"source": SOURCE_NAME, "clip": clip, "owner": owner}

        return self._create(shown_name, fill)

    def _check_space(self, size_bytes: int, owner: str) -> None:
        self._store.root.mkdir(parents=True, exist_ok=True)
        reserve_bytes = self._settings.min_free_disk_bytes
        disk.check_before(self._store.root, size_bytes, reserve_bytes, "video.disk_before")
        check_share(self._store, owner, size_bytes, reserve_bytes)

    def _create(self, shown_name: str, fill: Callable[[Path], dict[str, object]]) -> SessionState:
        with disk.translate_disk_errors(self._store.root):
            session = self._store.create(shown_name, fill)
        clip = session.clip
        logger.info(
            "session %s: %dx%d, %d frames, %s",
            session.id[:6],
            *clip.size_wh,
            clip.frame_count,
            clip.codec,
        )
        return session.state

    def of_owner(self, owner: str | None, limit: int) -> list[SessionState]:
        """Return an owner's sessions, newest change first; with None everybody's."""
        states = []
        for session in self._store:
            with contextlib.suppress(SessionError):
                state = session.state
                if owner is None or state.owner == owner:
                    states.append(state)
        return sorted(states, key=lambda state: -state.updated_at_s)[:limit]

    def set_kept(self, session_id: str, *, is_kept: bool) -> SessionState:
        """Protect a session from being removed for its age, or stop protecting it.

        Raises:
            SessionError: its owner keeps as many as one may.
        """
        session = self._store.open(session_id)
        owner = session.state.owner
        limit = self._settings.kept_sessions_per_client
        if is_kept and sum(state.is_kept for state in self.of_owner(owner, 10**9)) >= limit:
            raise SessionError("job.kept_limit", limit=limit)
        return session.update(is_kept=is_kept)

    def rename(self, session_id: str, name: str) -> SessionState:
        """Give a session another name to show.

        Raises:
            BadRequest: the name is empty.
        """
        session = self._store.open(session_id)
        if not name.strip():
            raise BadRequest("job.name_empty")
        return session.update(shown_name=clean_name(name))

    def open(self, session_id: str, frame: int | None = None) -> tuple[Session, ClipInfo]:
        """Return a session and its clip, after checking that the clip has the frame.

        Raises:
            SessionError: unknown or damaged.
            BadRequest: there is no such frame.
        """
        session = self._store.open(session_id)
        clip = session.clip
        if frame is not None and not 0 <= frame < clip.frame_count:
            raise BadRequest(
                "job.frame_range", frame=frame, frames=clip.frame_count, end=clip.frame_count - 1
            )
        return session, clip

    def frame_jpeg(
        self,
        session_id: str,
        frame: int,
        cancel: threading.Event | None = None,
        *,
        neighbours: bool = False,
    ) -> bytes:
        """Return a JPEG of the displayed frame at its own size.

        It is kept in the session for the next time, as long as the disk's reserve stays free.

        Args:
            cancel: ends a decode that is waited for.
            neighbours: the same decode also makes pictures of frames beside it, after this one's.

        Raises:
            BadRequest: the clip has no such frame.
            Cancelled: the event was set, or the process stops.
        """
        session, clip = self.open(session_id, frame)
        return self._pictures.picture(session, clip, frame, cancel, neighbours=neighbours)

    def kept_frame_jpeg(self, session_id: str, frame: int) -> bytes | None:
        """Return the JPEG that was kept of a frame, None where it must be decoded.

        Raises:
            BadRequest: the clip has no such frame.
        """
        session, _ = self.open(session_id, frame)
        return self._pictures.kept(session, frame)

    def stop_decodes(self) -> None:
        """End all decodes of pictures and of frames to select on, and begin no more."""
        self._is_stopping.set()
        self._pictures.stop()

    def close(self) -> None:
        """End all decodes of pictures, and wait for them."""
        self._pictures.close()

    def read_around(
        self, session: Session, clip: ClipInfo, frame: int, distances: tuple[int, ...]
    ) -> dict[int, Frame]:
        """Return a frame as 0 and its neighbours by their distance, those that the clip has, uint8 RGB (H, W, 3).

        Raises:
            Cancelled: the process stops.
        """
        wanted = {0, *(d for d in distances if 0 <= frame + d < clip.frame_count)}
        first, stop = frame + min(wanted), frame + max(wanted) + 1
        frames = self._video.open(session.source, clip, self._is_stopping).read(first, stop)
        return {
            index - frame: picture.copy()
            for index, picture in enumerate(frames, start=first)
            if index - frame in wanted
        }

    def read_alpha(self, session: Session, clip: ClipInfo, frame: int) -> AlphaBytes:
        """Return a frame's own transparency, uint8 (H, W), 255 = opaque."""
        return self._video.read_alpha(session.source, clip, frame)

    def _safe_suffix(self, upload: Path) -> str:
        suffix = upload.suffix.lower().lstrip(".")
        return f".{suffix}" if suffix in self._settings.formats else ".bin"
