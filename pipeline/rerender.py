"""New files from the kept alpha, with other edges or another background; no engine runs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from engines.base import RunContext
from pipeline.guides import frame_range
from pipeline.matting import Services
from pipeline.outputs import look_of, output_records, remove_output
from pipeline.postprocess import EdgeControls
from pipeline.reorder import AlphaBytes
from pipeline.session import Session
from pipeline.state import MatteRequest, OutputRecord, SessionState, SessionStatus
from pipeline.video_io import read_master
from utils.errors import SessionError, SplazmatteError

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
        lock = self._session.try_job_lock()
        if lock is None:
            raise SessionError("job.already_running")
        try:
            return self._render(context)
        except SplazmatteError:
            self._session.sweep_partials()
            raise
        finally:
            os.close(lock)

    def _render(self, context: RunContext) -> SessionState:
        state = self._session.state
        if state.request is None or state.clip is None:
            raise SessionError("job.no_result")
        started_s = time.perf_counter()
        request = state.request.model_copy(
            update={
                "edges": self._look.edges,
                "background": self._look.background,
                "preview_background": self._look.preview_background,
            }
        )
        first, last = frame_range(request, state.clip)
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
        for done, alpha in enumerate(read_master(self._session.master), start=1):
            yield alpha
            context.report("render", done, total)

    def _record(
        self, state: SessionState, request: MatteRequest, records: list[OutputRecord]
    ) -> SessionState:
        made = {record.kind for record in records}
        others = [record for record in state.outputs if record.kind not in made]
        if state.request != request:
            for record in others:
                remove_output(self._session.folder / record.file)
            others = []
        return self._session.update(
            request=request, outputs=(*records, *others), status=SessionStatus.DONE
        )
