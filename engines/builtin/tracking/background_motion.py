"""Motion of each pixel relative to the background's homography, and evidence from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.arrays import channel_gaps, lengths
from utils.guided_filter import box_mean
from utils.mask_utils import bounding_box, dilate, grow_box
from utils.types import FloatImage, FloatMap, Mask

_SAMPLES = 500
_MAYBE = 0.3
"""Probability from which a pixel isn't taken for background, and `_AROUND`, pixels grown beyond it."""
_AROUND = 8
_BOX_MARGIN = 0.2
_LEAST_BACKGROUND = 0.1
"""Least share of the picture that must remain as background."""
_LARGEST_RATIO = 4.0
_LOCAL_RADIUS = 24
_BINS = 20
_EVERY = 7
_NOISE_PERCENTILE = 80
_LEAST_NOISE = 1.5
"""Differences of the background below which a picture counts as free of noise, in Lab units."""
OTHER_SCENE = 30.0
"""Mismatch of the background, in Lab units, from which a neighbour is of another scene (the clips'
own neighbours stay below 9, frames of other clips are above 55)."""
_STILL_DIFFERENCE = 1.0
_LARGEST_LOG_ODDS = 2.0
MOTION_COUNT = 3
"""Channels of `ObjectMotion.features`."""


IntBox = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, half-open."""


def background_flow(flow: FloatImage, background: Mask, window: IntBox | None = None) -> FloatImage:
    """Return the flow that a plane's homography gives the background, float32 (h, w, 2) of the window.

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
    x0, y0, x1, y1 = window or (0, 0, width, height)
    if homography is None:
        median = np.median(flow[rows, columns], axis=0)
        return np.broadcast_to(median, (y1 - y0, x1 - x0, 2)).astype(np.float32)
    grid = np.stack(
        np.meshgrid(np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)),
        axis=2,
    )
    moved = cv2.perspectiveTransform(grid.reshape(1, -1, 2), homography)
    return moved.reshape(grid.shape) - grid  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class ObjectMotion:
    """Motion of a frame relative to its background.

    Attributes:
        vector: the flow minus the background's, over 0.5 + 1.5 times the background's own residual
            nearby, float32 (h, w, 2) in [-4, 4].
        difference: the frame minus its neighbour warped by the background's motion (the
            motion-compensated frame difference), over what background pixels differ, float32 (h, w),
            at least 0. Exact to the pixel where flow is smooth, but near 0 inside a plain object.
        pixels: length of the flow minus the background's, float32 (h, w), in pixels.
        mismatch: what background pixels differ, in Lab units: the 80th percentile.
    """

    vector: FloatImage
    difference: FloatMap
    pixels: FloatMap
    mismatch: float

    def features(self, sign: float = 1.0) -> FloatImage:
        """Return the forest's motion features, float32 (h, w, 3); `sign` -1 reverses time."""
        return np.dstack([np.float32(sign) * self.vector, np.log1p(self.difference)])

    def with_other_side(self, other: ObjectMotion) -> ObjectMotion:
        """Return the motion against both neighbours, where `other` is against the one on the other side.

        Background occluded in one neighbour shows no difference to the other. A neighbour of another
        scene is ignored.
        """
        if other.mismatch > OTHER_SCENE:
            return self
        return ObjectMotion(
            0.5 * (self.vector - other.vector),
            np.minimum(self.difference, other.difference),
            0.5 * (self.pixels + other.pixels),
            max(self.mismatch, other.mismatch),
        )


def object_motion(
    lab: FloatImage,
    neighbour: FloatImage,
    flow: FloatImage,
    background: Mask,
    window: IntBox | None = None,
) -> ObjectMotion:
    """Return the motion of a picture relative to its background.

    Args:
        lab: of the picture, float32 (h, w, 3).
        neighbour: Lab of a frame before or after it, float32 (h, w, 3).
        flow: from the picture to the neighbour, float32 (h, w, 2), in pixels.
        background: confident background, bool (h, w).
        window: what is asked about; the maps are 0 outside it. None for the whole picture.
    """
    height, width = background.shape
    x0, y0, x1, y1 = window or (0, 0, width, height)
    region = grow_box((x0, y0, x1, y1), (width, height), 0.0, _LOCAL_RADIUS)
    view = np.s_[region[1] : region[3], region[0] : region[2]]
    inner = np.s_[y0 - region[1] : y1 - region[1], x0 - region[0] : x1 - region[0]]
    camera_flow = background_flow(flow, background, region)
    residual = flow[view] - camera_flow
    pixels = lengths(residual)
    known = background[view]
    weight = known.astype(np.float32)
    background_residual = box_mean(pixels * weight, _LOCAL_RADIUS) / (
        box_mean(weight, _LOCAL_RADIUS) + 1e-3
    )
    scale = 1.0 / (0.5 + 1.5 * background_residual)
    vector = np.clip(residual * scale[..., None], -_LARGEST_RATIO, _LARGEST_RATIO)
    gap = _compensated_difference(lab, neighbour, camera_flow, region)
    gaps = gap[known][::_EVERY]
    mismatch = float(np.percentile(gaps, _NOISE_PERCENTILE)) if gaps.size else 0.0
    difference = gap / np.float32(max(mismatch, _LEAST_NOISE))

    def of_the_picture(values: npt.NDArray[np.floating]) -> FloatImage:
        full = np.zeros((height, width, *values.shape[2:]), dtype=np.float32)
        full[y0:y1, x0:x1] = values[inner]
        return full

    return ObjectMotion(
        of_the_picture(vector), of_the_picture(difference), of_the_picture(pixels), mismatch
    )


def background_around(probability: FloatMap) -> Mask:
    """Return confident background, bool (h, w): all but the object and a margin of 8 pixels.

    Moving surroundings, water or foliage, are then part of the background's residual.
    """
    return np.asarray(~dilate(probability > _MAYBE, _AROUND))


def background_outside_box(probability: FloatMap) -> Mask:
    """Return what is outside the object's box and a margin, bool (h, w).

    Lost parts are not taken for background, so that their motion still shows.
    """
    background = np.ones(probability.shape, dtype=bool)
    box = bounding_box(probability > _MAYBE)
    if box is not None:
        height, width = probability.shape
        x0, y0, x1, y1 = grow_box(box, (width, height), _BOX_MARGIN, 6)
        background[y0:y1, x0:x1] = False
    return background if background.mean() > _LEAST_BACKGROUND else background_around(probability)


def motion_separability(motion: ObjectMotion, mask: Mask) -> float:
    """Return the probability that a pixel of the object moves more than one around it (the area under the
    curve): 0.5 is chance, 1 perfect separation.

    Args:
        motion: of the frame.
        mask: the object, bool (h, w).
    """
    box = bounding_box(mask)
    if box is None:
        return 0.5
    height, width = mask.shape
    x0, y0, x1, y1 = grow_box(box, (width, height), 2.0 * _BOX_MARGIN, 12)
    view = np.s_[y0:y1, x0:x1]
    length = lengths(motion.vector[view])
    edges = np.linspace(0.0, np.sqrt(2.0) * _LARGEST_RATIO, 65)
    inside, _ = np.histogram(length[mask[view]], edges)
    outside, _ = np.histogram(length[~dilate(mask, 3)[view]], edges)
    pairs = float(inside.sum()) * float(outside.sum())
    below = np.cumsum(outside) - 0.5 * outside
    return float((inside * below).sum() / pairs) if pairs else 0.5


def _compensated_difference(
    lab: FloatImage, neighbour: FloatImage, camera_flow: FloatImage, window: IntBox
) -> FloatMap:
    """Return a picture's difference to its neighbour warped by `camera_flow`, in Lab units, float32 (h, w).

    Of the window that `camera_flow` is of; 0 where the neighbour doesn't reach.
    """
    height, width = lab.shape[:2]
    x0, y0, x1, y1 = window
    x = camera_flow[..., 0] + np.arange(x0, x1, dtype=np.float32)
    y = camera_flow[..., 1] + np.arange(y0, y1, dtype=np.float32)[:, None]
    warped = cv2.remap(neighbour, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    gap = channel_gaps(warped, lab[y0:y1, x0:x1])
    seen = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return box_mean(np.where(seen, gap, np.float32(0.0)), 1)


def difference_evidence(difference: FloatMap) -> FloatMap:
    """Return log odds, float32 (h, w) in [-1, 1.5], that a pixel isn't background, by its difference."""
    return np.asarray(np.clip(difference - _STILL_DIFFERENCE, -1.0, 1.5), dtype=np.float32)


def motion_evidence(vector: FloatImage, expected: FloatMap, weight: FloatMap) -> FloatMap:
    """Return the evidence that each pixel moves like the object rather than like its surroundings.

    The ratio of two histograms of motion vectors, of the expected object and of its surroundings: 0
    where both move alike, whatever the size of the motion.

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
