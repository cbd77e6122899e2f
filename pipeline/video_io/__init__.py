"""Everything between a file and arrays: probe, decode, encode, sound; the only room that runs FFmpeg."""

from __future__ import annotations

from pipeline.postprocess.composite import RenderLook, compose_still
from pipeline.video_io.clip import ClipInfo, ColourTags
from pipeline.video_io.decode import ClipReader
from pipeline.video_io.facade import VideoIO
from pipeline.video_io.outputs.master import AlphaMasterWriter, read_master, read_master_frame
from pipeline.video_io.outputs.render import OUTPUT_KINDS, RenderResult

__all__ = [
    "OUTPUT_KINDS",
    "AlphaMasterWriter",
    "ClipInfo",
    "ClipReader",
    "ColourTags",
    "RenderLook",
    "RenderResult",
    "VideoIO",
    "compose_still",
    "read_master",
    "read_master_frame",
]
