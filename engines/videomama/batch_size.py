"""Batch limits of a job: frames per network call, chosen from free memory, reduced when it runs out."""

from __future__ import annotations

from dataclasses import dataclass

from engines.videomama import cost
from engines.videomama.plan import DECODE_CHUNK
from utils.types import Message

_SAFETY = 1.15
"""Fragmentation and cuDNN workspaces over the measured peaks."""


@dataclass(frozen=True, slots=True)
class DecodeSize:
    """Frames kept of one decode, and discarded context frames on each side."""

    frames: int
    context: int

    @property
    def decoded(self) -> int:
        """Frames that go through the decoder at once."""
        return self.frames + 2 * self.context


_SMALLER = (DecodeSize(4, 2), DecodeSize(4, 1), DecodeSize(2, 1), DecodeSize(1, 0))
"""Part of a chunk at a time: other frames of the chunk are its context."""


def decode_sizes(context: int) -> tuple[DecodeSize, ...]:
    """Return the sizes from a whole chunk with its context to the smallest, each smaller than the last."""
    whole = DecodeSize(DECODE_CHUNK, context)
    return (whole, *(size for size in _SMALLER if size.decoded < whole.decoded))


class BatchLimits:
    """The current limits of one job; they only ever get smaller."""

    def __init__(
        self,
        window: int,
        pixels: int,
        value_bytes: int,
        free_bytes: int | None,
        decode_context: int = 0,
    ) -> None:
        """Choose the limits.

        Args:
            window: frames of the job's windows.
            pixels: of the canvas.
            value_bytes: bytes of a number in the networks' precision.
            free_bytes: device bytes left for this job; None where that is not known.
            decode_context: frames decoded with a chunk on each side and discarded.
        """
        self.pixels = pixels
        """Of the canvas."""
        self._scale = pixels / cost.REFERENCE_PIXELS * value_bytes / 2 * _SAFETY
        self._window = window
        self._sizes = decode_sizes(decode_context)
        self._size = 0
        if free_bytes is None:
            return
        while self._window > 1 and self.window_bytes > free_bytes:
            self._window = -(-self._window // 2)
        while self._size + 1 < len(self._sizes) and self.decode_bytes > free_bytes:
            self._size += 1

    @property
    def window(self) -> int:
        """Most frames through the UNet at once."""
        return self._window

    @property
    def decode(self) -> DecodeSize:
        """Frames through the decoder at once."""
        return self._sizes[self._size]

    @property
    def window_bytes(self) -> int:
        """Bytes that the UNet needs at the current limit."""
        return int(self._window * cost.UNET_FRAME_BYTES * self._scale)

    @property
    def decode_bytes(self) -> int:
        """Bytes that the decoder needs at the current limit."""
        return int(self.decode.decoded * cost.DECODE_FRAME_BYTES * self._scale)

    @property
    def encode_bytes(self) -> int:
        """Bytes that the encoder needs."""
        return int(cost.ENCODE_BYTES * self._scale)

    @property
    def notice(self) -> Message:
        """The notice for the user that the limits are below the options of the job."""
        return Message(
            "engine.videomama.smaller", {"window": self._window, "decode": self.decode.decoded}
        )

    def is_reduced(self, window: int) -> bool:
        """Return whether a window or a chunk of frames needs more than one call."""
        return self._window < window or self._size > 0

    def shrink_window(self) -> bool:
        """Halve the frames per UNet call; return False where it is one already."""
        if self._window == 1:
            return False
        self._window = -(-self._window // 2)
        return True

    def shrink_decode(self) -> bool:
        """Take the next smaller decode size; return False where it is the smallest already."""
        if self._size + 1 == len(self._sizes):
            return False
        self._size += 1
        return True
