"""Protocols between the engine and the network, in numpy; importing this loads no model library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from utils.types import Alpha, Frame, OnNotice

Generation: TypeAlias = Literal["1", "2"]
"""MatAnyone or MatAnyone 2."""

SeedMask: TypeAlias = npt.NDArray[np.float32]
"""First mask as the network takes it: float32 (H, W), each pixel 0 or 255."""


class StreamCore(Protocol):
    """The recurrent state of one target in one direction; takes frames, returns alphas."""

    def begin(self, frame: Frame, mask: SeedMask) -> None:
        """Memorise the first frame, uint8 RGB (H, W, 3), with its mask. Called once, first."""

    def settle(self) -> None:
        """Predict the first frame again from the memory of itself; called at least once."""

    def first_alpha(self) -> Alpha:
        """Return the first frame's alpha, float32 (H, W), after the last `settle`."""

    def advance(self, frame: Frame) -> Alpha:
        """Return the alpha, float32 (H, W), of the next frame, uint8 RGB (H, W, 3)."""


class Network(Protocol):
    """Loaded weights; holds nothing of a job."""

    def open_cores(
        self, size_wh: tuple[int, int], short_side: int, amp: bool, on_notice: OnNotice
    ) -> Callable[[], StreamCore]:
        """Return what opens fresh cores for frames of `size_wh` pixels, computed at `short_side` pixels.

        Its cores encode a frame once where they take it one after the other. `amp` runs the network under
        autocast at half precision. `on_notice` is told what the job has to do without.
        """


class Backend(Protocol):
    """Where networks come from."""

    def missing_packages(self) -> tuple[str, ...]:
        """Return the names of Python packages that are not installed; imports none of them."""

    def load(self, generation: Generation, weights: Path, device: str) -> Network:
        """Load a weight file onto "cpu" or "cuda".

        Raises:
            ModelFilesError: the file is damaged or of another model.
        """
