"""Masks from other tools: taken as meant, or refused with the values that were found."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from pipeline.selection.mask_upload import read_mask_file
from utils.errors import UnusablePrompt
from utils.messages import render

SIZE_WH = (160, 96)
Y, X = np.mgrid[:96, :160]
DISC = np.hypot(X - 60, Y - 48) <= 25
SECOND = np.hypot(X - 130, Y - 48) <= 15
DAVIS = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0] + [0] * 756


def coloured(colour: tuple[int, ...], mask: np.ndarray = DISC) -> Image.Image:
    pixels = np.zeros((96, 160, len(colour)), np.uint8)
    pixels[mask] = colour
    return Image.fromarray(pixels)


def indexed(numbers: np.ndarray, palette: list[int] = DAVIS) -> Image.Image:
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette(palette)
    return image


def through_jpeg(image: Image.Image, quality: int) -> Image.Image:
    content = BytesIO()
    image.save(content, "JPEG", quality=quality)
    return Image.open(content)


TAKEN = {
    "white": Image.fromarray(DISC.astype(np.uint8) * 255),
    "class numbers": Image.fromarray(DISC.astype(np.uint8)),
    "class number 7": Image.fromarray(DISC.astype(np.uint8) * 7),
    "0 and 100": Image.fromarray(DISC.astype(np.uint8) * 100),
    "davis palette": indexed(DISC),
    "davis palette, second entry": indexed(DISC * 2),
    # As oxipng sorts it: findings/oxipng_renumbers_label_maps.sh.
    "class numbers, palette turned round": indexed(~DISC, [1, 1, 1, 0, 0, 0]),
    "16 bit, 255": Image.fromarray((DISC * 255).astype(np.uint16)),
    "16 bit, 65535": Image.fromarray((DISC * 65535).astype(np.uint16)),
    "16 bit, 1": Image.fromarray(DISC.astype(np.uint16)),
    "red": coloured((255, 0, 0)),
    "blue": coloured((0, 0, 255)),
    "dark green": coloured((0, 90, 0)),
    "cut-out of a dark subject": coloured((30, 20, 20, 255)),
    "one bit": Image.fromarray(DISC),
    "white with soft edges": Image.fromarray(DISC.astype(np.uint8) * 255).filter(
        ImageFilter.GaussianBlur(1)
    ),
    "red at half opacity": coloured((255, 0, 0, 120)),
    "white with soft noise of a jpeg": through_jpeg(
        Image.fromarray(DISC.astype(np.uint8) * 255), 10
    ),
    "red with soft noise of a jpeg": through_jpeg(coloured((255, 0, 0)), 75),
    "green with soft noise of a jpeg": through_jpeg(coloured((0, 255, 0)), 30),
    "red with soft edges": coloured((255, 0, 0)).filter(ImageFilter.GaussianBlur(1)),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_mask_is_taken_as_meant(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mask.png"
    TAKEN[kind].save(path)
    mask = read_mask_file(path, SIZE_WH)
    assert (mask != DISC).mean() < (0.01 if "soft" in kind else 1e-9)


@pytest.mark.parametrize("level", [1, 255, 65_535])
def test_colour_of_sixteen_bits_is_taken_as_meant(tmp_path: Path, level: int) -> None:
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), np.repeat((DISC * level).astype(np.uint16)[..., None], 3, axis=-1))
    assert np.array_equal(read_mask_file(path, SIZE_WH), DISC)


REFUSED = {
    "classes": (Image.fromarray((DISC + 2 * SECOND).astype(np.uint8)), "0, 1, 2"),
    "classes and void": (
        Image.fromarray((DISC + 255 * SECOND).astype(np.uint8)), "0, 1, 255",
    ),
    "two paints": (
        Image.fromarray(
            np.asarray(coloured((255, 0, 0))) + np.asarray(coloured((0, 0, 255), SECOND))
        ),
        "#0000FF, #FF0000",
    ),
    "davis, two objects": (indexed(DISC + 2 * SECOND), "#008000, #800000"),
    "three greys": (
        Image.fromarray((255 * DISC + 128 * SECOND).astype(np.uint8)), "0, 128, 255",
    ),
    "trimap": (
        Image.fromarray((255 * DISC + 127 * (np.hypot(X - 60, Y - 48) <= 32) * ~DISC).astype(np.uint8)),
        "0, 127, 255",
    ),
    "grey photo": (Image.fromarray((X + Y).astype(np.uint8)), "0, 1, 2, 3, 4, 5, 6, 7, …"),
    "two paints through a jpeg": (
        through_jpeg(
            Image.fromarray(
                np.asarray(coloured((255, 0, 0))) + np.asarray(coloured((0, 0, 255), SECOND))
            ),
            60,
        ),
        "colours",
    ),
    "dark greys": (Image.fromarray((X // 2).astype(np.uint8)), "0, 1, 2, 3, 4, 5, 6, 7, …"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_mask_of_several_values_is_refused_with_them(tmp_path: Path, kind: str) -> None:
    image, values = REFUSED[kind]
    path = tmp_path / "mask.png"
    image.save(path)
    with pytest.raises(UnusablePrompt) as caught:
        read_mask_file(path, SIZE_WH)
    assert values in caught.value.user_message
    assert "white" in caught.value.user_message
    assert "白" in render(caught.value.message, "zh")


def test_a_mask_of_the_unturned_size_names_the_turn(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    TAKEN["white"].save(path)
    with pytest.raises(UnusablePrompt) as caught:
        read_mask_file(path, (96, 160))
    assert caught.value.code == "prompt.mask_turned"
    assert "96x160" in caught.value.user_message
