from __future__ import annotations

import numpy as np
import pytest

from pipeline.postprocess.foreground import (
    ForegroundColourEstimator,
    despill,
    estimate_colour,
    estimate_foreground,
)


def composed(
    front: tuple[int, int, int], back: tuple[int, int, int], size: int = 160
) -> tuple[np.ndarray, np.ndarray]:
    """A soft disc of one colour over another, uint8 RGB, and its alpha."""
    y, x = np.mgrid[:size, :size]
    alpha = np.clip((0.3 * size - np.hypot(x - size / 2, y - size / 2)) / 20 + 0.5, 0, 1)
    alpha = (np.rint(alpha * 255) / 255).astype(np.float32)
    mixed = alpha[..., None] * np.array(front) + (1 - alpha[..., None]) * np.array(back)
    return np.rint(mixed).astype(np.uint8), alpha


def test_the_soft_edge_gets_the_foregrounds_colour() -> None:
    front = (200, 40, 60)
    frame, alpha = composed(front, (20, 220, 240))
    clean = estimate_foreground(frame, alpha)
    soft = (alpha > 0.15) & (alpha < 0.95)
    assert np.abs(frame[soft] - np.array(front)).mean() > 50
    assert np.abs(clean[soft] - np.array(front)).mean() < 3


def test_a_background_in_stripes_does_not_shine_through() -> None:
    """Lamps and wall in turn, each narrower than the widest box."""
    front = (40, 30, 35)
    _, alpha = composed(front, (0, 0, 0))
    stripes = np.where(np.arange(160) // 40 % 2, 240, 20)[:, None, None]
    frame = np.rint(alpha[..., None] * np.array(front) + (1 - alpha[..., None]) * stripes)
    clean = estimate_foreground(frame.astype(np.uint8), alpha)
    soft = (alpha > 0.3) & (alpha < 0.95)
    assert np.abs(clean[soft] - np.array(front)).mean() < 25


def test_solid_and_empty_parts_come_back_untouched() -> None:
    frame, alpha = composed((200, 40, 60), (20, 220, 240))
    frame = np.random.default_rng(0).integers(0, 256, frame.shape, np.uint8)
    clean = estimate_foreground(frame, alpha)
    assert np.array_equal(clean[alpha == 1], frame[alpha == 1])
    far = np.hypot(*(np.mgrid[:160, :160] - 80)) > 100
    assert np.array_equal(clean[far], frame[far])


def test_a_hard_matte_changes_nothing() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    alpha = (np.indices((50, 70)).sum(0) % 2).astype(np.float32)
    assert np.array_equal(estimate_foreground(frame, alpha), frame)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (33, 1), (181, 321), (7, 5)])
def test_the_foreground_has_the_frames_size_at_any_size(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    frame, alpha = rng.integers(0, 256, (*shape, 3), np.uint8), rng.random(shape, np.float32)
    clean = estimate_foreground(frame, alpha)
    assert clean.shape == frame.shape
    assert clean.dtype == np.uint8


def test_filling_blackens_all_but_the_foregrounds_surroundings() -> None:
    frame, alpha = composed((200, 40, 60), (20, 220, 240))
    clean = estimate_colour(frame, np.rint(alpha * 255).astype(np.uint8), fill_transparent=True)
    assert np.all(clean[:5, :5] == 0)
    rim = (alpha == 0) & (np.hypot(*(np.mgrid[:160, :160] - 80)) < 61)
    assert np.abs(clean[rim].astype(int) - (200, 40, 60)).mean() < 25


def test_a_plane_of_chroma_is_estimated_as_rgb_is() -> None:
    """The estimate is linear in each channel: an offset goes straight through."""
    frame, alpha = composed((200, 100, 60), (120, 160, 140))
    levels = np.rint(alpha * 255).astype(np.uint8)
    estimator = ForegroundColourEstimator(levels)
    plain = estimator.plane(np.ascontiguousarray(frame[..., 1])).astype(int)
    moved = estimator.plane(np.ascontiguousarray(frame[..., 1] + 50)).astype(int)
    assert np.abs(moved - plain - 50).max() <= 3


def test_despill_takes_green_out_of_the_edge_only() -> None:
    frame = np.full((40, 40, 3), (90, 160, 80), np.uint8)
    alpha = np.tile(np.clip(np.arange(40) * 12 - 120, 0, 255).astype(np.uint8), (40, 1))
    clean = despill(frame, alpha, 1.0)
    soft = (alpha > 0) & (alpha < 255)
    assert np.all(clean[soft][:, 1] <= 91)
    assert np.array_equal(clean[:, 38:], frame[:, 38:])
    half = despill(frame, alpha, 0.5)
    assert np.all(np.abs(half[soft][:, 1].astype(int) - 125) <= 1)
    assert despill(frame, alpha, 0.0) is frame


def test_despill_takes_blue_out_as_well_and_leaves_other_colours() -> None:
    alpha = np.full((8, 8), 128, np.uint8)
    blue = despill(np.full((8, 8, 3), (60, 70, 200), np.uint8), alpha, 1.0)
    assert np.all(blue == (60, 70, 70))
    red = np.full((8, 8, 3), (200, 70, 60), np.uint8)
    assert np.array_equal(despill(red, alpha, 1.0), red)


def test_a_far_away_edge_changes_nothing_here() -> None:
    """The wide means are made around soft pixels only; what lies outside must not count."""
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (400, 600), np.uint8)
    alpha = np.zeros_like(image)
    alpha[150:250, 130:220] = rng.integers(0, 256, (100, 90), np.uint8)
    alone = ForegroundColourEstimator(alpha).plane(image)
    alpha[-40:, -30:] = 128
    both = ForegroundColourEstimator(alpha).plane(image)
    assert np.array_equal(both[:300, :400], alone[:300, :400])
    assert np.any(alone[150:250, 130:220] != image[150:250, 130:220])
    assert np.any(both[-40:, -30:] != image[-40:, -30:])
