"""Whether an alpha goes against the brush, told apart from edges that are merely softer."""

import numpy as np

from pipeline.jobs.ignored_strokes import ignores, strokes_by_frame
from pipeline.session.state import Keyframe, PromptRecord
from utils.alpha_levels import OPAQUE
from utils.strokes import paint
from utils.types import Stroke

ERASED = Stroke(((50.0, 20.0), (50.0, 60.0)), 8.0, is_positive=False)
PAINTED = Stroke(((90.0, 20.0), (90.0, 60.0)), 8.0)
MASK = np.zeros((80, 120), np.bool_)
MASK[10:70, 30:70] = True


def levels(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.uint16) * np.uint16(OPAQUE)


def test_an_alpha_that_keeps_what_was_erased_or_lacks_what_was_painted_is_told() -> None:
    assert ignores(levels(MASK), [ERASED])
    assert not ignores(levels(paint(MASK, [ERASED])), [ERASED])
    assert ignores(levels(MASK), [PAINTED])
    assert not ignores(levels(paint(MASK, [PAINTED])), [PAINTED])


def test_an_edge_within_the_stroke_is_the_engines_own() -> None:
    narrower = Stroke(ERASED.vertices, 5.5, is_positive=False)
    assert not ignores(levels(paint(MASK, [narrower])), [ERASED])
    assert not ignores(levels(paint(MASK, [Stroke(PAINTED.vertices, 6.0)])), [PAINTED])


def test_strokes_of_another_target_are_left_out() -> None:
    keyframe = Keyframe(
        frame=7, engine="paint", prompt=PromptRecord(strokes=(ERASED,)), instances=(), kept=()
    )
    assert strokes_by_frame([keyframe], {2: paint(MASK, [ERASED])}, 5) == {2: (ERASED,)}
    assert strokes_by_frame([keyframe], {2: MASK}, 5) == {}
    assert strokes_by_frame([keyframe], {3: MASK}, 5) == {}
