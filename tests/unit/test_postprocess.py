from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.postprocess.appearance import Appearance, Backgrounds, Edges
from pipeline.postprocess.composite import compose_still
from pipeline.postprocess.edges import apply_edges, apply_edges_levels
from utils.alpha_levels import to_float, to_levels
from utils.errors import BadRequest


def ramp() -> np.ndarray:
    """A soft vertical edge, 0 at the left, 1 at the right."""
    row = np.clip((np.arange(64) - 28) / 8, 0, 1).astype(np.float32)
    return np.tile(row, (32, 1))


def disc(radius: float = 12) -> np.ndarray:
    y, x = np.mgrid[:64, :64]
    return np.clip(radius - np.hypot(x - 32, y - 32) + 0.5, 0, 1).astype(np.float32)


def test_default_controls_change_nothing() -> None:
    alpha = ramp()
    assert apply_edges(alpha, Edges()) is alpha
    assert apply_edges(alpha, Edges(despill=1.0)) is alpha


def test_an_inverted_matte_keeps_what_the_target_is_not_and_the_others_shape_that() -> None:
    assert np.allclose(apply_edges(ramp(), Edges(invert=True)), 1 - ramp())
    hard = (np.tile(np.arange(64), (32, 1)) >= 40).astype(np.float32)
    grown = apply_edges(hard, Edges(invert=True, grow_px=3))
    assert (grown > 0.5).sum(1)[0] == 40 + 3
    levels = to_levels(ramp())
    for controls in (
        Edges(invert=True),
        Edges(invert=True, gamma=2.0),
        Edges(invert=True, grow_px=1),
    ):
        expected = to_levels(apply_edges(to_float(levels), controls))
        assert np.array_equal(apply_edges_levels(levels, controls), expected)


def test_what_is_kept_of_a_replaced_sky_has_none_of_the_old_sky_in_its_edge() -> None:
    subject, sky = disc(), 1 - disc()
    old, new, cloth = np.array([40, 90, 230]), "#FF8000", np.array([60, 50, 40])
    frame = subject[..., None] * cloth + sky[..., None] * old
    frame = np.rint(frame).astype(np.uint8)
    backgrounds = Backgrounds(foreground=new)
    shown = compose_still(frame, sky, Appearance(Edges(invert=True), backgrounds))
    true = subject[..., None] * cloth + sky[..., None] * np.array([255, 128, 0])
    naive = subject[..., None] * frame + sky[..., None] * np.array([255, 128, 0])
    edge = (subject > 0.02) & (subject < 0.98)
    error = np.abs(shown - true)[edge].mean()
    assert error < 0.25 * np.abs(naive - true)[edge].mean()
    assert np.abs(shown - true).mean() < 1


def test_grow_moves_the_edge_by_as_many_pixels() -> None:
    hard = (np.tile(np.arange(64), (32, 1)) >= 40).astype(np.float32)
    for pixels in (3, 7):
        assert (apply_edges(hard, Edges(grow_px=pixels)) > 0.5).sum(1)[0] == 24 + pixels
        assert (apply_edges(hard, Edges(grow_px=-pixels)) > 0.5).sum(1)[0] == 24 - pixels


def test_part_of_a_pixel_grows_between_the_whole_ones() -> None:
    areas = [apply_edges(disc(), Edges(grow_px=g)).sum() for g in (2.0, 2.25, 2.5, 2.75, 3)]
    assert areas == sorted(areas)
    assert areas[2] == pytest.approx((areas[0] + areas[4]) / 2, rel=0.02)


def test_feather_softens_the_edge_and_leaves_the_rest_exact() -> None:
    hard = (np.tile(np.arange(64), (32, 1)) >= 32).astype(np.float32)
    soft = apply_edges(hard, Edges(feather_px=2))
    assert 0.3 < soft[16, 31] < 0.5 < soft[16, 32] < 0.7
    assert np.all(soft[:, :25] == 0)
    assert np.all(soft[:, 39:] == 1)


def test_levels_clip_and_gamma_lightens() -> None:
    alpha = np.array([[0.05, 0.1, 0.5, 0.9, 0.95]], np.float32)
    clipped = apply_edges(alpha, Edges(black_point=0.1, white_point=0.9))
    assert clipped[0].tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)
    assert apply_edges(alpha, Edges(gamma=2.0))[0, 2] == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    "values",
    [
        {"grow_px": 51},
        {"feather_px": -1},
        {"black_point": 1.0},
        {"white_point": 0.0},
        {"black_point": 0.6, "white_point": 0.5},
        {"gamma": 0.0},
        {"despill": 1.1},
        {"grow_px": float("nan")},
        {"gamma": float("inf")},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(BadRequest):
        Edges(**values)


@settings(max_examples=40, deadline=None)
@given(
    grow=st.floats(-6, 6),
    feather=st.floats(0, 5),
    black=st.floats(0, 0.4),
    white=st.floats(0.6, 1),
    gamma=st.floats(0.3, 3),
)
def test_any_controls_keep_alpha_in_range_and_bytes_agree(
    grow: float, feather: float, black: float, white: float, gamma: float
) -> None:
    controls = Edges(grow, feather, black, white, gamma)
    levels = np.rint(disc() * 255).astype(np.uint8)
    alpha = levels.astype(np.float32) / np.float32(255)
    shaped = apply_edges(alpha, controls)
    assert shaped.dtype == np.float32
    assert shaped.shape == alpha.shape
    assert shaped.min() >= 0
    assert shaped.max() <= 1
    by_level = to_float(apply_edges_levels(to_levels(levels), controls))
    assert np.abs(by_level - shaped).max() < 0.01


def test_nothing_given_is_changed() -> None:
    alpha = ramp()
    before = alpha.copy()
    apply_edges(alpha, Edges(2, 2, 0.1, 0.9, 1.5))
    assert np.array_equal(alpha, before)
