"""The camera's motion: the homography of the background, and a frame's difference to its neighbour along it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from engines.builtin.vision.flow import places_along
from utils.compiled import compiled
from utils.guided_filter import box_mean
from utils.types import FloatImage, FloatMap, IntBox, Mask

_SAMPLES = 500
"""About so many pixels of the background by which the camera's motion is estimated."""


def background_homography(flow: FloatImage, background: Mask) -> npt.NDArray[np.float64]:
    """Return the homography, float64 (3, 3), that moves background pixels as the flow, (h, w, 2), does.

    Fitted by RANSAC to the flow of at most 500 background pixels; the median shift where that fails.
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
    if homography is None:
        across, down = np.median(flow[rows, columns], axis=0)
        homography = np.array([[1.0, 0.0, across], [0.0, 1.0, down], [0.0, 0.0, 1.0]])
    return np.asarray(homography, dtype=np.float64)


def background_flow(flow: FloatImage, background: Mask, window: IntBox | None = None) -> FloatImage:
    """Return the flow that a plane's homography gives the background, float32 (h, w, 2) of the window."""
    height, width = background.shape
    x0, y0, x1, y1 = window or (0, 0, width, height)
    plane_flow = np.empty((y1 - y0, x1 - x0, 2), dtype=np.float32)
    _fill_plane_flow(background_homography(flow, background), x0, y0, plane_flow)
    return plane_flow


@compiled
def _fill_plane_flow(
    homography: npt.NDArray[np.float64], x0: int, y0: int, out: FloatImage
) -> None:
    """Fill `out` (h, w, 2) with where a homography moves each pixel from, of a window at (x0, y0)."""
    height, width = out.shape[:2]
    for row in range(height):
        y = float(row + y0)
        for column in range(width):
            x = float(column + x0)
            across = homography[0, 0] * x + homography[0, 1] * y + homography[0, 2]
            down = homography[1, 0] * x + homography[1, 1] * y + homography[1, 2]
            depth = 1.0 / (homography[2, 0] * x + homography[2, 1] * y + homography[2, 2])
            out[row, column, 0] = np.float32(across * depth) - np.float32(x)
            out[row, column, 1] = np.float32(down * depth) - np.float32(y)


def compensated_difference(
    lab: FloatImage, neighbour: FloatImage, camera_flow: FloatImage, window: IntBox
) -> FloatMap:
    """Return a picture's difference to its neighbour warped by `camera_flow`, in Lab units, float32 (h, w).

    Of the window that `camera_flow` is of; 0 where the neighbour doesn't reach.
    """
    x0, y0, x1, y1 = window
    places = places_along(camera_flow, x0, y0)
    warped = cv2.remap(neighbour, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    gap = np.empty(camera_flow.shape[:2], dtype=np.float32)
    _fill_gap(np.asarray(warped), lab[y0:y1, x0:x1], places, lab.shape[:2], gap)
    return box_mean(gap, 1)


@compiled
def _fill_gap(
    warped: FloatImage,
    lab: FloatImage,
    places: FloatImage,
    shape: tuple[int, int],
    out: FloatMap,
) -> None:
    """Fill `out` (h, w) with the sum over channels of the difference; 0 where `places` leaves the picture."""
    height, width = out.shape
    bottom, right = np.float32(shape[0] - 1), np.float32(shape[1] - 1)
    zero = np.float32(0.0)
    for row in range(height):
        for column in range(width):
            x, y = places[row, column, 0], places[row, column, 1]
            gap = zero
            for channel in range(3):
                gap += abs(warped[row, column, channel] - lab[row, column, channel])
            is_seen = x >= zero and y >= zero and x <= right and y <= bottom
            out[row, column] = gap if is_seen else zero
