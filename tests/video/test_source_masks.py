"""A target that only the clip's own transparency marks has it as its mask of every frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engines.base import Agreement
from pipeline.engine_choice import EngineChoice
from pipeline.session.masks import MaskFolder
from tests.clips import ffmpeg
from tests.faults.workplace import Workplace, true_alphas
from utils.types import Mask, Message

FRAMES, JUMP = 6, 3
INSIDE = f"lt(hypot(X-if(lt(N,{JUMP}),40,120),Y-48),24)"


def disc(frame: int) -> Mask:
    y, x = np.mgrid[:96, :160]
    return np.hypot(x - (40 if frame < JUMP else 120), y - 48) < 24


def overlap(first: Mask, second: Mask) -> float:
    return np.count_nonzero(first & second) / np.count_nonzero(first | second)


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    made = Workplace(tmp_path / "workspace")
    yield made
    assert made.orchestrator.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Colours of two discs that stay; its alpha goes from one to the other, which no tracker follows."""
    path = tmp_path / "clip.mov"
    both = "lt(hypot(X-40,Y-48),24)+lt(hypot(X-120,Y-48),24)"
    colours = f"r='if({both},200,90)':g='if({both},60,90)':b='if({both},40,90)'"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=160x96:r=25", "-frames:v", str(FRAMES)),
        *("-vf", f"format=rgba,geq={colours}:a='if({INSIDE},255,0)'"),
        *("-c:v", "qtrle", path),
    )
    return path


def masks_of_job(workplace: Workplace, session_id: str) -> tuple[dict[int, Mask], list[str]]:
    """Return the masks that the engine is given, by frame, and the codes of the result's notes."""
    given: dict[int, Mask] = {}

    def noting(frames, guide, start, context):
        given.update({index: guide[index].copy() for index in range(len(frames))})
        yield from true_alphas(frames, guide, start, context)

    workplace.engine.guide_kind = "mask_per_frame"
    workplace.engine.does = noting
    state = workplace.matte(session_id, every_frame=True)
    return given, [warning.code for warning in state.warnings]


def test_the_clips_own_transparency_is_the_mask_of_every_frame_until_another_mark_is_given(
    workplace: Workplace, clip: Path, tmp_path: Path
) -> None:
    """It was the mask of one frame, and the others were tracked from it."""
    session_id = workplace.orchestrator.create_session(clip, "clip.mov").id
    workplace.orchestrator.select_source_alpha(session_id, 1)
    masks, notes = masks_of_job(workplace, session_id)
    for frame in range(FRAMES):
        assert overlap(masks[frame], disc(frame)) > 0.98, frame
    assert "job.source_masks" in notes

    # Two frames marked by it are still nothing but its own transparency.
    workplace.orchestrator.select_source_alpha(session_id, 4)
    masks, notes = masks_of_job(workplace, session_id)
    assert overlap(masks[0], disc(0)) > 0.98
    assert "job.source_masks" in notes

    mark = tmp_path / "mask.png"
    Image.fromarray(np.uint8(disc(0)) * 255).save(mark)
    workplace.orchestrator.read_mask_upload(session_id, 4, mark)
    masks, notes = masks_of_job(workplace, session_id)
    assert overlap(masks[5], disc(0)) > 0.8, "it is tracked from the frame marked otherwise"
    assert "job.source_masks" not in notes


def test_masks_that_were_tracked_go_where_the_own_transparency_alone_is_left_to_mark_the_target(
    workplace: Workplace, clip: Path, tmp_path: Path
) -> None:
    """After a correction was removed, frames beyond the next mark kept what had been tracked."""
    workplace.engine.guide_kind = "mask_per_frame"
    session_id = workplace.orchestrator.create_session(clip, "clip.mov").id
    workplace.orchestrator.select_source_alpha(session_id, 1)
    mark = tmp_path / "mask.png"
    Image.fromarray(np.uint8(disc(0) & (np.arange(160) < 40)) * 255).save(mark)
    workplace.orchestrator.read_mask_upload(session_id, 0, mark)
    workplace.matte(session_id)
    masks = MaskFolder(workplace.store.open(session_id).masks_dir)
    assert overlap(masks[5], disc(5)) < 0.1, "it was tracked"

    workplace.orchestrator.remove_keyframe(session_id, 0)
    plan = workplace.orchestrator.next_job(session_id).plan
    assert plan is not None
    assert plan.spans == ((0, FRAMES - 1),)
    notes = [warning.code for warning in workplace.matte(session_id).warnings]
    assert "job.source_masks" in notes
    for frame in range(FRAMES):
        assert overlap(masks[frame], disc(frame)) > 0.98, frame


@pytest.mark.parametrize("agrees", [True, False])
def test_the_note_is_there_where_an_engine_that_takes_such_masks_is_used_and_not_where_it_is_looked_at(
    workplace: Workplace, clip: Path, monkeypatch: pytest.MonkeyPatch, agrees: bool
) -> None:
    """It said that nothing was tracked where another engine was used in the end, which tracks by itself."""
    reason = Message("engine.rvm.agrees", {"name": "A", "recall": 99, "overlap": 98})

    def look(*arguments: Any) -> Agreement:
        *_, track, _ = arguments
        track()
        return Agreement(agrees, reason)

    monkeypatch.setattr(EngineChoice, "tried_first", lambda *_: "builtin")
    monkeypatch.setattr("pipeline.jobs.target_mattes.choose_by_looking", look)
    session_id = workplace.orchestrator.create_session(clip, "clip.mov").id
    workplace.orchestrator.select_source_alpha(session_id, 1)
    workplace.engine.guide_kind = "mask_per_frame" if agrees else "first_mask"
    notes = [warning.code for warning in workplace.matte(session_id).warnings]
    assert notes.count("job.source_masks") == (1 if agrees else 0)
