"""What is erased or added by hand on a frame, on the frames beside it."""

from collections.abc import Iterator

import numpy as np
import pytest

from engines.base import ArrayFrames, MattedFrame
from pipeline.jobs.carried_marks import REACH, CarriedMarks
from pipeline.jobs.hand_marks import HandMarks
from pipeline.jobs.ranges import FrameRange
from utils.strokes import paint
from utils.types import Mask, Stroke

HEIGHT, WIDTH, COUNT, MARKED, STEP = 72, 128, 40, 5, 2
"""The picture moves to the right by `STEP` pixels a frame."""


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    noise = np.random.default_rng(3).integers(0, 255, (HEIGHT // 4, WIDTH, 3), np.uint8)
    wide = noise.repeat(4, axis=0).repeat(4, axis=1)[:, : WIDTH + COUNT * STEP]
    moved = [wide[:, (COUNT - index) * STEP :][:, :WIDTH] for index in range(COUNT)]
    return np.stack(moved)


def region(frame: int) -> Mask:
    """Return the marked place as it moves with the picture."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    left = 40 + (frame - MARKED) * STEP
    mask[20:40, left : left + 20] = True
    return mask


def changed(
    pictures: np.ndarray,
    marks: HandMarks,
    alpha: float,
    mask: Mask,
    confirmed: tuple[int, ...] = (MARKED,),
) -> np.ndarray:
    frames = FrameRange(ArrayFrames(pictures), 0, COUNT - 1)
    carried = CarriedMarks(frames, {MARKED: marks}, frozenset(confirmed), lambda: None)

    def made() -> Iterator[MattedFrame]:
        for index in range(COUNT):
            yield MattedFrame(index, np.full((HEIGHT, WIDTH), alpha, np.float32))

    masks = dict.fromkeys(range(COUNT), mask)
    items = list(carried.keep(made(), frames, masks))
    assert [item.index for item in items] == list(range(COUNT))
    return np.stack([item.alpha for item in items])


EVERYTHING = np.ones((HEIGHT, WIDTH), np.bool_)
NOTHING = ~EVERYTHING


def inside(frame: int) -> tuple[slice, slice]:
    left = 40 + (frame - MARKED) * STEP
    return slice(24, 36), slice(left + 4, left + 16)


def test_what_was_erased_goes_with_the_picture_and_fades_out(pictures: np.ndarray) -> None:
    erased = HandMarks((), region(MARKED), NOTHING)
    alphas = changed(pictures, erased, 0.6, NOTHING)
    for frame in (MARKED - 4, MARKED, MARKED + 4, MARKED + 10):
        assert alphas[frame][inside(frame)].max() < 0.05
        away = ~region(frame)
        away[16:44, 24:] = False
        assert (alphas[frame][away] == np.float32(0.6)).all()
    assert (alphas[MARKED + REACH + 1 :] == np.float32(0.6)).all()


def test_what_the_engine_is_sure_of_and_the_mask_has_stays(pictures: np.ndarray) -> None:
    erased = HandMarks((), region(MARKED), NOTHING)
    assert (changed(pictures, erased, 1.0, EVERYTHING) == 1.0).all()
    assert changed(pictures, erased, 0.8, EVERYTHING)[MARKED + 2][inside(MARKED + 2)].max() < 0.05


def test_what_was_added_is_as_much_as_the_mask_has(pictures: np.ndarray) -> None:
    added = HandMarks((), NOTHING, region(MARKED))
    assert changed(pictures, added, 0.1, EVERYTHING)[MARKED + 2][inside(MARKED + 2)].min() > 0.95
    assert (changed(pictures, added, 0.1, NOTHING) == np.float32(0.1)).all()


def test_what_strokes_added_to_a_selection_goes_on_where_a_correction_has_faded_out(
    pictures: np.ndarray,
) -> None:
    """A bag painted beside a person was half gone from the twentieth frame on, though tracked masks had it."""
    last = MARKED + REACH + 6
    for adds_to_selection, lowest in ((True, 0.95), (False, 0.0)):
        added = HandMarks((), NOTHING, region(MARKED), adds_to_selection)
        alphas = changed(pictures, added, 0.1, EVERYTHING)
        levels = alphas[last][inside(last)]
        assert levels.min() > lowest
        assert (levels == np.float32(0.1)).all() or adds_to_selection
    erased = HandMarks((), region(MARKED), NOTHING, adds_to_selection=True)
    assert (changed(pictures, erased, 0.6, NOTHING)[MARKED + REACH + 1 :] == np.float32(0.6)).all()


def test_what_a_brush_painted_is_whole_on_its_frame_and_beside_it_but_for_the_masks_edge(
    pictures: np.ndarray,
) -> None:
    brush = Stroke(((44.0, 30.0), (56.0, 30.0)), 4.0)
    painted = paint(NOTHING, [brush])
    alphas = changed(pictures, HandMarks((brush,), NOTHING, painted), 0.1, painted)
    assert (alphas[MARKED] > 0.5).sum() == pytest.approx(painted.sum(), rel=0.1)
    assert alphas[MARKED + 1, 30, 52] > 0.5 and alphas[MARKED + 1, 27, 52] < 0.5


def test_marks_end_at_another_key_frame_and_at_a_cut(pictures: np.ndarray) -> None:
    erased = HandMarks((), region(MARKED), NOTHING)
    alphas = changed(pictures, erased, 0.6, NOTHING, (MARKED - 2, MARKED, MARKED + 3))
    changes = (alphas < 0.59).any(axis=(1, 2)).nonzero()[0]
    assert changes.tolist() == [*range(MARKED - 1, MARKED + 3)]
    cut = pictures.copy()
    cut[MARKED + 2 :] = np.linspace(0, 60, WIDTH).astype(np.uint8)[None, None, :, None]
    cut[: MARKED - 1] = np.linspace(60, 0, HEIGHT).astype(np.uint8)[None, :, None, None]
    alphas = changed(cut, erased, 0.6, NOTHING)
    changes = (alphas < 0.59).any(axis=(1, 2)).nonzero()[0]
    assert changes.tolist() == [*range(MARKED - 1, MARKED + 2)]
