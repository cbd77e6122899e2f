"""Simple trackers to compare with: flow alone, and GrabCut a frame seeded by the mask carried along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Frame = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_SIZE = 480, 270


def follow(frames: Sequence[Frame], mask: Mask, cut: bool) -> Iterator[Mask]:
    """Yield a mask of every frame from the first one's: warped by DIS flow, and cut again if `cut`."""
    yield mask
    height, width = mask.shape
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    columns, rows = np.meshgrid(
        np.arange(_SIZE[0], dtype=np.float32), np.arange(_SIZE[1], dtype=np.float32)
    )
    probability = cv2.resize(mask.astype(np.float32), _SIZE, interpolation=cv2.INTER_AREA)
    before = cv2.resize(frames[0], _SIZE, interpolation=cv2.INTER_AREA)
    for frame in frames[1:]:
        now = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA)
        flow = dis.calc(
            cv2.cvtColor(now, cv2.COLOR_RGB2GRAY), cv2.cvtColor(before, cv2.COLOR_RGB2GRAY), None
        )
        probability = cv2.remap(
            probability, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR
        )
        if cut:
            probability = _cut(now, probability)
        before = now
        yield cv2.resize(probability, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5


def _cut(frame: Frame, probability: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    mask = (probability > 0.5).astype(np.uint8)
    if not 0 < np.count_nonzero(mask) < mask.size:
        return probability
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    labels = np.where(mask > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[inside > 5] = cv2.GC_FGD
    labels[outside > 10] = cv2.GC_BGD
    if (labels == cv2.GC_PR_FGD).any() and (labels == cv2.GC_BGD).any():
        cv2.grabCut(
            frame, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_MASK
        )
    return ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
