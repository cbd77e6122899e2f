"""A click puts a part of a tracked mask right: what it left counts as the tracker's own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.bidirectional import ReversePass
from engines.builtin.tracking.confidence import ExpectedArea
from engines.builtin.tracking.correction import correction
from engines.builtin.tracking.distractors import DistractorMemory
from engines.builtin.tracking.estimate import Estimate
from engines.builtin.tracking.foreground_evidence import Foreground, ForegroundModel
from engines.builtin.tracking.shape import object_frame
from engines.builtin.vision.processing_size import to_processing_size
from utils.mask_utils import dilate
from utils.types import Mask

HEIGHT, WIDTH = 120, 160
STILL = np.zeros((HEIGHT, WIDTH, 2), np.float32)


def disc(x: int = 80, radius: int = 40) -> Mask:
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, 60), radius, 1, -1) > 0


def block(x0: int, y0: int, x1: int, y1: int) -> Mask:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[y0:y1, x0:x1] = True
    return mask


ARM = block(115, 54, 140, 66)


@pytest.mark.parametrize(
    ("mask", "tracked"),
    [(disc() | ARM, disc()), (disc() & ~ARM, disc() | ARM)],
    ids=["added", "taken away"],
)
def test_what_a_click_changed_counts_as_confirmed_and_the_rest_does_not(mask, tracked) -> None:
    found = correction(mask, tracked.astype(np.float32))
    assert found is not None
    assert found.weight[mask ^ tracked].min() == 1.0
    assert found.weight[block(0, 0, 90, HEIGHT)].max() < 0.05
    inside = ARM & ~dilate(disc(), 2)
    assert (found.change[inside] == (1.0 if mask[inside].all() else -1.0)).all()
    assert not found.change[block(0, 0, 100, HEIGHT)].any()


def test_the_contour_of_the_full_size_is_no_change() -> None:
    rim = dilate(disc(), 1) & block(0, 0, 160, 60)
    found = correction(disc() | rim | ARM, disc().astype(np.float32))
    assert found is not None
    assert found.weight[ARM & ~dilate(disc(), 1)].min() == 1.0
    assert found.weight[rim & block(0, 0, 90, 60)].max() < 0.05


def test_lines_that_were_drawn_into_the_mask_are_no_change() -> None:
    lines = np.zeros_like(ARM)
    lines[:, 2:38:3] = True
    found = correction(disc() | ARM | lines, disc().astype(np.float32))
    assert found is not None
    assert np.array_equal(found.mask, disc() | ARM)
    assert found.weight[lines].max() < 0.05


def test_what_a_network_put_right_as_well_is_a_change_all_the_same() -> None:
    """Asked about the corrected frame, it takes an arm away itself; a part elsewhere is left to the mask."""
    part = block(76, 40, 84, 48)
    seen, asked = disc() | ARM, (disc() & ~part).astype(np.float32)
    found = correction(disc(), asked, seen.astype(np.float32))
    assert found is not None
    inside = ARM & ~dilate(disc(), 2)
    assert (found.change[inside] == -1.0).all() and (found.change[part] == 1.0).all()
    assert found.weight[ARM | part].min() == 1.0
    assert np.array_equal(found.mask, disc())
    as_before = correction(disc(), asked)
    unneeded = correction(disc(), asked, asked)
    assert as_before is not None and unneeded is not None
    assert not as_before.change[inside].any()
    assert np.array_equal(unneeded.change, as_before.change)
    assert np.array_equal(unneeded.weight, as_before.weight)


@pytest.mark.parametrize(
    "mask",
    [disc(x=30), disc(radius=44), disc(radius=42) | ARM],
    ids=["elsewhere", "of another outline", "of another outline by little"],
)
def test_a_mask_of_its_own_counts_as_a_whole(mask) -> None:
    assert correction(mask, disc().astype(np.float32)) is None


@pytest.mark.parametrize(("sign", "changes"), [(1.0, True), (-1.0, False)])
def test_a_pass_back_from_a_correction_changes_what_that_changed_and_nothing_else(
    sign, changes
) -> None:
    nothing, there = np.zeros((HEIGHT, WIDTH), np.float32), disc().astype(np.float32)
    left = block(0, 0, 80, HEIGHT)
    kept = ReversePass(0, 10)
    kept.keep(5, 1, Estimate(there, 0.9), np.float32(sign) * left)
    found = kept.fused(5, 1, Estimate(nothing, 0.8)).probability > 0.5
    assert np.array_equal(found, disc() & left if changes else np.zeros_like(left))


@pytest.mark.parametrize(("corrected", "missing"), [(disc(radius=44), 0.0), (disc(radius=36), 0.0)])
def test_no_less_is_expected_than_was_added_and_no_more_than_was_left(corrected, missing) -> None:
    area = ExpectedArea(disc())
    area.amend(disc(), corrected)
    assert area.missing(float(np.count_nonzero(corrected))) == pytest.approx(missing, abs=1.0)
    assert area.share(float(np.count_nonzero(corrected))) == pytest.approx(1.0, abs=1e-3)


def test_an_arm_that_was_put_back_does_not_lower_what_is_expected() -> None:
    area = ExpectedArea(disc())
    area.amend(disc(radius=20), disc(radius=30))
    assert area.share(float(np.count_nonzero(disc(radius=30)))) < 0.6


def test_an_arm_that_was_added_to_more_than_was_expected_counts_alone() -> None:
    area = ExpectedArea(disc(radius=30))
    area.amend(disc(), disc() | ARM)
    added = np.count_nonzero(ARM & ~disc())
    assert area.missing(0.0) == pytest.approx(np.count_nonzero(disc(radius=30)) + added, abs=1.0)


def test_what_a_click_takes_away_gets_no_support_from_a_network_that_shows_it() -> None:
    answer = Foreground((disc() | ARM).astype(np.float32), np.ones((HEIGHT, WIDTH), np.float32))
    model = ForegroundModel()
    model.confirm(answer, disc() | ARM)
    window = (0, 0, WIDTH, HEIGHT)
    arm = ARM & ~dilate(disc(), 4)
    assert model.evidence(answer, disc() | ARM, STILL, window)[arm].min() > 1.0
    model.follow(answer, disc() | ARM, STILL)
    weight = dilate(ARM, 6).astype(np.float32)
    model.amend(answer, disc() & ~ARM, weight)
    after = model.evidence(answer, disc() & ~ARM, STILL, window)
    assert after[arm].max() <= 0.0
    assert after[block(60, 50, 90, 70)].min() > 1.0


def test_what_a_click_takes_away_is_no_reason_to_doubt_a_network_elsewhere() -> None:
    answer = (disc() | ARM).astype(np.float32)
    memory = DistractorMemory(answer, disc() | ARM)
    memory.amend(answer, disc() & ~ARM, dilate(ARM, 6).astype(np.float32))
    assert memory.doubt == 0.0
    assert not memory.is_present


@pytest.mark.parametrize(("trust", "is_adopted"), [(1.0, True), (1e-3, False)])
def test_the_appearance_at_a_correction_counts_unless_the_pass_back_lost_the_target(
    trust: float, is_adopted: bool
) -> None:
    models = []
    for seed, target in enumerate((disc(), disc(x=40))):
        picture = np.random.default_rng(seed).integers(0, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        picture[target] += 100
        frame = to_processing_size(picture, (WIDTH, HEIGHT))
        place = object_frame(target.astype(np.float32))
        assert place is not None
        models.append(AppearanceModel(seed))
        models[-1].confirm(frame.features, target, place)
    window = 0, 0, WIDTH, HEIGHT
    before = models[0].appearance_log_odds(frame.features, window)
    models[0].adopt(models[1].key_samples(), trust)
    after = models[0].appearance_log_odds(frame.features, window)
    assert np.array_equal(before, after) != is_adopted
