"""The protocols of engines that send a clip away, and of how clips are written and read for them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from utils.options import OptionValue
from utils.types import Frame, Message


@runtime_checkable
class RemoteEngine(Protocol):
    """A matting engine that sends the clip away, to whoever the administrator has given a key for.

    It is an `Engine` as well. Whatever a run of it received is kept, so that a rerun with other marks sends
    nothing again; the pipeline has it matte the whole range each time.
    """

    def before_start(
        self,
        size_wh: tuple[int, int],
        frame_count: int,
        fps: Fraction,
        options: Mapping[str, OptionValue],
    ) -> Message:
        """Return what a user must know before the start: who gets the clip, and what that will cost.

        Raises:
            BadRequest: it is beyond what the service takes.
        """

    def spending(self) -> Message:
        """Return what was spent on the service this day and this month."""

    def examine(self) -> Message:
        """Ask the service whether it takes the key, and what credit is left; costs nothing.

        Raises:
            ServiceFailed: it does not.
        """

    def take_webhook(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Ask about the job that a webhook is about; return False where the service did not sign it.

        Nothing is sent or billed. Webhooks are taken only where the settings name an address for them.

        Args:
            headers: names in lower case.
            body: JSON, as it came.
        """


class ReturnedClip(Protocol):
    """A clip that came from elsewhere: checked against this installation's limits, not trusted otherwise."""

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""

    @property
    def fps(self) -> Fraction:
        """Frames a second."""

    @property
    def has_alpha(self) -> bool:
        """True where it has transparency."""

    def __len__(self) -> int:
        """Number of frames."""

    def colours(self) -> Iterator[Frame]:
        """Yield every frame, uint8 RGB (H, W, 3)."""

    def transparency(self) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield every frame's transparency, uint8 (H, W), 255 = opaque."""


class ClipExchange(Protocol):
    """Writes clips to send away, and reads what comes back in a child process with limits.

    The application passes it to engines that are a `ClipSender`: engines run no processes of their own.
    """

    def write_clip(
        self,
        path: Path,
        frames: Iterable[Frame],
        size_wh: tuple[int, int],
        fps: Fraction,
        *,
        lossless: bool,
    ) -> None:
        """Write frames, uint8 RGB (H, W, 3), as H.264 in MP4, or as FFV1 in Matroska where nothing may be lost.

        Args:
            size_wh: size of the frames; even sides unless lossless.
        """

    def open_clip(self, path: Path, cancel: threading.Event) -> ReturnedClip:
        """Check a clip that came from elsewhere and count its frames.

        Raises:
            BadUpload: it is no clip, or beyond the limits.
        """

    def read_picture(self, path: Path, cancel: threading.Event) -> npt.NDArray[np.uint8]:
        """Return a PNG that came from elsewhere, uint8 RGBA (H, W, 4).

        Raises:
            BadUpload: it is none, or beyond the limits.
        """


@runtime_checkable
class ClipSender(Protocol):
    """An engine that exchanges clips with somebody."""

    def use_exchange(self, exchange: ClipExchange) -> None:
        """Write and read clips with it from now on."""
