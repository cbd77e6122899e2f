"""New files from the kept alpha, with other edges or another background; no engine runs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from engines.base import RunContext
from pipeline import disk
from pipeline.guides import frame_range
from pipeline.matting import Services
from pipeline.outputs import look_of, output_records, remove_output
from pipeline.postprocess import EdgeControls
from pipeline.reorder import AlphaBytes
from pipeline.session import LOCK_WAIT_S, Session
from pipeline.state import MatteRequest, OutputRecord, SessionState, SessionStatus
from pipeline.video_io import read_master
from utils.errors import SessionError

logger = logging.getLogger(__name__)


class Look(Protocol):
    """What a re-render asks for."""

    @property
    def edges(self) -> EdgeControls:
        """Edge controls."""

    @property
    def background(self) -> str:
        """Background of the foreground clip."""

    @property
    def preview_background(self) -> str:
        """Background of the preview clip."""

    @property
    def outputs(self) -> Sequence[str]:
        """Kinds of files to make."""


class RenderJob:
    """Renders one session's kept alpha again; files of another look that are not asked for go."""

    def __init__(self, services: Services, session: Session, look: Look) -> None:
        self._services = services
        self._session = session
        self._look = look

    def run(self, context: RunContext) -> SessionState:
        """Render; on failure or cancel the files that were there stay.

        Raises:
            SplazmatteError: what went wrong; `Cancelled` when cancelled.
        """
        lock = self._session.try_job_lock(LOCK_WAIT_S)
        if lock is None:
            raise SessionError("job.already_running")
        try:
            with disk.full_disk_is_said(self._session.folder, "job.disk_during"):
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
        request = made_by.model_copy(
            update={
                "edges": self._look.edges,
                "background": self._look.background,
                "preview_background": self._look.preview_background,
            }
        )
        first, last = frame_range(request, state.clip)
        settings = self._services.settings
        needed = disk.estimate_bytes(state.clip.size_wh, last - first + 1, self._look.outputs)
        disk.check_before(self._session.folder, needed, settings.min_free_disk_bytes)
        result = self._services.video.render(
            self._session.source,
            state.clip,
            self._alphas(context, last - first + 1),
            self._look.outputs,
            self._session.folder,
            look_of(request, self._session),
            context,
            first=first,
            last=last,
        )
        records = output_records(self._session, result.outputs, result.bytes)
        logger.info(
            "session %s: rendered %d frames again in %.1f s",
            self._session.id[:6],
            result.frames,
            time.perf_counter() - started_s,
        )
        return self._record(state, request, records)

    def _alphas(self, context: RunContext, total: int) -> Iterator[AlphaBytes]:
        watch = disk.DiskWatch(self._session.folder, self._services.settings.running_floor_bytes)
        for done, alpha in enumerate(read_master(self._session.master), start=1):
            watch.check()
            yield alpha
            context.report("render", done, total)

    def _record(
        self, state: SessionState, request: MatteRequest, records: list[OutputRecord]
    ) -> SessionState:
        made = {record.kind for record in records}
        others = [record for record in state.outputs if record.kind not in made]
        stale = others if state.result_request != request else []
        done = self._session.update(
            request=request,
            result_request=request,
            outputs=(*records, *(record for record in others if record not in stale)),
            status=SessionStatus.DONE,
            error=None,
        )
        for record in stale:
            remove_output(self._session.folder / record.file)
        return done
