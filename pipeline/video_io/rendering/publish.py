"""The last steps of a render: sound, check by reading back, and the rename that makes a file appear."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from config import Settings
from engines.base import RunContext
from pipeline.storage.files import fsync_folder
from pipeline.video_io import ffmpeg
from pipeline.video_io.frame_span import FrameSpan
from pipeline.video_io.outputs.registry import output_format
from pipeline.video_io.outputs.sinks import Sink, VideoFileSink, require_frames
from pipeline.video_io.probe.header import read_header
from pipeline.video_io.rendering.mux import MuxTask, mux
from utils.errors import BadUpload, FfmpegFailed
from utils.types import FINISH, Message


def publish(
    settings: Settings,
    source: Path,
    span: FrameSpan,
    sinks: Mapping[str, Sink],
    context: RunContext,
) -> tuple[dict[str, Path], dict[str, int], list[Message]]:
    """Add sound, check every output, then give all of them their final names.

    What is encoded on the way into its container takes as long as a pass over the clip; it is reported as the
    stage `FINISH`.

    Raises:
        FfmpegFailed: an output lacks frames or can't be read back; nothing is renamed then.
        Cancelled: the context's event was set.
    """
    notices: list[Message] = []
    encoded = [kind for kind in sinks if output_format(kind).is_encoded_last]
    for kind, sink in sinks.items():
        context.check_cancelled()
        if isinstance(sink, VideoFileSink):
            before = encoded.index(kind) * span.frame_count if kind in encoded else 0
            report = partial(_report, context, before, len(encoded) * span.frame_count)
            told = _add_sound(settings, source, span, sink, context.cancel, report)
            notices += [notice for notice in told if notice not in notices]
        if isinstance(sink, VideoFileSink) and sink.holds_upload_bytes:
            _check_in_child(settings, sink, span.frame_count)
        else:
            sink.check(span.frame_count)
    outputs, sizes = {}, {}
    for kind, sink in sinks.items():
        notices += sink.notices
        outputs[kind], sizes[kind] = sink.publish()
    if outputs:
        fsync_folder(next(iter(outputs.values())).parent)
    return outputs, sizes, notices


def _report(context: RunContext, before: int, total: int, done: int) -> None:
    context.report(FINISH, min(before + done, total), total)


def _add_sound(
    settings: Settings,
    source: Path,
    span: FrameSpan,
    sink: VideoFileSink,
    cancel: threading.Event,
    on_encoded: Callable[[int], None],
) -> list[Message]:
    task = MuxTask(
        settings=settings,
        source=source,
        span=span,
        picture=sink.picture_file,
        target=sink.muxed_file,
        container=sink.container,
        encoding=sink.encoding,
        shown_name=sink.path.name,
        wants_sound=sink.carries_sound,
        cancel=cancel,
        on_encoded=on_encoded,
    )
    if not task.is_needed:
        return []
    written, notices = mux(task)
    if written:
        sink.use_muxed_file()
    elif task.encodes:
        raise FfmpegFailed("video.encode_failed", file=sink.path.name)
    return notices


CHECK_PATIENCE = 15.0
"""Times a probe's time limit that the check of a finished file may take: a busy machine must not cost a job's result."""


def _check_in_child(settings: Settings, sink: VideoFileSink, frame_count: int) -> None:
    """Check a file that holds bytes of the upload: the first frame decodes, and every frame is there."""
    try:
        every_kind = ffmpeg.with_every_kind(settings)
        header = read_header(every_kind, sink.ready_file, CHECK_PATIENCE)
    except BadUpload as error:
        name = sink.path.name
        raise FfmpegFailed("video.encode_failed", file=name, detail=error.detail) from error
    require_frames(sink.path.name, header.video.packets if header.video else 0, frame_count)
