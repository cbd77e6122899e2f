"""Alphas of single frames smoothed along the optical flow, and carried to frames between them.

A frame network answers each frame afresh, so its alpha flickers where it is in doubt. Here the alpha of the
frame before is carried along the flow and averaged with the new one, by how well the flow explains the picture
there: H. Huang et al.'s warped temporal consistency, computed at inference. It keeps one frame's maps.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Alpha, Frame

FloatMap = npt.NDArray[np.float32]

FLOW_LONG_SIDE = 512
"""Longest side, in pixels, at which the flow is computed."""
HISTORY_WEIGHT = 0.8
"""Weight of the carried alpha where the flow is exact."""
_LEVELS = 12.0
"""Difference, in levels of 255, between the frame and the carried one at which the weight has fallen to 1/e."""


class FlowSmoother:
    """Carries one clip's alphas from frame to frame; call it in one direction, `restart` at cuts."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        scale = min(1.0, FLOW_LONG_SIDE / max(size_wh))
        self._size_wh = max(16, round(size_wh[0] * scale)), max(16, round(size_wh[1] * scale))
        self._full_wh = size_wh
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        columns, rows = np.meshgrid(np.arange(size_wh[0]), np.arange(size_wh[1]))
        self._columns, self._rows = columns.astype(np.float32), rows.astype(np.float32)
        self._before: npt.NDArray[np.uint8] | None = None
        self._alpha: Alpha | None = None

    def restart(self) -> None:
        """Forget the frames before: the next one has nothing to do with them."""
        self._before = self._alpha = None

    def next(self, frame: Frame, alpha: Alpha | None) -> Alpha:
        """Return the alpha of the next frame, float32 (H, W).

        Args:
            frame: uint8 RGB (H, W, 3).
            alpha: the network's alpha, float32 (H, W); None to carry the one before along.

        Raises:
            ValueError: there is nothing to carry.
        """
        grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        small = np.asarray(cv2.resize(grey, self._size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        carried, trust = self._carried(small)
        if alpha is None:
            if carried is None:
                raise ValueError("the first frame needs an alpha")
            result = carried
        elif carried is None:
            result = alpha
        else:
            result = alpha + trust * (carried - alpha)
        self._before, self._alpha = small, result
        return result

    def _carried(self, small: npt.NDArray[np.uint8]) -> tuple[Alpha | None, FloatMap]:
        """Return the alpha before, moved to this frame, and its weight, both float32 (H, W)."""
        if self._before is None or self._alpha is None:
            return None, np.zeros((1, 1), np.float32)
        flow = np.asarray(self._flow.calc(small, self._before, None), np.float32)
        height, width = small.shape
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        x = columns.astype(np.float32) + flow[..., 0]
        y = rows.astype(np.float32) + flow[..., 1]
        moved = cv2.remap(self._before, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        error = cv2.blur(cv2.absdiff(moved, small).astype(np.float32), (5, 5))
        trust = np.float32(HISTORY_WEIGHT) * np.exp(-error / np.float32(_LEVELS))
        trust[(x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)] = 0.0
        ratio = np.array([self._full_wh[0] / width, self._full_wh[1] / height], np.float32)
        full = cv2.resize(flow, self._full_wh, interpolation=cv2.INTER_LINEAR) * ratio
        carried = cv2.remap(
            self._alpha,
            self._columns + full[..., 0],
            self._rows + full[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        weight = cv2.resize(trust, self._full_wh, interpolation=cv2.INTER_LINEAR)
        return np.asarray(carried, np.float32), np.asarray(weight, np.float32)
