"""The mattes of several targets from one run of an engine that works on them together."""

from __future__ import annotations

import os
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from engines.base import Engine, JointMattingEngine, MattedFrame, RunContext
from pipeline.jobs.guides import TargetGuide
from pipeline.jobs.target_files import unproven_master
from pipeline.jobs.target_mattes import MattingRun, tracks_first
from pipeline.selection.main_object import key_frame_alphas
from pipeline.session.request import MatteRequest
from pipeline.video_io import AlphaMasterWriter
from utils.alpha_levels import AlphaLevels
from utils.options import resolve_options
from utils.prefetch import ahead


def mattes_together(engine: Engine, request: MatteRequest, starts: Collection[int]) -> bool:
    """Return whether an engine mattes the targets that start on these frames, all of them from the beginning, in one run.

    Targets that are tracked first, each by itself, and targets that start on different frames are not.
    """
    return (
        len(starts) > 1
        and isinstance(engine, JointMattingEngine)
        and len(set(starts)) == 1
        and not tracks_first(engine, request)
    )


def keep_alphas(run: MattingRun, guides: Sequence[TargetGuide], masters: Sequence[Path]) -> None:
    """Make the alphas of several targets that `mattes_together` accepts.

    The master files take their places at a good end.
    """
    services, size_wh = run.services, run.clip.size_wh
    context = replace(run.context, confirmed=frozenset().union(*(one.masks for one in guides)))
    refined = [
        key_frame_alphas(
            services.manager, services.key_frame_engine, run.frames, guide.masks, context
        )
        for guide in guides
    ]
    unproven = [unproven_master(master) for master in masters]
    with ExitStack() as opened:
        writers = [opened.enter_context(AlphaMasterWriter(path, size_wh)) for path in unproven]
        rows = opened.enter_context(closing(_alphas(run, guides, context)))
        for position, row in enumerate(rows):
            for alpha, writer, key_frames in zip(row, writers, refined, strict=True):
                writer.append(key_frames.pop(position, alpha))
    for path, master in zip(unproven, masters, strict=True):
        os.replace(path, master)


def _alphas(
    run: MattingRun, guides: Sequence[TargetGuide], context: RunContext
) -> Generator[list[AlphaLevels], None, None]:
    """Yield each frame's alphas, one of each target, in the order of frames."""
    engine = run.engine
    if not isinstance(engine, JointMattingEngine):
        raise TypeError(f"{engine.name} mattes one target at a time")
    options = resolve_options(engine.option_specs(), run.request.options)
    working = engine.working_bytes_together(run.clip.size_wh, len(guides))
    with run.services.manager.lease(engine.name, working, cancel=context.cancel):

        def make() -> Iterator[AlphaLevels]:
            masks = [guide.masks for guide in guides]
            rows = engine.process_together(run.frames, masks, guides[0].start, options, context)
            return run.ordered(_stacked(rows), context, len(guides))

        # The engine goes on in a thread of its own while what it gave is written.
        with closing(ahead(make, engine.alphas_at_once)) as stacked:  # type: ignore[type-var]
            for alphas in stacked:
                yield np.split(alphas, len(guides))


def _stacked(rows: Iterator[tuple[MattedFrame, ...]]) -> Iterator[MattedFrame]:
    """Yield the targets' alphas of each frame one below the other, with the least confidence."""
    with closing(rows):  # type: ignore[type-var]
        for row in rows:
            alpha = np.concatenate([item.alpha for item in row])
            yield MattedFrame(row[0].index, alpha, min(item.confidence for item in row))
