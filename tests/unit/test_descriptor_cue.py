"""Descriptors in a selection: they find what colours don't show, are asked once, and can fail."""

from __future__ import annotations

import cv2
import numpy as np

from engines.builtin.selection.segmentation import BuiltinSegmentation
from utils.mask_utils import intersection_over_union
from utils.types import Box, Point, Prompt

WIDTH, HEIGHT, CELL = 240, 160, 4


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A disc with nearly the texture of its background: colours say little of its outline."""
    noise = np.random.default_rng(5).uniform(0, 255, (HEIGHT, WIDTH, 3))
    texture = cv2.GaussianBlur(noise, (0, 0), 2)
    texture = (texture - texture.min()) / np.ptp(texture) * 200
    disc = cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (100, 80), 36, 1, -1) > 0
    other = np.roll(texture, (31, 47), axis=(0, 1)) + np.array((10, 0, -10))
    image = np.where(disc[..., None], other, texture)
    return np.clip(image, 0, 255).astype(np.uint8), disc


class Descriptors:
    """Describes the cells of the disc alike, and the others in two other ways."""

    network = "descriptors"

    def __init__(self, mask: np.ndarray, fails: bool = False) -> None:
        size = WIDTH // CELL, HEIGHT // CELL
        share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        random = np.random.default_rng(1)
        ways = random.normal(0, 1, (3, 12))
        kinds = np.where(share > 0.5, 0, 1 + (np.arange(size[0]) > size[0] // 2))
        self.maps = (ways[kinds] + random.normal(0, 0.3, (*kinds.shape, 12))).astype(np.float32)
        self.fails = fails
        self.calls = 0

    def descriptors(self, image: np.ndarray) -> np.ndarray:
        self.calls += 1
        if self.fails:
            raise RuntimeError("out of order")
        return self.maps


def overlap(source: Descriptors | None, prompt: Prompt) -> float:
    image, disc = scene()
    found = BuiltinSegmentation(image, "builtin", descriptors=source).segment(prompt)
    return intersection_over_union(found[0].mask, disc)


def test_a_click_finds_what_is_described_alike_where_colours_say_little() -> None:
    prompt = Prompt(points=(Point(100, 80),))
    assert overlap(None, prompt) < 0.6
    assert overlap(Descriptors(scene()[1]), prompt) > 0.9


def test_descriptors_are_asked_once_a_picture_and_only_for_a_prompt() -> None:
    image, disc = scene()
    source = Descriptors(disc)
    session = BuiltinSegmentation(image, "builtin", descriptors=source)
    assert source.calls == 0
    session.segment(Prompt(points=(Point(100, 80),)))
    session.segment(Prompt(points=(Point(100, 80), Point(100, 100))))
    assert source.calls == 1


def test_a_network_without_files_is_not_asked_and_one_that_fails_ends_no_selection() -> None:
    disc = scene()[1]
    prompt = Prompt(points=(Point(100, 80),))
    missing, failing, damaged = Descriptors(disc), Descriptors(disc, fails=True), Descriptors(disc)
    missing.network = ""
    damaged.maps[3, 5] = np.nan
    without = overlap(None, prompt)
    for source in (missing, failing, damaged):
        assert overlap(source, prompt) == without
    assert missing.calls == 0
    assert failing.calls == 1
    assert damaged.calls == 1


def test_where_a_network_shows_the_clicked_object_descriptors_are_not_asked() -> None:
    class Network:
        network = "foreground"

        def estimate(self, image: np.ndarray, picture_wh: object = None) -> np.ndarray:
            return np.ones(image.shape[:2], np.float32)

    image, disc = scene()
    source = Descriptors(disc)
    session = BuiltinSegmentation(image, "builtin", foregrounds=[Network()], descriptors=source)
    session.segment(Prompt(points=(Point(100, 80),)))
    assert source.calls == 0


def test_a_drawn_box_is_segmented_without_descriptors() -> None:
    source = Descriptors(scene()[1])
    assert overlap(source, Prompt(box=Box(60, 40, 140, 120))) > 0.0
    assert source.calls == 0
