"""What is changed by hand on a frame, and whether an alpha goes against it, told apart from edges that are merely softer."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.jobs.hand_marks import HandMarks, hand_marks
from pipeline.session.masks import write_mask
from pipeline.session.session import Session
from pipeline.session.state import Keyframe, PromptRecord
from utils.alpha_levels import OPAQUE
from utils.strokes import paint
from utils.types import Mask, Stroke

ERASED = Stroke(((50.0, 20.0), (50.0, 60.0)), 8.0, is_positive=False)
PAINTED = Stroke(((90.0, 20.0), (90.0, 60.0)), 8.0)
MASK = np.zeros((80, 120), np.bool_)
MASK[10:70, 30:70] = True


def levels(mask: Mask) -> np.ndarray:
    return mask.astype(np.uint16) * np.uint16(OPAQUE)


def marks(*strokes: Stroke) -> HandMarks:
    return HandMarks(strokes, np.zeros_like(MASK), np.zeros_like(MASK))


def test_an_alpha_that_keeps_what_was_erased_or_lacks_what_was_painted_is_told() -> None:
    assert marks(ERASED).are_ignored(levels(MASK))
    assert not marks(ERASED).are_ignored(levels(paint(MASK, [ERASED])))
    assert marks(PAINTED).are_ignored(levels(MASK))
    assert not marks(PAINTED).are_ignored(levels(paint(MASK, [PAINTED])))


def test_an_edge_within_the_stroke_is_the_engines_own() -> None:
    narrower = Stroke(ERASED.vertices, 5.5, is_positive=False)
    assert not marks(ERASED).are_ignored(levels(paint(MASK, [narrower])))
    assert not marks(PAINTED).are_ignored(levels(paint(MASK, [Stroke(PAINTED.vertices, 6.0)])))


class Marked(Session):
    """A session with one key frame, frame 7, whose instance 0 is kept."""

    def __init__(
        self, folder: Path, prompt: PromptRecord, mask: Mask, engine: str = "paint"
    ) -> None:
        super().__init__(folder)
        self._prompt, self._engine = prompt, engine
        write_mask(self.instance_path(7, 0), mask)

    @property
    def state(self) -> object:  # type: ignore[override]
        keyframe = Keyframe(
            frame=7, engine=self._engine, prompt=self._prompt, instances=(), kept=(0,)
        )
        return type("State", (), {"all_keyframes": (keyframe,)})


def test_strokes_of_another_target_are_left_out(tmp_path: Path) -> None:
    session = Marked(tmp_path, PromptRecord(strokes=(ERASED,)), MASK)
    (found,) = hand_marks(session, {2: paint(MASK, [ERASED])}, 5).items()
    assert found[0] == 2 and found[1].strokes == (ERASED,)
    assert (found[1].erased == ~paint(np.ones_like(MASK), [ERASED])).all()
    assert hand_marks(session, {2: MASK}, 5) == {}
    assert hand_marks(session, {3: MASK}, 5) == {}


@pytest.mark.parametrize("corrects", [True, False])
def test_what_clicks_changed_of_the_mask_before_counts_but_for_its_contour(
    tmp_path: Path, corrects: bool
) -> None:
    now = MASK.copy()
    now[10:70, 30:42] = False
    now[20:40, 70:90] = True
    now[10:70, 42] = False
    now[69] = False
    session = Marked(tmp_path, PromptRecord(has_mask=corrects), now)
    write_mask(session.base_mask_path(7), MASK)
    found = hand_marks(session, {0: now}, 7)
    if not corrects:
        assert found == {}
        return
    assert found[0].erased[10:69, 30:42].all() and found[0].added[20:40, 70:90].all()
    now[68:, 43:] = True
    assert not found[0].added[40:].any()


@pytest.mark.parametrize(
    ("engine", "counts"), [("builtin", True), ("mask", True), ("paint", False)]
)
def test_what_strokes_painted_on_a_first_answer_counts_and_a_mask_of_strokes_alone_does_not(
    tmp_path: Path, engine: str, counts: bool
) -> None:
    """A network left out what was painted beside a click: eight frames on it was half gone."""
    now = paint(MASK, [PAINTED])
    session = Marked(tmp_path, PromptRecord(strokes=(PAINTED,)), now, engine)
    found = hand_marks(session, {0: now}, 7)[0]
    assert found.added.any() == counts
    assert not found.erased.any() and not found.added[:, 30:70].any()
    if counts:
        assert (found.added == paint(np.zeros_like(MASK), [PAINTED])).all()
