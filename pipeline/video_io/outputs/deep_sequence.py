"""What the sequences of 16 bits a channel share: straight RGBA at the source's and the matte's own depth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from utils.alpha_levels import to_depth

if TYPE_CHECKING:
    from pipeline.postprocess.picture import Picture

DeepRgba = npt.NDArray[np.uint16]


def deep_rgba(picture: Picture) -> DeepRgba:
    """Return uint16 RGBA (H, W, 4), straight; RGB is 0 where alpha is 0."""
    rgba = np.empty((*picture.needed_levels.shape, 4), np.uint16)
    np.multiply(picture.rgb16, (picture.needed_levels > 0)[..., None], out=rgba[..., :3])
    rgba[..., 3] = to_depth(picture.needed_levels, 16)
    return rgba


def decodes_deep(path: Path) -> bool:
    """Return whether OpenCV reads the frame at 16 bits."""
    import cv2

    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return read is not None and read.dtype == np.uint16
