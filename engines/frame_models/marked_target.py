"""The alphas of single frames restricted to a marked target, before anything is carried from frame to frame."""

from __future__ import annotations

from collections.abc import Collection

from engines.onnx.guide import TargetGuide
from engines.onnx.target import TargetRestriction, reduced_picture
from utils.scene_cut import CutDetector
from utils.types import Alpha, Frame


class MarkedTarget:
    """Restricts the alphas of one run; call it in the run's order.

    Args:
        masks: the tracked masks; without any, alphas stay what they are.
        size_wh: size of the frames, in pixels.
        confirmed: frames whose masks the user confirmed.
    """

    def __init__(
        self, masks: TargetGuide, size_wh: tuple[int, int], confirmed: Collection[int]
    ) -> None:
        self._masks = masks
        self._confirmed = confirmed
        self._restriction = TargetRestriction(
            size_wh, fills=False, draws=False, trusts_interior=True
        )
        self._cuts = CutDetector()
        self._has_learned = False

    def __call__(self, index: int, frame: Frame, alpha: Alpha) -> Alpha:
        """Return the target's alpha, float32 (H, W), of a frame, uint8 RGB (H, W, 3), and the network's alpha."""
        if self._cuts.is_cut(frame):
            self._restriction.begin_scene()
        mask = self._masks.mask(index)
        if mask is None:
            return alpha
        if index in self._confirmed or not self._has_learned:
            self._restriction.learn(alpha, mask)
            self._has_learned = True
        return self._restriction(alpha, mask, reduced_picture(frame))
