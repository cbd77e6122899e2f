"""Measures of masks and mattes as the field reports them; each says where its formula comes from."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Alpha = npt.NDArray[np.float32]

_BOUNDARY_SHARE = 0.008
_GRADIENT_SIGMA = 1.4


def region_similarity(found: Mask, true: Mask) -> float:
    """J of DAVIS: intersection over union; 1 where both are empty."""
    union = np.count_nonzero(found | true)
    return 1.0 if union == 0 else np.count_nonzero(found & true) / union


def boundary_measure(found: Mask, true: Mask) -> float:
    """F of DAVIS (Perazzi et al., CVPR 2016): F-measure of the contours, matched within 0.8 % of the diagonal."""
    reach = int(np.ceil(_BOUNDARY_SHARE * float(np.hypot(*true.shape))))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    edge_found, edge_true = _contour(found), _contour(true)
    count_found, count_true = np.count_nonzero(edge_found), np.count_nonzero(edge_true)
    if count_found == 0 or count_true == 0:
        return 1.0 if count_found == count_true else 0.0
    near_true = cv2.dilate(edge_true.astype(np.uint8), element).astype(bool)
    near_found = cv2.dilate(edge_found.astype(np.uint8), element).astype(bool)
    precision = np.count_nonzero(edge_found & near_true) / count_found
    recall = np.count_nonzero(edge_true & near_found) / count_true
    total = precision + recall
    return 0.0 if total == 0 else 2.0 * precision * recall / total


def _contour(mask: Mask) -> Mask:
    edge = np.zeros_like(mask)
    edge[:, :-1] |= mask[:, :-1] ^ mask[:, 1:]
    edge[:-1] |= mask[:-1] ^ mask[1:]
    edge[:-1, :-1] |= mask[:-1, :-1] ^ mask[1:, 1:]
    return edge


def mean_absolute_difference(found: Alpha, true: Alpha) -> float:
    """MAD x 1e3, over the whole picture."""
    return float(np.abs(found - true).mean()) * 1e3


def mean_square_error(found: Alpha, true: Alpha) -> float:
    """MSE x 1e3, over the whole picture."""
    return float(np.square(found - true).mean()) * 1e3


def gradient_error(found: Alpha, true: Alpha) -> float:
    """Grad / 1e3: squared difference of Gaussian gradient magnitudes at sigma 1.4 (Rhemann et al., 2009)."""
    return float(np.square(_gradient(found) - _gradient(true)).sum()) / 1e3


def _gradient(alpha: Alpha) -> Alpha:
    half = int(
        np.ceil(
            _GRADIENT_SIGMA * np.sqrt(-2.0 * np.log(np.sqrt(2 * np.pi) * _GRADIENT_SIGMA * 0.01))
        )
    )
    places = np.arange(-half, half + 1, dtype=np.float64)
    bell = np.exp(-np.square(places) / (2.0 * _GRADIENT_SIGMA**2))
    slope = -places * bell
    kernel = np.outer(bell, slope)
    kernel /= np.sqrt(np.square(kernel).sum())
    across = cv2.filter2D(alpha, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)
    down = cv2.filter2D(alpha, cv2.CV_32F, kernel.T.copy(), borderType=cv2.BORDER_REPLICATE)
    return np.sqrt(np.square(across) + np.square(down))


def connectivity_error(found: Alpha, true: Alpha, step: float = 0.1) -> float:
    """Conn / 1e3: how much of each pixel's alpha hangs on the common solid part (Rhemann et al., 2009)."""
    level_of = np.full(true.shape, -1.0, dtype=np.float64)
    levels = np.arange(0.0, 1.0 + step, step)
    for number in range(1, len(levels)):
        common = ((found >= levels[number]) & (true >= levels[number])).astype(np.uint8)
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(common, connectivity=4)
        largest = np.zeros(true.shape, dtype=bool)
        if len(statistics) > 1:
            largest = labels == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
        level_of[(level_of == -1.0) & ~largest] = levels[number - 1]
    level_of[level_of == -1.0] = 1.0

    def held(alpha: Alpha) -> npt.NDArray[np.float64]:
        gap = alpha - level_of
        return 1.0 - gap * (gap >= 0.15)

    return float(np.abs(held(true) - held(found)).sum()) / 1e3


def temporal_difference(found: Alpha, before: Alpha, true: Alpha, true_before: Alpha) -> float:
    """dtSSD x 1e2: root mean square of the difference of changes (Erofeev et al., BMVC 2015)."""
    gap = (found - before) - (true - true_before)
    return float(np.sqrt(np.square(gap).mean())) * 1e2


def foreground_error(
    found: npt.NDArray[np.uint8], true: npt.NDArray[np.uint8], alpha: Alpha
) -> float:
    """Mean absolute colour difference x 1e3 where the true alpha is above 0 (as in RVM, its mean taken there)."""
    where = alpha > 0.01
    if not where.any():
        return 0.0
    gap = np.abs(found.astype(np.float32) - true.astype(np.float32))[where]
    return float(gap.mean()) / 255.0 * 1e3
