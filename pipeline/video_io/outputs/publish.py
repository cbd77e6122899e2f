"""The last steps of a render: sound, check by reading back, and the rename that makes a file appear."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import cv2

from config import Settings
from engines.base import RunContext
from pipeline.storage.files import fsync_folder, partial_path
from pipeline.video_io.outputs.mux import MuxTask, Range, mux
from pipeline.video_io.outputs.png_encode import fsync_folder_files
from pipeline.video_io.outputs.sinks import PngSink, Sink, VideoSink
from pipeline.video_io.probe.header import read_header
from utils.errors import BadUpload, FfmpegFailed
from utils.types import Message


def publish(
    settings: Settings,
    source: Path,
    span: Range,
    sinks: dict[str, Sink],
    context: RunContext,
) -> tuple[dict[str, Path], dict[str, int], list[Message]]:
    """Add sound, check every output, then give all of them their final names.

    Raises:
        FfmpegFailed: an output lacks frames or can't be read back; nothing is renamed then.
        Cancelled: the context's event was set.
    """
    notices: list[Message] = []
    ready: dict[str, Path] = {}
    wanted = span.last - span.first + 1
    for kind, sink in sinks.items():
        context.check_cancelled()
        if isinstance(sink, VideoSink):
            ready[kind] = _in_container(settings, source, span, sink, context, notices)
            _check_video(settings, sink, ready[kind], wanted)
        elif isinstance(sink, PngSink):
            _check_png(sink, wanted)
    outputs, sizes = {}, {}
    for kind, sink in sinks.items():
        if isinstance(sink, VideoSink):
            outputs[kind], sizes[kind] = _rename_video(sink, ready[kind])
        elif isinstance(sink, PngSink):
            outputs[kind], sizes[kind] = _rename_png(sink)
    if outputs:
        fsync_folder(next(iter(outputs.values())).parent)
    return outputs, sizes, notices


def _in_container(
    settings: Settings,
    source: Path,
    span: Range,
    sink: VideoSink,
    context: RunContext,
    notices: list[Message],
) -> Path:
    target = partial_path(sink.path)
    task = MuxTask(
        settings=settings,
        source=source,
        span=span,
        picture=sink.partial,
        target=target,
        shown_name=sink.name,
        wants_sound=sink.wants_sound,
        cancel=context.cancel,
    )
    if not task.is_needed:
        return sink.partial
    written, said = mux(task)
    notices.extend(said)
    return target if written else sink.partial


def _check_video(settings: Settings, sink: VideoSink, ready: Path, wanted: int) -> None:
    """Read the file back: the first frame decodes, and every frame is there.

    A file with the source's sound holds bytes of the upload, so a limited child reads that.
    """
    try:
        if ready == sink.partial:
            got = _count_own(ready)
        else:
            header = read_header(settings, ready)
            got = header.video.packets if header.video else 0
    except BadUpload as error:
        raise FfmpegFailed("video.encode_failed", file=sink.name, detail=error.detail) from error
    if got != wanted:
        raise FfmpegFailed("video.check_failed", file=sink.name, got=got, wanted=wanted)


def _count_own(path: Path) -> int:
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        next(container.decode(stream))
        container.seek(0)
        return sum(packet.size > 0 for packet in container.demux(stream))


def _check_png(sink: PngSink, wanted: int) -> None:
    for folder in sink.partials:
        names = sorted(path.name for path in folder.iterdir())
        got = len(names)
        if got and cv2.imread(str(folder / names[-1]), cv2.IMREAD_UNCHANGED) is None:
            got -= 1
        if got != wanted:
            raise FfmpegFailed("video.check_failed", file=sink.name, got=got, wanted=wanted)


def _rename_video(sink: VideoSink, ready: Path) -> tuple[Path, int]:
    descriptor = os.open(ready, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        size_bytes = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    os.replace(ready, sink.path)
    sink.partial.unlink(missing_ok=True)
    return sink.path, size_bytes


def _rename_png(sink: PngSink) -> tuple[Path, int]:
    size_bytes = sum(fsync_folder_files(partial) for partial in sink.partials)
    for partial, folder in zip(sink.partials, sink.folders, strict=True):
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(partial, folder)
    return sink.folders[0], size_bytes
