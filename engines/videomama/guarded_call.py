"""Retries a network call in smaller batches out of memory, and in bfloat16 on float16 overflow."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from engines.base import RunContext
from engines.device.placement import error_kind, release_memory
from engines.videomama.networks import Networks, NonFiniteError
from utils.errors import EngineError, GpuUnhealthy, OutOfGpuMemory
from utils.types import Message

Result = TypeVar("Result")

NAME = "VideoMaMa"


class GuardedCalls:
    """The network calls of one job; every fallback is reported as a notice."""

    def __init__(self, networks: Networks, context: RunContext) -> None:
        self._networks = networks
        self._on_notice = context.on_notice
        self._first = context.first

    def run(
        self,
        frame: int,
        call: Callable[[], Result],
        shrink: Callable[[], bool] = lambda: False,
        notice: Callable[[], Message] | None = None,
    ) -> Result:
        """Return the call's result.

        Args:
            frame: the call's first frame, for messages.
            call: the work; reads its size from where `shrink` changes it.
            shrink: makes the next try smaller; False where it can't.
            notice: what to tell the user after a `shrink`.

        Raises:
            OutOfGpuMemory: also the smallest size did not fit.
            GpuUnhealthy: the CUDA context is dead.
            EngineError: the result is not finite, in bf16 or fp32 either.
        """
        while True:
            try:
                return call()
            except NonFiniteError as error:
                kind, failure = "overflow", str(error)
                traceback.clear_frames(error.__traceback__)
            except (RuntimeError, MemoryError) as error:
                kind, failure = error_kind(error), f"{type(error).__name__}: {error}"
                if kind == "other":
                    raise
                traceback.clear_frames(error.__traceback__)
            # Out of the except blocks: what the traceback pinned is gone.
            if kind == "dead":
                raise GpuUnhealthy("engine.gpu_unhealthy", detail=failure)
            if kind == "overflow":
                self._fall_back(frame, failure)
                continue
            release_memory()
            if not shrink():
                raise OutOfGpuMemory("engine.no_smaller", name=NAME, detail=failure)
            if notice is not None:
                self._on_notice(notice())

    def _fall_back(self, frame: int, where: str) -> None:
        shown = frame + self._first
        if not self._networks.fall_back():
            raise EngineError(
                "engine.bad_alpha", name=NAME, frame=shown, problem="not finite", detail=where
            )
        self._on_notice(Message("engine.videomama.bf16", {"frame": shown}))
