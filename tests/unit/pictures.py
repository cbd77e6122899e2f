"""Small pictures that tests of the built-in engine share."""

from __future__ import annotations

import cv2
import numpy as np

HEIGHT, WIDTH = 60, 90


def noise_texture() -> np.ndarray:
    """Return smoothed noise, uint8 RGB, 40 pixels larger each way than the other pictures."""
    noise = np.random.default_rng(1).uniform(0, 255, (HEIGHT + 40, WIDTH + 40, 3))
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX).astype(
        np.uint8
    )


def disc(x: int = 45, y: int = 30, radius: int = 14) -> np.ndarray:
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), radius, 1, -1) > 0


def flat_lab(mask: np.ndarray) -> np.ndarray:
    lab = np.zeros((*mask.shape, 3), np.float32)
    lab[...] = (40, 10, 10)
    lab[mask] = (70, -20, 30)
    return lab


def moved_disc(texture: np.ndarray, ground: int, disc_by: int) -> np.ndarray:
    """A patterned disc on a textured ground, each moved so many pixels to the right."""
    picture = texture[:HEIGHT, 20 - ground : 20 - ground + WIDTH].copy()
    pattern = 255 - texture[40:, 20 - disc_by : 20 - disc_by + WIDTH]
    return np.where(disc(45 + disc_by)[..., None], pattern, picture)
