"""Everything between a file and arrays: probe, decode, encode, sound; the only package that runs FFmpeg.

The names below load on first use, so that the command line can read `outputs` without OpenCV.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.postprocess.composite import compose_still
    from pipeline.video_io.alpha_master import AlphaMasterWriter, read_master, read_master_frame
    from pipeline.video_io.clip import ClipInfo, ColourTags
    from pipeline.video_io.decode import ClipReader
    from pipeline.video_io.exchange import ClipFiles
    from pipeline.video_io.facade import VideoIO
    from pipeline.video_io.rendering.stream import RenderResult
    from pipeline.video_io.sequence.naming import PictureSequence
    from pipeline.video_io.upload_options import UploadOptions

_MODULES = {
    "AlphaMasterWriter": "pipeline.video_io.alpha_master",
    "ClipFiles": "pipeline.video_io.exchange",
    "ClipInfo": "pipeline.video_io.clip",
    "ClipReader": "pipeline.video_io.decode",
    "ColourTags": "pipeline.video_io.clip",
    "PictureSequence": "pipeline.video_io.sequence.naming",
    "RenderResult": "pipeline.video_io.rendering.stream",
    "UploadOptions": "pipeline.video_io.upload_options",
    "VideoIO": "pipeline.video_io.facade",
    "compose_still": "pipeline.postprocess.composite",
    "read_master": "pipeline.video_io.alpha_master",
    "read_master_frame": "pipeline.video_io.alpha_master",
}

__all__ = [
    "AlphaMasterWriter",
    "ClipFiles",
    "ClipInfo",
    "ClipReader",
    "ColourTags",
    "PictureSequence",
    "RenderResult",
    "UploadOptions",
    "VideoIO",
    "compose_still",
    "read_master",
    "read_master_frame",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(importlib.import_module(_MODULES[name]), name)
