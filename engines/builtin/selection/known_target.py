"""Evidence from frames where the target is confirmed: what in another picture looks like it there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engines.builtin.descriptors import PromptDescriptors
from engines.builtin.tracking.appearance import AppearanceModel
from engines.builtin.tracking.label_propagation import LabelPropagation
from engines.builtin.tracking.shape import object_frame
from engines.builtin.vision.arrays import resize_mask
from engines.builtin.vision.processing_size import ProcessingFrame, to_processing_size
from utils.exposure import AS_IT_IS, Exposure, gain_beside, multiplied
from utils.types import Example, FloatMap, Frame, Mask

_LARGEST_LOG_ODDS = 3.0


class KnownTarget:
    """What confirmed frames say of one picture: by colours and texture, and by a network's descriptors."""

    def __init__(
        self, descriptors: PromptDescriptors, image: Frame, exposure: Exposure = AS_IT_IS
    ) -> None:
        """Prepare for `image`, uint8 RGB (H, W, 3); nothing is computed yet.

        Args:
            descriptors: whom to ask about the image and the examples as they are.
            image: the picture as it is.
            exposure: of the image: its gain is that of `picture` in `log_odds`, and examples are exposed as beside it.
        """
        self._descriptors = descriptors
        self._image = image
        self._exposure = exposure
        self._examples: tuple[tuple[int, Mask], ...] = ()
        self._log_odds: FloatMap | None = None

    def log_odds(self, picture: ProcessingFrame, examples: Sequence[Example]) -> FloatMap | None:
        """Return the log odds that a place is the target's, float32 (h, w) in [-3, 3]; None without examples.

        Both cues added, where there is a network that describes places; kept for the next call, which
        the pictures are not: they are read for new examples only.

        Args:
            picture: the image at processing size, its levels multiplied by the gain.
            examples: of the same clip.
        """
        if not _are_same(self._examples, examples):
            self._examples = tuple((one.frame, one.mask) for one in examples)
            self._log_odds = None
            usable = [one for one in examples if one.mask.any()]
            if usable:
                self._log_odds = self._computed(picture, usable)
        return self._log_odds

    def _computed(self, picture: ProcessingFrame, examples: Sequence[Example]) -> FloatMap:
        height, width = picture.luma.shape
        appearance, labels = AppearanceModel(), LabelPropagation()
        for one in examples:
            small = resize_mask(one.mask, (width, height))
            place = object_frame(small.astype(np.float32))
            if place is not None:
                known = one.read()
                seen = multiplied(known, gain_beside(known, self._exposure))
                features = to_processing_size(seen, (width, height)).features
                appearance.confirm(features, small, place)
                labels.confirm(self._descriptors.of(known), small)
        if not appearance.key_samples():
            return np.zeros((height, width), dtype=np.float32)
        log_odds = appearance.appearance_log_odds(picture.features, (0, 0, width, height))
        described = labels.overall(self._descriptors.of(self._image), (height, width))
        if described is not None:
            log_odds = log_odds + described
        return np.clip(log_odds, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)


def added(one: FloatMap | None, other: FloatMap | None) -> FloatMap | None:
    """Return the sum of log odds, float32 (h, w), of which either may be unknown; None where both are."""
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one + other)


def _are_same(before: Sequence[tuple[int, Mask]], now: Sequence[Example]) -> bool:
    return len(before) == len(now) and all(
        frame == one.frame and np.array_equal(mask, one.mask)
        for (frame, mask), one in zip(before, now, strict=True)
    )
