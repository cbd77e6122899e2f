"""The one streaming pass from a clip and its alphas to finished files; memory does not grow with the clip."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.postprocess.decontaminate import checked_levels, halved, with_foreground
from pipeline.postprocess.edges import apply_edges_levels
from pipeline.postprocess.picture import Picture, Plane
from pipeline.storage import disk
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.colour import PixelLayout, bit_depth
from pipeline.video_io.decode import Reading, read_samples
from pipeline.video_io.frame_span import FrameSpan
from pipeline.video_io.outputs.output_format import OutputFormat
from pipeline.video_io.outputs.registry import check_outputs, output_format
from pipeline.video_io.outputs.sinks import Sink
from pipeline.video_io.render_target import RenderTarget
from pipeline.video_io.rendering.publish import publish
from pipeline.video_io.threads import Worker
from pipeline.video_io.writers.video_file import threads_each
from utils.alpha_levels import AlphaBytes, AlphaLevels, to_bytes
from utils.errors import BadRequest, EngineError, FfmpegFailed, NotEnoughDisk, OutOfGpuMemory
from utils.prefetch import Prefetch
from utils.types import SHRINK, Alpha, Message

QUEUE_DEPTH = 2
"""Pictures waiting at most before each writer, and frames decoded ahead."""


@dataclass(frozen=True, slots=True)
class RenderResult:
    """Finished files by kind (the first folder of a sequence), and their bytes."""

    outputs: dict[str, Path]
    frames: int
    bytes: dict[str, int]
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One render: what to read, what to write, and with which edges and backgrounds."""

    settings: Settings
    source: Path
    span: FrameSpan
    outputs: tuple[str, ...]
    directory: Path
    appearance: Appearance
    context: RunContext = field(default_factory=RunContext)

    @property
    def info(self) -> ClipInfo:
        """The clip."""
        return self.span.info


def run(task: RenderTask, alphas: Iterable[Alpha | AlphaBytes | AlphaLevels]) -> RenderResult:
    """Render; on any failure or cancel nothing unfinished is left.

    Raises:
        BadRequest: an output is unknown, or the range is not one of the clip's.
        EngineError: the alphas are of another size or number than the frames.
        NotEnoughDisk: the disk filled up.
        FfmpegFailed: decoding or encoding failed.
        OutOfGpuMemory: the machine has no memory left for the encoders.
        Cancelled: the context's event was set.
    """
    _check(task)
    task.directory.mkdir(parents=True, exist_ok=True)
    sinks: dict[str, Sink] = {}
    try:
        target = _target(task)
        for kind in task.outputs:
            sinks[kind] = output_format(kind).open(target)
        _stream(task, alphas, sinks)
        outputs, sizes, notices = publish(
            task.settings, task.source, task.span, sinks, task.context
        )
    except BaseException as error:
        for sink in sinks.values():
            sink.abort()
        problem = _translated(error, task)
        if problem is error:
            raise
        raise problem from error
    return RenderResult(outputs, task.span.frame_count, sizes, tuple(notices))


def _check(task: RenderTask) -> None:
    check_outputs(task.outputs)
    frames = task.info.frame_count
    if not 0 <= task.span.first <= task.span.last < frames:
        raise BadRequest(
            "job.range",
            first=task.span.first,
            last=task.span.last,
            frames=frames,
            end=frames - 1,
        )


def _translated(error: BaseException, task: RenderTask) -> BaseException:
    """Return what the user should hear of a full disk, short memory or a failed encoder; other errors as they are."""
    import av

    if not isinstance(error, OSError | MemoryError | av.error.FFmpegError):
        return error
    # PyAV names the library's function there where no file is to blame.
    place = Path(str(getattr(error, "filename", None) or ""))
    files = ", ".join(output_format(kind).names[0] for kind in task.outputs)
    name = place.name if place.is_absolute() else files
    if isinstance(error, MemoryError):
        return OutOfGpuMemory("video.no_memory", file=name, detail=str(error))
    if disk.is_full(error):
        free_mb = disk.free_bytes(task.directory) // disk.MEGABYTE
        return NotEnoughDisk("video.disk_full", file=name, free_mb=free_mb, detail=str(error))
    if isinstance(error, av.error.FFmpegError):
        return FfmpegFailed("video.encode_failed", file=name, detail=str(error))
    return error


def _target(task: RenderTask) -> RenderTarget:
    return RenderTarget(
        directory=task.directory,
        clip=task.info,
        frame_count=task.span.frame_count,
        time_origin=task.span.time_origin,
        first_time=task.info.times[task.span.first],
        first_index=task.span.first,
        timecode=task.span.timecode,
        files=task.appearance.files,
        threads=threads_each(len(task.outputs)),
        background=task.appearance.foreground_background,
        preview_background=task.appearance.preview_background,
    )


def _stream(
    task: RenderTask,
    alphas: Iterable[Alpha | AlphaBytes | AlphaLevels],
    sinks: dict[str, Sink],
) -> None:
    stop = threading.Event()
    with ExitStack() as stack:
        workers = []
        for kind, sink in sinks.items():
            worker: Worker[Picture] = Worker(sink.write, QUEUE_DEPTH, f"write-{kind}")
            stack.callback(worker.close)
            workers.append(worker)
        for picture in _pictures(task, alphas, stop, stack):
            task.context.check_cancelled()
            for worker in workers:
                worker.put(picture)
        for worker in workers:
            worker.finish()
    limit_mb = task.appearance.files.size_limit_mb
    limited = [kind for kind in sinks if limit_mb and output_format(kind).has_size_limit]
    for kind, sink in sinks.items():
        task.context.check_cancelled()
        sink.finish()
        if kind in limited:
            sink.fit(partial(_report_fit, task, limited.index(kind), len(limited)))


def _report_fit(task: RenderTask, before: int, files: int, done: int, total: int) -> None:
    """Report a file that is written again, in frames of the span each, after `before` of `files`."""
    frames = task.span.frame_count
    task.context.report(SHRINK, before * frames + frames * done // total, files * frames)


def _pictures(
    task: RenderTask,
    alphas: Iterable[Alpha | AlphaBytes | AlphaLevels],
    stop: threading.Event,
    stack: ExitStack,
) -> Iterator[Picture]:
    formats = [output_format(kind) for kind in task.outputs]
    layouts = _layouts(task.info, formats)
    frames = _decoded(task, layouts, stop, stack) if layouts else itertools.repeat(())
    fill_transparent = any(item.has_alpha and item.layout == "yuv420p" for item in formats)
    wants_levels = any(item.layout == "rgb48_exact" for item in formats)
    width, height = task.info.size_wh
    wanted = task.span.frame_count
    given = 0
    for given, raw in enumerate(alphas, start=1):
        if given > wanted:
            break
        index = task.span.first + given - 1
        levels = apply_edges_levels(checked_levels(raw, (height, width)), task.appearance.edges)
        alpha = to_bytes(levels)
        samples: dict[str, Plane] = dict(zip(layouts, next(frames), strict=True))
        half_alpha = halved(alpha)
        picture = Picture(
            index=index,
            pts=task.info.times[index],
            duration=task.info.end_of(index) - task.info.times[index],
            alpha=alpha,
            half_alpha=half_alpha,
            levels=levels if wants_levels else None,
        )
        yield with_foreground(picture, samples, task.appearance.edges.despill, fill_transparent)
    if given != wanted:
        raise EngineError("video.alpha_count", got=given, wanted=wanted)


def _layouts(info: ClipInfo, formats: Iterable[OutputFormat]) -> tuple[PixelLayout, ...]:
    """Return the layouts to decode to: RGB once, at 16 bits where source and output have more than 8.

    A clip's own transparency comes too: it tells where the colours are the foreground's own.
    """
    asked = {item.layout for item in formats if item.layout is not None}
    layouts: list[PixelLayout] = ["yuv420p"] if "yuv420p" in asked else []
    if asked - {"yuv420p"}:
        is_deep = "rgb48_exact" in asked and bit_depth(info.pixel_format) > 8
        layouts.append("rgb48_exact" if is_deep else "rgb24_exact")
    if layouts and info.has_soft_alpha:
        layouts.append("alpha")
    return tuple(layouts)


def _decoded(
    task: RenderTask,
    layouts: tuple[PixelLayout, ...],
    stop: threading.Event,
    stack: ExitStack,
) -> Iterator[tuple[Plane, ...]]:
    reading = Reading(task.settings, task.source, task.info, layouts, stop, shares_cores=True)
    source = read_samples(reading, task.span.first, task.span.last + 1)
    ahead: Prefetch[tuple[Plane, ...]] = Prefetch(
        lambda: source, QUEUE_DEPTH, "decode", task.context.check_cancelled
    )
    stack.callback(ahead.close)
    stack.callback(stop.set)
    return ahead
