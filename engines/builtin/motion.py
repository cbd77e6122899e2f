"""How unlike the background each pixel moves."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.arrays import FloatImage, FloatMap
from engines.builtin.guided import box_mean
from utils.mask_utils import dilate
from utils.types import Mask

_SAMPLES = 500
_LARGEST_RATIO = 4.0
_LOCAL_RADIUS = 24
_BINS = 20
_LARGEST_LOG_ODDS = 2.0


def background_flow(flow: FloatImage, background: Mask) -> FloatImage:
    """Return the flow that a plane's homography gives the background, float32 (h, w, 2).

    Fitted by RANSAC to the flow of at most 500 background pixels; the median flow where that fails.
    """
    height, width = background.shape
    places = np.flatnonzero(background)
    if places.size < 32:
        places = np.arange(height * width)
    places = places[:: max(1, places.size // _SAMPLES)]
    rows, columns = np.divmod(places, width)
    source = np.stack([columns, rows], axis=1).astype(np.float32)
    target = source + flow[rows, columns]
    homography, _ = cv2.findHomography(
        source, target, cv2.RANSAC, 1.0, maxIters=300, confidence=0.99
    )
    grid = np.stack(
        np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)), axis=2
    )
    if homography is None:
        return np.broadcast_to(np.median(flow[rows, columns], axis=0), flow.shape).astype(
            np.float32
        )
    moved = cv2.perspectiveTransform(grid.reshape(1, -1, 2), homography)
    return moved.reshape(height, width, 2) - grid  # type: ignore[no-any-return]


def relative_motion(
    flow: FloatImage, probability: FloatMap, radius: int = 8
) -> tuple[FloatImage, FloatMap]:
    """Return motion against the background, and how unusual it is.

    Args:
        flow: to the previous frame, float32 (h, w, 2), in pixels.
        probability: of the object in this frame, float32 (h, w).
        radius: by which the object is grown before the rest counts as background, in pixels.

    Returns:
        The flow minus the background's, over 0.5 + 1.5 times the background's own residual nearby,
        float32 (h, w, 2) in [-4, 4]; and its length, float32 (h, w) in [0, 4].
    """
    background = ~dilate(probability > 0.3, radius)
    residual = flow - background_flow(flow, background)
    length = np.sqrt(np.square(residual).sum(axis=2))
    weight = background.astype(np.float32)
    usual = box_mean(length * weight, _LOCAL_RADIUS) / (box_mean(weight, _LOCAL_RADIUS) + 1e-3)
    scale = 1.0 / (0.5 + 1.5 * usual)
    vector = np.clip(residual * scale[..., None], -_LARGEST_RATIO, _LARGEST_RATIO)
    ratio = np.minimum(length * scale, _LARGEST_RATIO)
    return vector.astype(np.float32), ratio.astype(np.float32)


def motion_evidence(vector: FloatImage, expected: FloatMap, weight: FloatMap) -> FloatMap:
    """Return how much each pixel moves like the object rather than like what is around it.

    A histogram of the motion vectors of the expected object against one of its surroundings: where
    both move alike it says nothing, whatever the size of the motion.

    Args:
        vector: motion against the background, float32 (h, w, 2) in [-4, 4].
        expected: probability that a pixel is the object's, float32 (h, w).
        weight: trust in each pixel, float32 (h, w).

    Returns:
        Log odds, float32 (h, w) in [-2, 2].
    """
    bins = np.clip((vector + _LARGEST_RATIO) * (_BINS / (2.0 * _LARGEST_RATIO)), 0, _BINS - 1e-3)
    flat = bins[..., 1].astype(np.intp) * _BINS + bins[..., 0].astype(np.intp)
    masses = []
    for share in (expected, 1.0 - expected):
        mass = np.bincount(
            flat.ravel(), weights=(share * weight).ravel(), minlength=_BINS * _BINS
        ).reshape(_BINS, _BINS)
        mass = cv2.GaussianBlur(mass, (0, 0), 0.8, borderType=cv2.BORDER_CONSTANT)
        masses.append(mass / max(float(mass.sum()), 1.0) + 2e-3)
    ratio = np.clip(np.log(masses[0] / masses[1]), -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)
    return cv2.remap(  # type: ignore[no-any-return]
        ratio.astype(np.float32),
        bins[..., 0].astype(np.float32) - 0.5,
        bins[..., 1].astype(np.float32) - 0.5,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def sampled(generator: np.random.Generator, where: Mask, count: int) -> npt.NDArray[np.int64]:
    """Return at most `count` random flat indices of true pixels, without repeats."""
    places = np.flatnonzero(where)
    if places.size <= count:
        return places
    return generator.choice(places, count, replace=False, shuffle=False)
