"""How dark pictures are exposed for networks, on ramps whose highlights are known."""

import numpy as np
import pytest

from utils.exposure import (
    AS_IT_IS,
    Exposure,
    ExposureLimits,
    ShotGain,
    exposed,
    exposure_gain,
    exposure_of,
    gain_beside,
)


def ramp(highlights: int, share_above: float = 0.0) -> np.ndarray:
    """Return grey levels of 0 to `highlights` in equal parts, (100, 200, 3), with a share of white pixels."""
    levels = np.repeat(np.linspace(0, highlights, 100).astype(np.uint8), 200).reshape(100, 200)
    levels.ravel()[: round(share_above * levels.size)] = 255
    return np.repeat(levels[..., None], 3, axis=2)


def flat(level: int) -> np.ndarray:
    return np.full((40, 60, 3), level, np.uint8)


@pytest.mark.parametrize("highlights", [128, 129, 160, 230, 255])
def test_a_picture_with_bright_highlights_is_left_as_it_is(highlights: int):
    image = flat(highlights)
    assert exposed(image) is image
    assert exposure_gain(image) == 1.0


@pytest.mark.parametrize(
    ("highlights", "gain"),
    [
        (115, 1.8125),  # 13 of 16 on the way from 115 to 230.
        (120, 1.4583),  # Half of the way from 120 to 230.
        (127, 1.0507),
        (112, 2.0536),
        (46, 5.0),
        (23, 10.0),
        (10, 10.0),
        (0, 10.0),
    ],
)
def test_the_gain_brings_dark_highlights_to_230_at_most_tenfold_and_fades_out_up_to_128(
    highlights: int, gain: float
):
    assert exposure_gain(flat(highlights)) == pytest.approx(gain, abs=1e-4)


def test_all_levels_are_multiplied_alike_and_cut_at_white():
    image = flat(46)
    image[0, 0], image[0, 1] = (40, 20, 10), (60, 52, 51)
    before = image.copy()
    found = exposed(image)
    assert found.dtype == np.uint8 and found.shape == image.shape
    assert found[0, 0].tolist() == [200, 100, 50]
    assert found[0, 1].tolist() == [255, 255, 255]
    assert found[1, 1].tolist() == [230, 230, 230]
    assert np.array_equal(image, before)


def test_a_hundredth_of_lamps_does_not_make_a_dark_picture_bright_and_more_of_them_do():
    assert exposure_gain(ramp(50, share_above=0.008)) > 4.5
    assert exposure_gain(ramp(50, share_above=0.012)) == 1.0


def test_luma_tells_whether_a_picture_is_dark_and_coloured_light_is_not_cut():
    # Of red light of 10 to 180, no more than 54 of luma.
    image = np.zeros((100, 200, 3), np.uint8)
    image[..., 0] = np.linspace(10, 180, 200).astype(np.uint8)
    found = exposed(image)[..., 0].astype(int)
    assert exposure_gain(image) == pytest.approx(255 / 162, rel=0.01)
    # All but the brightest tenth stays apart: by 230 / 54 two thirds were white.
    assert (np.diff(found[0, :180:4]) > 0).all()
    assert np.mean(found == 255) < 0.12


def test_what_is_of_one_full_colour_is_left_as_it_is():
    image = np.zeros((30, 30, 3), np.uint8)
    image[..., 2] = 255
    assert exposed(image) is image


@pytest.mark.parametrize(
    ("level", "gain", "expected"),
    [
        (46, 5.0, 5.0),
        (20, 5.0, 5.0),
        (50, 5.0, 4.96),  # By itself it would get 4.6.
        (46, 4.0, 4.0),
        (102, 5.0, 2.380),  # By itself it would get 2.255.
        (255, 5.0, 1.0),
        (0, 10.0, 10.0),
        (20, 1.0, 1.0),
    ],
)
def test_other_frames_get_the_confirmed_frame_s_gain_unless_they_are_brighter(
    level: int, gain: float, expected: float
):
    assert gain_beside(flat(level), Exposure(gain, 46.0)) == pytest.approx(expected, abs=1e-3)


def test_a_lamp_that_comes_into_a_dark_clip_leaves_its_gain():
    beside = exposure_of(ramp(50))
    assert beside.gain == pytest.approx(230 / 49)
    for share in (0.008, 0.012, 0.02, 0.05):
        # A twentieth that turns from black to white raises the level by less than a third: 256 to that power is 1.32.
        assert 0.75 * beside.gain < gain_beside(ramp(50, share), beside) <= beside.gain
    # All of it is four times as bright: it is no dark picture.
    level = exposure_of(ramp(200), ExposureLimits(254, 255)).level
    assert gain_beside(ramp(200), beside) == pytest.approx(beside.gain * beside.level / level)
    assert gain_beside(flat(200), beside) == 1.0


def test_frames_beside_a_bright_one_are_left_as_they_are():
    assert exposure_of(flat(128)) == AS_IT_IS
    assert gain_beside(flat(10), AS_IT_IS) == 1.0


def test_the_level_of_an_exposure_is_the_geometric_mean_of_luma_and_one():
    image = flat(3)
    image[:20] = 15
    assert exposure_of(image).level == pytest.approx(8.0)


LIMITS = ExposureLimits(full_below=64, exposed_from=80)


def gains(frames: list[np.ndarray], cuts: tuple[int, ...] = (0,)) -> list[float]:
    shot_gain = ShotGain(LIMITS)
    return [round(shot_gain.of(frame, index in cuts), 3) for index, frame in enumerate(frames)]


def flats(*levels: int) -> list[np.ndarray]:
    return [flat(level) for level in levels]


def test_the_gain_of_a_shot_stays_while_its_brightness_varies_a_little():
    assert gains(flats(46, 44, 49, 46, 30, 0, 46)) == [5.0] * 7


def test_it_falls_where_a_frame_would_be_cut_and_no_frame_is():
    levels = [46, 50, 46, 60, 46]
    found = gains(flats(*levels))
    assert found == [5.0, 4.96, 5.0, 4.117, 5.0]
    assert all(level * gain <= 255 for level, gain in zip(levels, found, strict=True))


def test_light_that_stays_lowers_it_for_good():
    assert gains(flats(46, 60, 60, 60, 60, 46)) == [5.0, 4.117, 4.117, 4.117, 4.117, 4.117]


def test_after_a_flash_it_is_that_before_and_so_it_is_between_the_flashes_of_a_strobe():
    assert gains(flats(46, 46, 240, 250, 240, 46, 46, 46)) == [5.0] * 2 + [1.0] * 3 + [5.0] * 3
    assert gains(flats(*([46, 220, 46] * 5)))[2::3] == [5.0] * 5


def test_after_a_fade_from_black_a_bright_shot_is_seen_as_it_is_and_a_dark_one_by_its_own_gain():
    assert gains(flats(0, 40, 90, 160, 220, 230, 230, 20))[2:] == [1.0] * 6
    assert gains(flats(0, 20, 46, 46, 46))[-3:] == [5.4] * 3


def test_a_lamp_that_comes_into_a_dark_shot_leaves_its_gain():
    found = gains([ramp(50), *(ramp(50, share) for share in (0.008, 0.012, 0.02, 0.05))])
    assert found[0] == pytest.approx(230 / 49, abs=1e-3)
    assert all(0.75 * found[0] < gain <= found[0] for gain in found)


def test_each_shot_has_a_gain_of_its_own_and_tells_the_largest_that_may_follow():
    assert gains(flats(200, 46, 46, 46), cuts=(0, 2)) == [1.0, 1.0, 5.0, 5.0]
    shot_gain, lasting = ShotGain(LIMITS), []
    for index, frame in enumerate(flats(0, 20, 46, 46, 46, 46)):
        shot_gain.of(frame, index == 0)
        lasting.append(round(shot_gain.lasting, 3))
    assert lasting == [10.0, 10.0, 10.0, 10.0, 10.0, 5.4]
