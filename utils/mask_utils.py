"""Pure functions on binary masks: cleaning, components, boxes; no state, no files."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.compiled import compiled
from utils.errors import UnusablePrompt
from utils.types import FloatMap, Mask


def check_keyframe_mask(mask: Mask, size_wh: tuple[int, int], frame: int) -> Mask:
    """Return the mask of a confirmed frame as bool (H, W), after checking that it can guide a job.

    Raises:
        UnusablePrompt: it is of another size, selects nothing, or covers everything.
    """
    width, height = size_wh
    if mask.ndim != 2 or mask.shape != (height, width):
        mask_height, mask_width = (*mask.shape, 1, 1)[:2]
        raise UnusablePrompt(
            "prompt.mask_size",
            mask_width=mask_width,
            mask_height=mask_height,
            width=width,
            height=height,
        )
    binary = np.ascontiguousarray(mask, dtype=bool)
    if not binary.any():
        raise UnusablePrompt("prompt.mask_empty", frame=frame)
    if binary.all():
        raise UnusablePrompt("prompt.mask_full", frame=frame)
    return binary


def bounding_box(mask: Mask) -> tuple[int, int, int, int] | None:
    """Return (x0, y0, x1, y1) in pixels of a mask's true ones, bool (H, W), half-open; None where there are none."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if not columns.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def convex_hull(mask: Mask) -> Mask:
    """Return the smallest convex area around a mask, bool (H, W) as the mask is; an empty one for an empty one."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(mask.shape, np.uint8)
    if contours:
        cv2.fillConvexPoly(hull, cv2.convexHull(np.vstack(contours)), 1)
    return hull.view(np.bool_)


def grow_box(
    box: tuple[int, int, int, int], size_wh: tuple[int, int], share: float, minimum: int
) -> tuple[int, int, int, int]:
    """Return the box with a margin of `share` of its longer side, at least `minimum` pixels.

    The result stays within a picture of `size_wh`.
    """
    x0, y0, x1, y1 = box
    margin = max(minimum, round(share * max(x1 - x0, y1 - y0)))
    width, height = size_wh
    return (
        max(x0 - margin, 0),
        max(y0 - margin, 0),
        min(x1 + margin, width),
        min(y1 + margin, height),
    )


def disc(radius: int) -> npt.NDArray[np.uint8]:
    """Return a round structuring element, uint8 (2r+1, 2r+1)."""
    return cv2.getStructuringElement(  # type: ignore[no-any-return]
        cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)
    )


def dilate(mask: Mask, radius: int) -> Mask:
    """Return the mask, bool (H, W), grown by `radius` pixels with a round element; 0 returns a copy."""
    if radius <= 0:
        return mask.copy()
    return cv2.dilate(mask.view(np.uint8), disc(radius)).astype(bool)  # type: ignore[no-any-return]


def erode(mask: Mask, radius: int) -> Mask:
    """Return the mask, bool (H, W), shrunk by `radius` pixels; the picture's border counts as inside."""
    if radius <= 0:
        return mask.copy()
    return cv2.erode(  # type: ignore[no-any-return]
        mask.view(np.uint8), disc(radius), borderType=cv2.BORDER_CONSTANT, borderValue=1
    ).astype(bool)


def components(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return labels, int32 (H, W) with 0 for background, and areas in pixels by label (index 0 too)."""
    # OpenCV's statistics take four times as long as its labels.
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    areas = np.zeros(count, dtype=np.int32)
    _count(labels, areas)
    return labels, areas


@compiled
def _count(labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]) -> None:
    """Count the pixels of each label."""
    height, width = labels.shape
    for row in range(height):
        begin = 0
        for column in range(1, width):
            if labels[row, column] != labels[row, begin]:
                areas[labels[row, begin]] += column - begin
                begin = column
        areas[labels[row, begin]] += width - begin


def component_sums(
    values: Mask | FloatMap, labels: npt.NDArray[np.int32], areas: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Return the sum of `values`, (H, W), over each part that `components` named, float64 (N + 1,)."""
    sums = np.zeros(areas.size)
    _add_up(values, labels, sums)
    return sums


@compiled
def _add_up(
    values: Mask | FloatMap, labels: npt.NDArray[np.int32], sums: npt.NDArray[np.float64]
) -> None:
    """Add each pixel of `values` (H, W) to the sum of its label: pixels in a row that have the same one at once."""
    height, width = labels.shape
    for row in range(height):
        label, total = labels[row, 0], 0.0
        for column in range(width):
            if labels[row, column] != label:
                sums[label] += total
                label, total = labels[row, column], 0.0
            total += values[row, column]
        sums[label] += total


def keep_components(mask: Mask, keep: npt.NDArray[np.bool_], labels: npt.NDArray[np.int32]) -> Mask:
    """Return the mask, bool (H, W), without the components whose entry in `keep` is false.

    Args:
        keep: bool, by label.
        labels: of `components`, int32 (H, W).
    """
    kept = np.empty(mask.shape, dtype=np.bool_)
    _fill_kept(mask, keep, labels, kept)
    return kept


@compiled
def _fill_kept(
    mask: Mask, keep: npt.NDArray[np.bool_], labels: npt.NDArray[np.int32], out: Mask
) -> None:
    """Fill `out` (H, W) with the mask where its component is to be kept."""
    height, width = labels.shape
    for row in range(height):
        for column in range(width):
            label = labels[row, column]
            out[row, column] = mask[row, column] and label > 0 and keep[label]


def drop_small(mask: Mask, minimum_area: int) -> Mask:
    """Return the mask, bool (H, W), without components and holes of fewer than `minimum_area` pixels."""
    labels, areas = components(mask)
    solid = keep_components(mask, areas >= minimum_area, labels)
    hole_labels, hole_areas = components(~solid)
    return ~keep_components(~solid, hole_areas >= minimum_area, hole_labels)


def drop_specks(mask: Mask) -> Mask:
    """Return the mask, bool (H, W), without components and holes below a hundredth of it, or below four pixels."""
    return drop_small(mask, max(4, round(0.01 * np.count_nonzero(mask))))


def inner_distance(mask: Mask) -> FloatMap:
    """Return the distance of true pixels to the nearest false one, in pixels, float32 (h, w)."""
    if mask.all():
        return np.full(mask.shape, np.float32(max(mask.shape)))
    return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3), np.float32)


def signed_distance(mask: Mask) -> FloatMap:
    """Return the distance to the contour in pixels, positive inside, float32 (H, W).

    A mask without contour gives plus or minus the picture's diagonal everywhere.
    """
    height, width = mask.shape
    if not mask.any() or mask.all():
        diagonal = float(np.hypot(height, width))
        return np.full(mask.shape, diagonal if mask.any() else -diagonal, dtype=np.float32)
    inside = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - outside), dtype=np.float32)


def intersection_over_union(first: Mask, second: Mask) -> float:
    """Return the overlap of two masks, bool (H, W), in [0, 1]; 1 when both are empty."""
    union = np.count_nonzero(first | second)
    return 1.0 if union == 0 else np.count_nonzero(first & second) / union
