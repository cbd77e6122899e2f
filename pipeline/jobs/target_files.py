"""A target's alphas into files: the kept alpha and, rendered from it, what the job gives."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from pipeline.jobs.corrected_alphas import corrected_alphas
from pipeline.jobs.kept_alpha import KeptAlpha
from pipeline.jobs.target_mattes import MattingRun
from pipeline.postprocess.review import FrameMeasure, measure
from pipeline.session.output_records import appearance_of, output_records
from pipeline.session.state import OutputRecord
from pipeline.video_io import AlphaMasterWriter, ClipInfo, read_master
from utils.alpha_levels import AlphaLevels
from utils.types import Mask


def matte_target(
    run: MattingRun, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None = None
) -> list[OutputRecord]:
    """Make the files of one target in the folder; return their records.

    Args:
        guide: its masks by frame within `run.frames`, bool (H, W).
        kept: its alpha of the last result; only what changed is matted again then.
    """
    with closing(_target_alphas(run, guide, folder, kept)) as alphas:
        return _render(run, alphas, folder)


def keep_target_alpha(
    run: MattingRun, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None = None
) -> None:
    """Make the alpha of one target alone, kept in the folder; parameters as those of `matte_target`."""
    alphas = _target_alphas(run, guide, folder, kept)
    with _kept_alphas(run, alphas, folder) as passing:
        for _ in passing:
            pass


def combine_targets(run: MattingRun, masters: list[Path]) -> list[OutputRecord]:
    """Render all targets together: the largest of their alphas at each pixel. It is a stage of its own."""
    streams = [read_master(master) for master in masters]
    union = (np.maximum.reduce(alphas) for alphas in zip(*streams, strict=True))
    return _render(run, _reported(run, union), run.session.folder)


def _reported(run: MattingRun, alphas: Iterator[AlphaLevels]) -> Generator[AlphaLevels, None, None]:
    for index, alpha in enumerate(alphas):
        yield alpha
        run.context.report("encode", index + 1, len(run.frames))


def unproven_master(master: Path) -> Path:
    """Return where a master file is written until it is whole."""
    return master.with_name(f"{master.stem}.partial-new{master.suffix}")


def _target_alphas(
    run: MattingRun, guide: Mapping[int, Mask], folder: Path, kept: KeptAlpha | None
) -> Generator[AlphaLevels, None, None]:
    masks = run.masks_folder(folder)
    if kept is None:
        return run.engine_alphas(guide, masks)
    return corrected_alphas(run, guide, masks, kept)


def _render(
    run: MattingRun, alphas: Generator[AlphaLevels, None, None], folder: Path
) -> list[OutputRecord]:
    began_s, matte_before_s = time.perf_counter(), run.seconds.get("matte", 0.0)
    with _kept_alphas(run, alphas, folder) as kept:
        result = run.services.video.render(
            run.session.source,
            run.clip,
            kept,
            run.request.outputs,
            folder,
            appearance_of(run.request, run.session),
            run.context,
            first=run.first,
            last=run.last,
        )
    matte_s = run.seconds.get("matte", 0.0) - matte_before_s
    run.add_seconds("encode", max(time.perf_counter() - began_s - matte_s, 0.0))
    run.notices.extend(result.notices)
    return output_records(run.session, result.outputs, result.bytes)


@contextmanager
def _kept_alphas(
    run: MattingRun, alphas: Generator[AlphaLevels, None, None], folder: Path
) -> Iterator[Generator[AlphaLevels, None, None]]:
    """Yield the alphas on their way into the folder's master; it takes its place at a good end."""
    master = folder / run.session.master.name
    unproven = unproven_master(master)
    with closing(_to_master(alphas, run.clip, unproven, run.measures)) as kept:
        yield kept
    os.replace(unproven, master)


def _to_master(
    alphas: Generator[AlphaLevels, None, None],
    clip: ClipInfo,
    path: Path,
    measures: list[FrameMeasure],
) -> Generator[AlphaLevels, None, None]:
    """Yield the alphas, each measured and written to the master file first."""
    measures.clear()
    with closing(alphas), AlphaMasterWriter(path, clip.size_wh) as master:
        for alpha in alphas:
            master.append(alpha)
            measures.append(measure(alpha))
            yield alpha
