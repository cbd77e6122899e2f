"""Labels propagated by descriptors: what counts is whether they tell the target from its surroundings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.builtin.tracking import label_propagation
from engines.builtin.tracking.confidence import ContourZones
from engines.builtin.tracking.frame_inputs import FrameInputs
from engines.builtin.tracking.label_propagation import LabelPropagation
from engines.builtin.tracking.tracker import ObjectTracker
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.processing_size import to_processing_size

GRID, SIZE = (24, 32), (96, 128)
WINDOW = (0, 0, SIZE[1], SIZE[0])


def mask_at(column: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[32:64, column : column + 32] = True
    return mask


def descriptors_of(mask: np.ndarray, seed: int, separates: bool = True) -> np.ndarray:
    """Eight random channels, of which the first two show the target."""
    rows = np.random.default_rng(seed).normal(0, 1, (*GRID, 8)).astype(np.float32)
    if separates:
        inside = mask[::4, ::4]
        rows[..., 0] += 20 * inside
        rows[..., 1] += 20 * ~inside
    return rows


def still() -> FlowPair:
    zero = np.zeros((*SIZE, 2), np.float32)
    return FlowPair(zero, zero, np.ones(SIZE, np.float32))


def evidence_after_a_jump(separates: bool) -> np.ndarray:
    labels = LabelPropagation()
    labels.confirm(descriptors_of(mask_at(16), 1, separates), mask_at(16))
    labels.advance(descriptors_of(mask_at(64), 2, separates), still(), WINDOW)
    found = labels.evidence(mask_at(64), still().to_previous, WINDOW)
    assert isinstance(found, np.ndarray)
    return found


def test_the_target_is_found_where_it_is_whatever_the_flow_says() -> None:
    found = evidence_after_a_jump(separates=True)
    assert found[40:56, 72:88].min() > 0.3
    assert found[40:56, 16:40].max() < -0.3


def test_descriptors_that_do_not_tell_the_target_count_for_nearly_nothing() -> None:
    assert np.abs(evidence_after_a_jump(separates=False)).max() < 0.2


def test_a_lost_target_is_found_in_the_whole_frame_and_a_mask_is_compared_with_the_answer() -> None:
    labels = LabelPropagation()
    assert labels.overall(descriptors_of(mask_at(64), 2), SIZE) is None
    labels.confirm(descriptors_of(mask_at(16), 1), mask_at(16))
    found = labels.overall(descriptors_of(mask_at(64), 2), SIZE)
    assert found is not None
    assert found[40:56, 72:88].min() > 1.0
    assert found[40:56, 16:40].max() < -1.0
    assert labels.overlap(ContourZones.of(mask_at(64))) is None
    labels.advance(descriptors_of(mask_at(64), 2), still(), WINDOW)
    zones = [ContourZones.of(mask_at(column)) for column in (64, 80)]
    right, wrong = (labels.overlap(one) or 0.0 for one in zones)
    assert right > 0.85
    assert wrong < right - 0.3


def test_between_the_asked_frames_the_answer_is_carried_along_the_flow() -> None:
    labels = LabelPropagation()
    labels.confirm(descriptors_of(mask_at(16), 1), mask_at(16))
    labels.advance(descriptors_of(mask_at(16), 2), still(), WINDOW)
    back = np.zeros((*SIZE, 2), np.float32)
    back[..., 0] = -8.0
    labels.advance(None, FlowPair(back, -back, np.ones(SIZE, np.float32)), WINDOW)
    found = labels.evidence(mask_at(24), back, WINDOW)
    assert isinstance(found, np.ndarray)
    assert found[48, 50] > 0.3
    assert found[48, 18] < -0.3


def test_fewer_than_half_of_the_places_are_compared_for_the_same_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[int] = []
    votes = label_propagation._votes

    def counted(rows: np.ndarray, *known: Any) -> np.ndarray:
        compared.append(len(rows))
        return votes(rows, *known)

    answers = []
    for difference in (label_propagation._ALIKE, -1.0):
        monkeypatch.setattr(label_propagation, "_ALIKE", difference)
        labels = LabelPropagation()
        labels.confirm(descriptors_of(mask_at(16), 1), mask_at(16))
        compared.clear()
        with monkeypatch.context() as counting:
            counting.setattr(label_propagation, "_votes", counted)
            labels.advance(descriptors_of(mask_at(64), 2), still(), WINDOW)
        answers.append((labels.evidence(mask_at(64), still().to_previous, WINDOW), sum(compared)))
    (quick, few), (full, every) = answers
    assert few < 0.5 * every
    assert np.abs(quick - full).mean() < 0.02


def test_without_descriptors_there_is_no_evidence() -> None:
    labels = LabelPropagation()
    labels.confirm(None, mask_at(16))
    labels.advance(None, still(), WINDOW)
    assert labels.evidence(mask_at(16), still().to_previous, WINDOW) == 0.0


def test_a_lost_target_s_answer_is_dropped() -> None:
    labels = LabelPropagation()
    labels.confirm(descriptors_of(mask_at(16), 1), mask_at(16))
    labels.advance(descriptors_of(mask_at(16), 2), still(), WINDOW)
    labels.forget_answer()
    assert labels.evidence(mask_at(16), still().to_previous, WINDOW) == 0.0


def test_without_a_foreground_network_descriptors_add_what_does_not_move_otherwise(
    monkeypatch,
) -> None:
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    later = picture.copy()
    later[32:64, 20:52] = picture[32:64, 16:48]
    frame, next_frame = (
        to_processing_size(image, (SIZE[1], SIZE[0])) for image in (picture, later)
    )
    moving = np.zeros((*SIZE, 2), np.float32)
    moving[32:64, 20:52, 0] = -4.0
    motions = {"still": (frame, still()), "moving": (next_frame, _flow(moving))}
    areas = {}
    for name, (seen, flow) in motions.items():
        for described in (0.0, 50.0, -50.0):
            given = np.float32(described)
            monkeypatch.setattr(LabelPropagation, "evidence", lambda *_given, value=given: value)
            found = ObjectTracker(FrameInputs(frame), mask_at(16)).step(FrameInputs(seen), flow)
            areas[name, described] = np.count_nonzero(found.probability > 0.5)
    assert areas["still", 50.0] > 2 * areas["still", 0.0] > 0
    assert 0 < areas["moving", 50.0] < 1.2 * areas["moving", 0.0]
    assert areas["still", -50.0] == areas["moving", -50.0] == 0


def _flow(to_previous: np.ndarray) -> FlowPair:
    return FlowPair(to_previous, -np.roll(to_previous, -4, axis=1), np.ones(SIZE, np.float32))
