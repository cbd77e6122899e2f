"""From clicks, a box or a mask on one picture to the mask of the object meant."""

from __future__ import annotations

import cv2
import numpy as np

from engines.base import Instance
from engines.builtin.arrays import resize_map
from engines.builtin.prompts import check_prompt, clip_box
from engines.builtin.working import shrink, working_size
from utils.mask_utils import check_keyframe_mask, drop_small
from utils.types import Frame, Mask, Prompt

_SELECTION_AREA = 320 * 180


class BuiltinSegmentation:
    """One picture being segmented: keeps the reduced picture and the last answer between prompts."""

    def __init__(self, image: Frame, engine: str) -> None:
        self._size_wh = (image.shape[1], image.shape[0])
        self._engine = engine
        self._small_wh = working_size(self._size_wh, _SELECTION_AREA)
        self._picture = shrink(image, self._small_wh)

    def segment(self, prompt: Prompt) -> list[Instance]:
        """See `ImageSegmentation.segment`."""
        check_prompt(prompt, self._size_wh, self._engine)
        if prompt.mask is not None and not prompt.points and prompt.box is None:
            return [Instance(check_keyframe_mask(prompt.mask, self._size_wh, 0), 1.0)]
        small = self._cut(prompt)
        if not small.any():
            return []
        full = resize_map(small.astype(np.float32), self._size_wh) > 0.5
        return [Instance(full, 0.5)]

    def _cut(self, prompt: Prompt) -> Mask:
        width, height = self._small_wh
        scale = width / self._size_wh[0]
        labels = np.full((height, width), cv2.GC_PR_BGD, dtype=np.uint8)
        if prompt.box is not None:
            labels[:] = cv2.GC_BGD
            x0, y0, x1, y1 = (round(v * scale) for v in clip_box(prompt.box, self._size_wh))
            labels[y0:y1, x0:x1] = cv2.GC_PR_FGD
        for point in prompt.points:
            centre = int(point.x * scale), int(point.y * scale)
            if prompt.box is None and point.positive:
                cv2.circle(labels, centre, height // 6, cv2.GC_PR_FGD, -1)
        for point in prompt.points:
            centre = int(point.x * scale), int(point.y * scale)
            cv2.circle(labels, centre, 3, cv2.GC_FGD if point.positive else cv2.GC_BGD, -1)
        models = np.zeros((1, 65)), np.zeros((1, 65))
        seeds = labels.copy()
        cv2.grabCut(self._picture.rgb, labels, None, *models, 4, cv2.GC_INIT_WITH_MASK)
        found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
        meant = (seeds == cv2.GC_FGD) | (seeds == cv2.GC_PR_FGD)
        if found.sum() < 0.15 * meant.sum():
            return drop_small(meant, 20)
        return drop_small((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 20)
