"""A target's alphas after a correction: the last result's, with the stretch that changed matted again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from pipeline.jobs.changed_frames import Stretch
from pipeline.jobs.kept_alpha import KeptAlpha
from pipeline.jobs.outwards import Backwards
from pipeline.jobs.splice import Splice
from pipeline.jobs.target_mattes import MattingRun
from pipeline.jobs.tracking import KeptMasks, masks_token, replace_masks
from pipeline.session.masks import MaskFolder
from pipeline.storage.files import partial_path
from utils.alpha_levels import AlphaLevels
from utils.types import Mask, Message


def corrected_alphas(
    run: MattingRun, guide: Mapping[int, Mask], masks: Path, kept: KeptAlpha
) -> Generator[AlphaLevels, None, None]:
    """Yield the kept alphas, levels (H, W) in the order of frames, with the changed ones made again.

    Args:
        guide: the target's masks by frame within `run.frames`, bool (H, W).
        masks: the folder of its tracked masks.
    """
    stretch = kept.stretch
    if stretch is None:
        yield from _reported(run, kept.alphas(), 0)
        return
    part = _part_of(run, masks, kept, stretch)
    own = {
        frame - stretch.first: mask
        for frame, mask in guide.items()
        if stretch.first <= frame <= stretch.last
    }
    splice = Splice(stretch)
    with closing(part.engine_alphas(own, partial_path(masks))) as made:
        alphas = splice.join(kept.alphas(), made)
        yield from _reported(run, alphas, stretch.last + 1)
    replace_masks(masks, partial_path(masks), stretch.first)
    first = stretch.first + (part.backwards.reached if part.backwards else 0)
    for frame, value in enumerate(part.confidence, start=stretch.first):
        if stretch.weight(frame) > 0.0 and first <= frame <= splice.last:
            run.confidence[frame] = value
    if (first, splice.last) != (stretch.first, stretch.last):
        # A kept key frame at an end is only the anchor of the fade: it is as it was.
        changed = [frame for frame in range(first, splice.last + 1) if stretch.weight(frame) > 0.0]
        ends = {"first": run.first + changed[0], "last": run.first + changed[-1]}
        run.context.on_notice(Message("job.converged", {**ends}))
    for index, share in part.disagreement.items():
        run.disagreement[stretch.first + index] = share


def _part_of(run: MattingRun, masks: Path, kept: KeptAlpha, stretch: Stretch) -> MattingRun:
    """Return the run of the stretch alone."""
    part = run.of_frames(stretch.first, stretch.last, stretch.matted_from)
    return replace(
        part,
        # Frames of a part have other numbers: what an engine kept of the range is not theirs.
        context=replace(part.context, cache_dir=None),
        backwards=_backwards(run, kept, stretch),
        kept_masks=_kept_masks(masks, kept, stretch),
    )


def _backwards(run: MattingRun, kept: KeptAlpha, stretch: Stretch) -> Backwards | None:
    """Return what the frames before the correction are compared with, where matting starts from it.

    A hosted service gets the frames in one piece: two would be billed as two.
    """
    if stretch.matted_from == stretch.first or run.engine.is_remote:
        return None
    settled = min(stretch.start, stretch.changed_first) - stretch.first
    return Backwards(kept.master, stretch.first, settled)


def _kept_masks(masks: Path, kept: KeptAlpha, stretch: Stretch) -> KeptMasks | None:
    """Return the tracked masks of the last result, where they are still there."""
    if not kept.mask_token or masks_token(masks) != kept.mask_token:
        return None
    first = min(stretch.matted_from, stretch.changed_first) - stretch.first
    last = max(stretch.end, stretch.changed_last) - stretch.first
    return KeptMasks(MaskFolder(masks), stretch.first, first, last)


def _reported(run: MattingRun, alphas: Iterator[AlphaLevels], start: int) -> Iterator[AlphaLevels]:
    """Pass on the alphas, and from frame `start` on report them as rendered: no engine does."""
    for index, alpha in enumerate(alphas):
        run.context.check_cancelled()
        yield alpha
        if index >= start:
            run.context.report("render", index + 1, len(run.frames))
