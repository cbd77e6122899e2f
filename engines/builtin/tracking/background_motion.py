"""Motion of each pixel relative to the background's homography, and evidence from it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.tracking.camera_motion import background_flow, compensated_difference
from engines.builtin.vision.arrays import lengths
from engines.builtin.vision.extra_trees import FloatRows
from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.mask_utils import bounding_box, dilate, grow_box
from utils.types import FloatImage, FloatMap, IntBox, Mask

_MAYBE = 0.3
"""Probability from which a pixel isn't taken for background, and `_AROUND`, pixels grown beyond it."""
_AROUND = 8
_BOX_MARGIN = 0.2
"""Margin of the object's box, as a share of the box, outside of which all is background."""
_LEAST_BACKGROUND = 0.1
"""Least share of the picture that must remain as background."""
_LARGEST_RATIO = 4.0
"""Largest motion that is told apart, in units of the background's own residual."""
_LOCAL_RADIUS = 24
"""Half side of the surroundings whose residual counts, in pixels at processing size."""
_BINS = 20
"""Bins of a histogram of motion vectors, across and down."""
_EVERY = 7
"""Of so many background pixels one is measured for noise."""
_NOISE_PERCENTILE = 80
"""Percentile of the background's differences that counts as its noise."""
_LEAST_NOISE = 1.5
"""Differences of the background below which a picture counts as free of noise, in Lab units."""
OTHER_SCENE = 30.0
"""Mismatch of the background, in Lab units, from which a neighbour is of another scene (the clips'
own neighbours stay below 9, frames of other clips are above 55)."""
_STILL_DIFFERENCE = 1.0
"""Difference, in units of the background's noise, at log odds 0."""
_LARGEST_LOG_ODDS = 2.0
MOTION_COUNT = 3
"""Channels of `ObjectMotion.features`."""


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

    def features(self, places: npt.NDArray[np.int64], sign: float = 1.0) -> FloatRows:
        """Return the forest's motion features at flat indices (N,), float32 (N, 3); `sign` -1 reverses time."""
        features = np.empty((places.size, MOTION_COUNT), dtype=np.float32)
        np.multiply(self.vector.reshape(-1, 2)[places], np.float32(sign), out=features[:, :2])
        np.log1p(self.difference.ravel()[places], out=features[:, 2])
        return features

    def with_other_side(self, other: ObjectMotion) -> ObjectMotion:
        """Return the motion against both neighbours, where `other` is against the one on the other side.

        Background occluded in one neighbour shows no difference to the other. A neighbour of another
        scene is ignored.
        """
        if other.mismatch > OTHER_SCENE:
            return self
        vector, pixels = self.vector - other.vector, self.pixels + other.pixels
        vector *= np.float32(0.5)
        pixels *= np.float32(0.5)
        return ObjectMotion(
            vector,
            np.minimum(self.difference, other.difference),
            pixels,
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
    known = background[view]
    residual = np.empty_like(camera_flow)
    pixels, of_background = np.empty((2, *known.shape), dtype=np.float32)
    _fill_residual(flow[view], camera_flow, known, residual, pixels, of_background)
    sums = box_mean(of_background, _LOCAL_RADIUS), box_mean(known.astype(np.float32), _LOCAL_RADIUS)
    gap = compensated_difference(lab, neighbour, camera_flow, region)
    gaps = gap.ravel()[np.flatnonzero(known)[::_EVERY]]
    mismatch = float(np.percentile(gaps, _NOISE_PERCENTILE)) if gaps.size else 0.0
    vector = np.zeros((height, width, 2), dtype=np.float32)
    _fill_vector(residual[inner], sums[0][inner], sums[1][inner], vector[y0:y1, x0:x1])
    maps = np.zeros((2, height, width), dtype=np.float32)
    maps[0, y0:y1, x0:x1] = gap[inner] / np.float32(max(mismatch, _LEAST_NOISE))
    maps[1, y0:y1, x0:x1] = pixels[inner]
    return ObjectMotion(vector, maps[0], maps[1], mismatch)


@compiled
def _fill_residual(
    flow: FloatImage,
    camera_flow: FloatImage,
    known: Mask,
    residual: FloatImage,
    pixels: FloatMap,
    of_background: FloatMap,
) -> None:
    """Fill the flow less the camera's (h, w, 2), its length (h, w), and the length where it is background."""
    height, width = known.shape
    for row in range(height):
        for column in range(width):
            across = flow[row, column, 0] - camera_flow[row, column, 0]
            down = flow[row, column, 1] - camera_flow[row, column, 1]
            length = np.sqrt(across * across + down * down)
            residual[row, column, 0] = across
            residual[row, column, 1] = down
            pixels[row, column] = length
            of_background[row, column] = length if known[row, column] else np.float32(0.0)


@compiled
def _fill_vector(
    residual: FloatImage, lengths_around: FloatMap, background_around: FloatMap, out: FloatImage
) -> None:
    """Fill `out` (h, w, 2): the residual over 0.5 + 1.5 times the background's nearby, in [-4, 4]."""
    height, width = out.shape[:2]
    half, slope, least = np.float32(0.5), np.float32(1.5), np.float32(1e-3)
    limit = np.float32(_LARGEST_RATIO)
    for row in range(height):
        for column in range(width):
            usual = lengths_around[row, column] / (background_around[row, column] + least)
            scale = np.float32(1.0) / (half + slope * usual)
            for axis in range(2):
                out[row, column, axis] = min(
                    max(residual[row, column, axis] * scale, -limit), limit
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
    places = np.empty(vector.shape, dtype=np.float32)
    masses = np.zeros((2, _BINS, _BINS))
    _count_motions(vector, expected, weight, masses, places)
    shares = []
    for mass in masses:
        smooth = cv2.GaussianBlur(mass, (0, 0), 0.8, borderType=cv2.BORDER_CONSTANT)
        shares.append(smooth / max(float(smooth.sum()), 1.0) + 2e-3)
    ratio = np.clip(np.log(shares[0] / shares[1]), -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)
    return cv2.remap(  # type: ignore[no-any-return]
        ratio.astype(np.float32),
        places,
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


@compiled
def _count_motions(
    vector: FloatImage,
    expected: FloatMap,
    weight: FloatMap,
    masses: npt.NDArray[np.float64],
    places: FloatImage,
) -> None:
    """Add up the histograms (2, bins, bins) of the object's motions and of its surroundings'.

    And fill each pixel's place in them, float32 (h, w, 2), as `cv2.remap` reads a histogram there.
    """
    height, width = expected.shape
    zero, half, one = np.float32(0.0), np.float32(0.5), np.float32(1.0)
    per_unit, last = np.float32(_BINS / (2.0 * _LARGEST_RATIO)), np.float32(_BINS - 1e-3)
    for row in range(height):
        for column in range(width):
            x = (vector[row, column, 0] + np.float32(_LARGEST_RATIO)) * per_unit
            y = (vector[row, column, 1] + np.float32(_LARGEST_RATIO)) * per_unit
            x, y = min(max(x, zero), last), min(max(y, zero), last)
            places[row, column, 0] = x - half
            places[row, column, 1] = y - half
            share, trust = expected[row, column], weight[row, column]
            masses[0, int(y), int(x)] += share * trust
            masses[1, int(y), int(x)] += (one - share) * trust


def sampled(generator: np.random.Generator, where: Mask, count: int) -> npt.NDArray[np.int64]:
    """Return at most `count` random flat indices of true pixels, without repeats."""
    places = np.flatnonzero(where)
    if places.size <= count:
        return places
    return generator.choice(places, count, replace=False, shuffle=False)
