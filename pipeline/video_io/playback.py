"""A small H.264 clip of the source for the page to play: every frame once, at a fixed rate."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from pipeline.video_io.writers.video_file import even
from utils.errors import Cancelled
from utils.image_utils import shrink_to
from utils.partial_names import own_partial_path
from utils.types import Frame

LONG_SIDE = 1280
"""Longest side of the playback clip, in pixels."""
RATE = Fraction(25)
"""Frames a second of the playback clip: frame n is shown from n / 25 s on, whatever the source's times."""
_KEY_INTERVAL = 10
"""Frames from one key frame to the next: a seek decodes at most these."""


def write_playback_clip(frames: Iterator[Frame], path: Path, stop: threading.Event) -> None:
    """Write frames, uint8 RGB (H, W, 3), as the playback clip; it appears when it is complete.

    Raises:
        Cancelled: the event was set.
        OSError: the disk is full.
    """
    partial = own_partial_path(path)  # two pages may make it at once
    try:
        _encode(frames, partial, stop)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _encode(frames: Iterator[Frame], path: Path, stop: threading.Event) -> None:
    import av

    options = {"preset": "ultrafast", "crf": "24", "g": str(_KEY_INTERVAL), "tune": "fastdecode"}
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for index, frame in enumerate(frames):
            if stop.is_set():
                raise Cancelled
            picture = _even(shrink_to(frame, LONG_SIDE))
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
            image = av.VideoFrame.from_ndarray(picture, format="rgb24")
            image.pts = index
            image.time_base = 1 / RATE
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))


def _even(picture: Frame) -> Frame:
    height, width = picture.shape[:2]
    wide, high = even((width, height))
    if (wide, high) == (width, height):
        return np.ascontiguousarray(picture)
    return np.pad(picture, ((0, high - height), (0, wide - width), (0, 0)), mode="edge")
