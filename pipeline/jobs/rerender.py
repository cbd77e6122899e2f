"""New files from the kept alpha, with other edges or another background; no engine runs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from engines.base import RunContext
from pipeline.jobs.disk_estimate import estimate_bytes
from pipeline.jobs.progress import of_several
from pipeline.jobs.target_mattes import Services
from pipeline.session.output_records import (
    appearance_of,
    is_there,
    output_records,
    remove_output,
    target_number,
)
from pipeline.session.request import MatteRequest, RenderRequest
from pipeline.session.result_versions import FormerResult
from pipeline.session.session import LOCK_WAIT_S, Session
from pipeline.session.state import (
    OutputRecord,
    SessionState,
    SessionStatus,
    frame_range,
)
from pipeline.storage import disk
from pipeline.video_io import ClipInfo, read_master
from pipeline.video_io.outputs.registry import formats
from utils.alpha_levels import AlphaLevels
from utils.errors import SessionError

logger = logging.getLogger(__name__)


class RenderJob:
    """Renders one session's kept alphas again; files of another appearance become a version of the result."""

    def __init__(self, services: Services, session: Session, request: RenderRequest) -> None:
        self._services = services
        self._session = session
        self._request = request

    def run(self, context: RunContext) -> SessionState:
        """Render; on failure or cancel the files that were there stay.

        Where targets are separate, what all make together comes first and then each target; what is
        finished by the time of a cancel counts.

        Raises:
            SplazmatteError: what went wrong; `Cancelled` when cancelled.
        """
        lock = self._session.try_job_lock(LOCK_WAIT_S)
        if lock is None:
            raise SessionError("job.already_running")
        try:
            with disk.translate_disk_errors(self._session.folder, "job.disk_during"):
                return self._render(context)
        except BaseException:
            self._session.sweep_partials()
            raise
        finally:
            os.close(lock)

    def _render(self, context: RunContext) -> SessionState:
        state = self._session.state
        made_by = state.result_request
        if made_by is None or state.clip is None:
            raise SessionError("job.no_result")
        started_s = time.perf_counter()
        request = self._rendered_request(made_by)
        first, last = frame_range(request, state.clip)
        count = last - first + 1
        folders = result_folders(self._session)
        total = count * len(folders)
        self._check_disk(state.clip, count, len(folders))
        former = FormerResult(self._session) if request != made_by else None
        for number, folder in enumerate(folders):
            result = self._services.video.render(
                self._session.source,
                state.clip,
                self._alphas(context, folder, number * count, total),
                self._request.outputs,
                folder,
                appearance_of(request, self._session),
                _of_folder(context, number, len(folders)),
                first=first,
                last=last,
            )
            records = output_records(self._session, result.outputs, result.bytes)
            state = self._record(state, (made_by, request), records, former)
        logger.info(
            "session %s: rendered %d frames again in %.1f s",
            self._session.id[:6],
            total,
            time.perf_counter() - started_s,
        )
        return state

    def _rendered_request(self, made_by: MatteRequest) -> MatteRequest:
        """Return the request of the result that is there, with the appearance and the kinds of files asked for now."""
        asked = self._request
        return made_by.model_copy(
            update={"edges": asked.edges, "backgrounds": asked.backgrounds, "files": asked.files}
        )

    def _check_disk(self, clip: ClipInfo, frames: int, folders: int) -> None:
        """Check that the files of so many frames fit on the disk in so many folders.

        Raises:
            NotEnoughDisk: they don't.
        """
        needed = estimate_bytes(clip.size_wh, frames, self._request.outputs) * folders
        reserve = self._services.settings.min_free_disk_bytes
        disk.check_before(self._session.folder, needed, reserve)

    def _alphas(
        self, context: RunContext, folder: Path, before: int, total: int
    ) -> Iterator[AlphaLevels]:
        watch = disk.DiskWatch(self._session.folder, self._services.settings.running_floor_bytes)
        master = folder / self._session.master.name
        for done, alpha in enumerate(read_master(master), start=before + 1):
            watch.check()
            yield alpha
            context.report("render", done, total)

    def _record(
        self,
        state: SessionState,
        requests: tuple[MatteRequest, MatteRequest],
        records: list[OutputRecord],
        former: FormerResult | None,
    ) -> SessionState:
        """Put the records of one target, or of all together, in the place of those that look different or are gone.

        Args:
            requests: of the result before, and of this one.
            former: the result before, where it looks different: kept as a version from the first record on.
        """
        made = {record.file for record in records}
        target = target_number(records[0])
        folder, request = self._session.folder, requests[1]
        others = [
            record
            for record in state.outputs
            if record.file not in made and is_there(folder, record)
        ]
        stale = [
            record
            for record in others
            if former and target_number(record) == target and _looks_different(record, *requests)
        ]
        outputs = [*records, *(record for record in others if record not in stale)]
        done = self._session.update(
            request=request,
            result_request=request,
            result_number=former.keep() if former else state.result_number,
            result_at_s=time.time() if former else state.result_at_s,
            outputs=tuple(sorted(outputs, key=target_number)),
            status=SessionStatus.DONE,
            error=None,
        )
        for record in stale:
            remove_output(folder, record)
        return done


def _of_folder(context: RunContext, done: int, count: int) -> RunContext:
    """Return the context of one of several folders' files; their progress goes on from those that are done."""
    return replace(
        context,
        on_progress=lambda progress: context.on_progress(of_several(progress, done, count)),
    )


def _looks_different(record: OutputRecord, before: MatteRequest, request: MatteRequest) -> bool:
    """Return whether a file of the request before would be made otherwise by the other one."""
    found = formats().get(record.kind)
    if found is None or (before.edges, before.backgrounds) != (request.edges, request.backgrounds):
        return True
    return any(
        getattr(before.files, name) != getattr(request.files, name) for name in found.file_options
    )


def result_folders(session: Session) -> list[Path]:
    """Return the folders that the session's result has files in: its own, and one a separate target."""
    found = {target_number(record): record.file for record in session.state.outputs}
    targets = [(session.folder / found[number]).parent for number in sorted(found) if number]
    return [
        session.folder,
        *(folder for folder in targets if (folder / session.master.name).is_file()),
    ]
