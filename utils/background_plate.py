"""A clean plate: the background behind the target as earlier frames of the pass showed it; pure array work."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from utils.types import Frame, IntBox, Mask

KNOWN = 250
"""Level of a plate's fourth channel from which a pixel counts as known after interpolation."""
_OTHER_SCENE = 32.0
"""Mean difference to a frame's background, in levels, from which the frame is of another scene."""
_EVERY = 4
"""Step of the pixels that this is measured on."""

Plate = npt.NDArray[np.uint8]
"""RGB and 255 where it is known, uint8 (H, W, 4)."""


class BackgroundPlate:
    """What the frames of one pass have shown of the background, moved along with the camera."""

    def __init__(self, size_wh: tuple[int, int], kept_wh: tuple[int, int]) -> None:
        """Keep a plate of pictures of `size_wh` pixels, at the size `kept_wh`."""
        self._full_wh = size_wh
        self._size_wh = kept_wh
        self._plate: Plate | None = None
        self._moved: tuple[slice, slice] | None = None

    def move(
        self, camera: npt.NDArray[np.float64], small_wh: tuple[int, int], window: IntBox
    ) -> Plate | None:
        """Move the plate to the next frame and return it, of the whole picture; None before the first frame.

        Args:
            camera: homography from the next frame to the last one, at the size `small_wh`.
            small_wh: that size.
            window: x0, y0, x1, y1 of the full picture; outside it the next frame itself shows the background.
        """
        if self._plate is None:
            return None
        width, height = self._size_wh
        across, down = width / small_wh[0], height / small_wh[1]
        enlarge = np.array(
            [[across, 0, 0.5 * (across - 1)], [0, down, 0.5 * (down - 1)], [0, 0, 1]]
        )
        shares = width / self._full_wh[0], height / self._full_wh[1]
        x0, y0 = int(window[0] * shares[0]), int(window[1] * shares[1])
        x1, y1 = int(np.ceil(window[2] * shares[0])), int(np.ceil(window[3] * shares[1]))
        shift = np.array([[1, 0, x0], [0, 1, y0], [0, 0, 1]])
        there = enlarge @ camera @ np.linalg.inv(enlarge) @ shift
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpPerspective(self._plate, there, (x1 - x0, y1 - y0), flags=flags)
        self._moved = slice(y0, y1), slice(x0, x1)
        self._plate[self._moved] = moved
        return self._plate

    def remember(self, frame: Frame, visible: Mask) -> None:
        """Take what is visible of the background in a frame, uint8 RGB and bool (H, W), into the plate."""
        area = cv2.INTER_AREA
        small = frame
        if frame.shape[1::-1] != self._size_wh:
            small = cv2.resize(frame, self._size_wh, interpolation=area)
            levels = visible.view(np.uint8) * np.uint8(255)
            visible = cv2.resize(levels, self._size_wh, interpolation=area) == 255
        fresh = cv2.cvtColor(small, cv2.COLOR_RGB2RGBA)
        if self._plate is None or self._is_other_scene(fresh, visible):
            self._plate = np.zeros_like(fresh)
        cv2.copyTo(fresh, visible.view(np.uint8), self._plate)

    def _is_other_scene(self, fresh: Plate, visible: Mask) -> bool:
        """Return whether the moved plate shows something else than the frame: what it hides is gone then."""
        if self._plate is None or self._moved is None:
            return False
        plate, there = self._plate[self._moved], fresh[self._moved]
        plate, there = plate[::_EVERY, ::_EVERY], there[::_EVERY, ::_EVERY]
        known = (plate[..., 3] >= KNOWN) & visible[self._moved][::_EVERY, ::_EVERY]
        gaps = cv2.absdiff(plate, there)[known, :3]
        return gaps.size > 0 and float(gaps.mean()) > _OTHER_SCENE

    def forget(self) -> None:
        """Drop the plate where no frame follows the last one."""
        self._plate = self._moved = None
