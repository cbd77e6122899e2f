"""Alpha from a tracked mask: samples of known colours, a clean plate, and thin parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engines.builtin.matting.alpha import AlphaEstimator, matte
from engines.builtin.matting.background_plate import Behind, behind
from engines.builtin.matting.colour_samples import BACKGROUND, FOREGROUND, UNKNOWN, sampled_alpha
from engines.builtin.matting.linear_model import ContourError
from engines.builtin.vision.flow import FlowPair
from engines.builtin.vision.refined_edges import refine_edges
from tests.unit.pictures import HEIGHT, WIDTH, disc, noise_texture
from utils.background_plate import BackgroundPlate


@pytest.fixture
def texture() -> np.ndarray:
    return noise_texture()


def test_a_coarse_mask_takes_the_pictures_contour():
    true = cv2.circle(np.zeros((240, 360), np.uint8), (180, 120), 60, 1, -1) > 0
    image = np.where(true[..., None], (220, 180, 40), (30, 60, 90)).astype(np.uint8)
    small = cv2.resize(true.astype(np.float32), (90, 60), interpolation=cv2.INTER_AREA) > 0.5
    coarse = cv2.resize(small.astype(np.float32), (360, 240), interpolation=cv2.INTER_NEAREST) > 0.5
    fine = refine_edges(image, small)
    assert np.count_nonzero(fine ^ true) < 0.5 * np.count_nonzero(coarse ^ true)


def test_matting_finds_the_share_of_a_mixed_edge():
    """A soft disc of one colour over another: alpha is exactly the mixture."""
    hard = cv2.circle(np.zeros((160, 200), np.float32), (100, 80), 40, 1.0, -1)
    true = cv2.GaussianBlur(hard, (0, 0), 1.5)
    image = true[..., None] * (230, 60, 50) + (1 - true[..., None]) * (20, 90, 160)
    alpha, band = matte(image.round().astype(np.uint8), hard)
    assert np.abs(alpha - true).mean() < 0.004
    assert band.any() and not band.all()
    assert alpha[80, 100] == 1.0 and alpha[5, 5] == 0.0


def test_matting_at_a_reduced_size_loses_no_sharpness():
    hard = cv2.circle(np.zeros((700, 900), np.float32), (450, 350), 200, 1.0, -1)
    true = cv2.GaussianBlur(hard, (0, 0), 1.5)
    image = true[..., None] * (230, 60, 50) + (1 - true[..., None]) * (20, 90, 160)
    alpha, band = matte(image.round().astype(np.uint8), hard)
    assert np.abs(alpha - true)[band].mean() < 0.02
    assert np.count_nonzero(band) < 0.1 * band.size
    assert np.array_equal(alpha[~band], hard[~band])


def sampled(
    rgb: np.ndarray, prior: float, deviation: float, behind: Behind | None = None
) -> np.ndarray:
    """Alpha of a strip of unknown pixels between foreground on the left and background on the right."""
    trimap = np.full(rgb.shape[:2], UNKNOWN, np.uint8)
    trimap[:, :20] = FOREGROUND
    trimap[:, -20:] = BACKGROUND
    places = np.flatnonzero(trimap == UNKNOWN)
    priors = np.full(places.size, prior, np.float32)
    return sampled_alpha(rgb, trimap, places, priors, deviation, 40, behind or unseen(places.size))


def unseen(count: int) -> Behind:
    return Behind(np.zeros((count, 3), np.float32), np.full(count, np.inf, np.float32))


def strip(front: tuple[float, ...], back: tuple[float, ...], share: float) -> np.ndarray:
    rgb = np.empty((30, 50, 3), np.float32)
    rgb[:, :20], rgb[:, -20:] = front, back
    rgb[:, 20:-20] = share * np.float32(front) + (1 - share) * np.float32(back)
    return rgb


def test_unknown_pixels_go_by_colour_where_it_tells_and_by_the_contour_where_not() -> None:
    orange, blue = (0.8, 0.5, 0.1), (0.1, 0.2, 0.6)
    np.testing.assert_allclose(sampled(strip(orange, blue, 0.3), 0.9, 0.3), 0.3, atol=0.01)
    np.testing.assert_allclose(sampled(strip(blue, blue, 0.3), 0.9, 0.3), 0.9, atol=1e-4)
    # Colours 0.05 apart in one channel, with a noise of 0.025: the weights are 4 and 1 / 0.5 squared.
    near = strip((0.525, 0.5, 0.5), (0.475, 0.5, 0.5), 0.0)
    np.testing.assert_allclose(sampled(near, 1.0, 0.5), 4.0 / 8.0, atol=1e-3)


def test_of_several_colours_those_count_that_explain_the_pixel() -> None:
    """Two colours in rows on either side, and a mixture of one pair, which their means can't explain."""
    rgb = strip((0.9, 0.1, 0.1), (0.1, 0.1, 0.9), 0.3)
    rgb[::2, :20] = 0.1, 0.9, 0.1
    rgb[1::2, -20:] = 0.9, 0.9, 0.9
    found = sampled(rgb, 0.5, 0.3).reshape(30, 10)
    # The few rays of some pixels meet one of the colours only.
    np.testing.assert_allclose(np.median(found[8:-8], axis=1), 0.3, atol=0.02)


def test_a_clean_plate_counts_as_far_as_it_is_exact() -> None:
    """Red before green, beside which the background is blue: half red and half blue would explain nothing."""
    rgb = strip((0.8, 0.1, 0.1), (0.1, 0.1, 0.8), 0.5)
    rgb[:, 20:-20] = 0.45, 0.45, 0.1
    green = np.broadcast_to(np.float32((0.1, 0.8, 0.1)), (300, 3)).copy()
    exact = Behind(green, np.full(300, 1e-4, np.float32))
    vague = Behind(green, np.full(300, 1e4, np.float32))
    np.testing.assert_allclose(sampled(rgb, 0.2, 0.3, exact), 0.5, atol=0.01)
    np.testing.assert_allclose(sampled(rgb, 0.2, 0.3, vague), 0.2, atol=0.01)


def test_a_clean_plate_shows_what_the_target_hides_as_the_camera_moves(texture: np.ndarray) -> None:
    """The camera pans by three pixels a frame, the target by six: it hides what was seen before it."""
    plate = BackgroundPlate((WIDTH, HEIGHT), (WIDTH, HEIGHT))
    camera = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    for index in range(3):
        frame = texture[:HEIGHT, 3 * index : 3 * index + WIDTH]
        hidden = disc(30 + 6 * index, 30, 7)
        seen = plate.move(camera, (WIDTH, HEIGHT), (10, 10, 80, 50))
        assert (seen is None) == (index == 0)
        if seen is not None:
            kept = seen.copy()
        plate.remember(np.where(hidden[..., None], np.uint8(0), frame), ~hidden)
    view = np.s_[25:36, 42:48]
    assert hidden[view].any() and kept[view][..., 3].min() == 255
    assert np.abs(kept[view][..., :3].astype(int) - frame[view]).max() <= 2
    # What the target hid in both frames is not known.
    assert kept[30, 28, 3] == 0
    rgb = frame.astype(np.float32) / 255
    places = np.array([30 * WIDTH + 44, 30 * WIDTH + 28])
    known = behind(rgb, kept, ~hidden, places, 10)
    assert known.variance[0] < 1e-4 and np.isinf(known.variance[1])
    # After a cut nothing is known of what the target hides.
    plate.move(camera, (WIDTH, HEIGHT), (10, 10, 80, 50))
    plate.remember(255 - frame, ~hidden)
    kept = plate.move(np.eye(3), (WIDTH, HEIGHT), (0, 0, WIDTH, HEIGHT))
    assert kept is not None and np.array_equal(kept[..., 3] == 255, ~hidden)


def test_pixels_that_no_ray_leads_to_known_colours_from_keep_the_contours_alpha() -> None:
    places = np.arange(12)
    prior = np.linspace(0.0, 1.0, 12, dtype=np.float32)
    plain = np.full((3, 4, 3), 0.4, np.float32)
    found = sampled_alpha(
        plain, np.full((3, 4), UNKNOWN, np.uint8), places, prior, 0.2, 9, unseen(12)
    )
    assert np.array_equal(found, prior)


def test_matting_erodes_what_is_solid_and_leaves_what_is_thin():
    """Without colours to go by, the contour alone decides."""
    plain = np.full((120, 200, 3), 90, np.uint8)
    rough = cv2.circle(np.zeros((120, 200), np.float32), (60, 60), 30, 1.0, -1)
    rough[59:62, 60:] = 1.0
    line = np.s_[60, 110:190]
    as_told, _ = matte(plain, rough)
    set_in, _ = matte(plain, rough, ContourError(bias=2.0))
    assert np.array_equal(set_in[line], as_told[line])
    disc = np.s_[:, :92]
    assert np.count_nonzero(as_told[disc] > 0.5) == pytest.approx(np.pi * 30**2, rel=0.03)
    assert np.count_nonzero(set_in[disc] > 0.5) == pytest.approx(np.pi * 28**2, rel=0.03)


def test_matting_an_absent_object_gives_nothing():
    estimator = AlphaEstimator((64, 48))
    alpha = estimator.alpha(np.zeros((48, 64, 3), np.uint8), np.zeros((24, 32), np.float32), None)
    assert alpha.shape == (48, 64)
    assert not alpha.any()


@pytest.mark.parametrize("between", ["absent", "cut", "present"])
def test_no_background_is_known_from_before_a_cut_or_a_frame_without_the_target(between):
    """What was seen earlier can't be moved along with a camera that nobody followed meanwhile."""
    height, width = 128, 192
    texture = np.random.default_rng(4).integers(0, 255, (height, width, 3)).astype(np.uint8)

    def scene(x: int) -> tuple[np.ndarray, np.ndarray]:
        hard = cv2.circle(np.zeros((height, width), np.float32), (x, 64), 26, 1.0, -1)
        alpha = cv2.GaussianBlur(hard, (0, 0), 4)
        picture = alpha[..., None] * (200, 40, 40) + (1 - alpha[..., None]) * texture
        return picture.astype(np.uint8), alpha

    nothing = np.zeros((height, width, 2), np.float32)
    still = FlowPair(nothing, nothing, np.ones((height, width), np.float32))
    fresh, used = (AlphaEstimator((width, height)) for _ in range(2))
    before, now, after = scene(50), scene(140), scene(100)
    used.alpha(*before, None)
    if between == "absent":
        used.alpha(texture, np.zeros((height, width), np.float32), still)
    flow = None if between == "cut" else still
    found = [used.alpha(*now, flow), used.alpha(*after, still)]
    wanted = [fresh.alpha(*now, None), fresh.alpha(*after, still)]
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one, other) == (between != "present")
