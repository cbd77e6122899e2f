"""Mattes a clip that was sent: files in, a file of alpha out; knows no HTTP."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app import build_engines
from config import Settings
from engines.base import Capability, MattingEngine, RunContext
from engines.remote.fit import to_colours
from pipeline.engine_choice import EngineChoice
from pipeline.jobs.reorder import in_order
from pipeline.session.masks import MaskFolder, write_mask
from pipeline.video_io import ClipFiles, VideoIO
from utils.errors import BadRequest
from utils.messages import render
from utils.options import resolve_options
from utils.types import Mask, OnProgress


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: an engine by name or "auto", the frame that matting starts from, and the frames
    whose masks a user confirmed.
    """

    engine: str = "auto"
    start: int = 0
    confirmed: tuple[int, ...] = ()


class Worker:
    """Runs the engines of this machine; one job at a time is enough for one device."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry, self._manager = build_engines(settings)
        self._choice = EngineChoice(settings, self._registry, self._manager)
        self._video = VideoIO(settings)
        self._files = ClipFiles(settings)

    def engines(self) -> list[str]:
        """Return the engines that are ready here."""
        return [
            engine.name
            for engine in self._registry
            if Capability.MATTE in engine.capabilities
            and engine.is_available
            and not engine.is_remote
        ]

    def check(self, asked: Asked, *, has_masks: bool) -> str:
        """Return the engine for what is asked.

        Raises:
            SplazmatteError: there is none, or it lacks something.
        """
        name = self._choice.matting_engine(asked.engine, everyone=not has_masks)
        if self._registry.get(name).is_remote:
            raise BadRequest("engine.unknown", name=name[:60], known=", ".join(self.engines()))
        return name

    def matte(
        self,
        clip: Path,
        masks: Path | None,
        asked: Asked,
        result: Path,
        cancel: threading.Event,
        on_progress: OnProgress = lambda progress: None,
    ) -> None:
        """Write the clip's alpha, as `to_colours` packs it, into a lossless clip of the same frames.

        Args:
            clip: the frames; masks: their masks in the same order, white = the target, None for everybody.

        Raises:
            SplazmatteError: whatever the engine or the check of the clip says.
        """
        name = self.check(asked, has_masks=masks is not None)
        info = self._video.probe(clip)
        frames = self._video.open(clip, info, cancel)
        folder = result.parent / "masks"
        guide: Mapping[int, Mask] = {}
        if masks is not None:
            guide = self._guide(masks, folder, cancel)
        if not 0 <= asked.start < len(frames):
            raise BadRequest(
                "job.value", name="start", value=asked.start, allowed=f"0 … {len(frames) - 1}"
            )
        context = RunContext(
            on_progress=on_progress,
            cancel=cancel,
            confirmed=frozenset(asked.confirmed),
            fps=info.fps,
        )
        with self._manager.lease(name, size_wh=info.size_wh, cancel=cancel) as engine:
            if not isinstance(engine, MattingEngine):
                raise BadRequest("engine.cannot_matte", name=engine.label, known="-")
            options = resolve_options(engine.option_specs(), {})
            if engine.guide_kind == "first_mask" and not engine.wants_tracked_masks(options):
                guide = {index: guide[index] for index in asked.confirmed if index in guide}
            matted = engine.process(frames, guide, asked.start, options, context)
            ordered = in_order(
                matted, len(frames), info.size_wh, result.parent / "spool", render(engine.label)
            )
            pictures = (to_colours(levels) for levels, _ in ordered)
            self._files.write_clip(result, pictures, info.size_wh, info.fps, lossless=True)

    def _guide(self, masks: Path, folder: Path, cancel: threading.Event) -> MaskFolder:
        """Put the masks of a clip into a folder, a PNG each."""
        guide = MaskFolder(folder)
        for index, picture in enumerate(self._files.open_clip(masks, cancel).colours()):
            write_mask(guide.path(index), picture[..., 0] > 127)
        return guide
