from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.image_utils import (
    checkerboard,
    compose_over,
    cover,
    encode_image,
    parse_colour,
    shrink_to,
    solid,
    write_image,
)


def test_colours_are_parsed_and_rubbish_is_not() -> None:
    assert parse_colour("#00fF80") == (0, 255, 128)
    for text in ("", "00FF00", "#0F0", "#GGGGGG", "#00FF000", "#-1-1-1"):
        with pytest.raises(ValueError):
            parse_colour(text)


def test_the_checkerboard_alternates_in_both_directions() -> None:
    board = checkerboard((64, 48), 16)
    assert board.shape == (48, 64, 3)
    assert board[0, 0, 0] != board[0, 16, 0] == board[16, 0, 0] != board[16, 16, 0]


@pytest.mark.parametrize("size_wh", [(160, 90), (90, 160), (33, 17), (400, 100)])
def test_a_picture_covers_any_size_around_its_middle(size_wh: tuple[int, int]) -> None:
    picture = np.zeros((120, 200, 3), np.uint8)
    picture[50:70, 90:110] = 255
    covered = cover(picture, size_wh)
    assert covered.shape == (size_wh[1], size_wh[0], 3)
    assert covered[size_wh[1] // 2, size_wh[0] // 2].min() > 200
    assert covered[0, 0].max() == 0


def test_composing_is_exact_at_both_ends() -> None:
    rng = np.random.default_rng(0)
    front, back = rng.integers(0, 256, (2, 20, 30, 3), np.uint8)
    for level, expected in ((0.0, back), (1.0, front)):
        assert np.array_equal(
            compose_over(front, np.full((20, 30), level, np.float32), back), expected
        )
    half = compose_over(
        solid((4, 4), (200, 0, 0)), np.full((4, 4), 0.5, np.float32), solid((4, 4), (0, 100, 0))
    )
    assert np.all(half == (100, 50, 0))


def test_shrinking_keeps_the_shape_and_never_enlarges() -> None:
    picture = np.zeros((90, 160, 3), np.uint8)
    assert shrink_to(picture, 80).shape == (45, 80, 3)
    assert shrink_to(picture, 160) is picture


def test_a_shrunk_alpha_keeps_the_values_between() -> None:
    alpha = np.tile(np.float32([0, 0.5]), (8, 8))
    assert np.array_equal(shrink_to(alpha, 8), np.full((4, 8), 0.25, np.float32))


def test_written_pictures_come_back(tmp_path: Path) -> None:
    picture = np.zeros((24, 32, 3), np.uint8)
    picture[..., 0] = 200
    for name in ("a.png", "a.jpg"):
        write_image(tmp_path / name, picture)
        back = cv2.imread(str(tmp_path / name))[..., ::-1].astype(int)
        assert np.abs(back - picture).max() <= (0 if name.endswith("png") else 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "a.png"]


def test_a_suffix_that_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="not an image"):
        encode_image(np.zeros((2, 2), np.uint8), ".exe")


def test_a_write_that_fails_leaves_the_old_picture_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    write_image(path, np.zeros((4, 4), np.uint8))
    before = path.read_bytes()

    def refuse(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_image(path, np.ones((4, 4), np.uint8))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
