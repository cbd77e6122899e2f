"""The one streaming pass from a clip and its alphas to finished files; memory does not grow with the clip."""

from __future__ import annotations

import errno
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.composite import RenderLook, background_planes
from pipeline.postprocess.decontaminate import as_bytes, clean_planes, clean_rgb, halved
from pipeline.postprocess.edges import apply_edges_bytes
from pipeline.postprocess.picture import Picture, Plane, Planes
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.decode import read_samples
from pipeline.video_io.outputs.encode import threads_each
from pipeline.video_io.outputs.mux import Range
from pipeline.video_io.outputs.publish import publish
from pipeline.video_io.outputs.sinks import (
    AlphaSink,
    OverBackgroundSink,
    PngSink,
    ProresSink,
    Sink,
    WebmSink,
)
from pipeline.video_io.threads import Ahead, Worker
from utils.errors import BadRequest, EngineError, FfmpegFailed, NotEnoughDisk
from utils.types import Alpha, Message

OUTPUT_KINDS = ("alpha", "foreground", "preview", "png", "prores", "webm")
QUEUE_DEPTH = 3
"""Pictures waiting at most before each writer, and frames decoded ahead."""
MEGABYTE = 1024 * 1024
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class RenderResult:
    """Finished files by kind ("png" is the folder of RGBA frames), and their bytes."""

    outputs: dict[str, Path]
    frames: int
    bytes: dict[str, int]
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderTask:
    """One render, checked: what to read, what to write, and how it looks."""

    settings: Settings
    source: Path
    span: Range
    outputs: tuple[str, ...]
    directory: Path
    look: RenderLook
    context: RunContext = field(default_factory=RunContext)

    @property
    def info(self) -> ClipInfo:
        """The clip."""
        return self.span.info


def run(task: RenderTask, alphas: Iterable[Alpha | npt.NDArray[np.uint8]]) -> RenderResult:
    """Render; on any failure or cancel nothing unfinished is left.

    Raises:
        BadRequest: an output is unknown, or the range is not one of the clip's.
        EngineError: the alphas are of another size or number than the frames.
        NotEnoughDisk: the disk filled up.
        FfmpegFailed: decoding or encoding failed.
        Cancelled: the context's event was set.
    """
    _check(task)
    task.directory.mkdir(parents=True, exist_ok=True)
    sinks: dict[str, Sink] = {}
    try:
        for kind in task.outputs:
            sinks[kind] = _make_sink(kind, task)
        _stream(task, alphas, sinks)
        outputs, sizes, notices = publish(
            task.settings, task.source, task.span, sinks, task.context
        )
    except BaseException as error:
        for sink in sinks.values():
            sink.abort()
        problem = _translated(error, task.directory)
        if problem is error:
            raise
        raise problem from error
    return RenderResult(outputs, task.span.last - task.span.first + 1, sizes, tuple(notices))


def _check(task: RenderTask) -> None:
    for kind in task.outputs:
        if kind not in OUTPUT_KINDS:
            raise BadRequest("job.output_unknown", name=kind[:60], known=", ".join(OUTPUT_KINDS))
    frames = task.info.frame_count
    if not 0 <= task.span.first <= task.span.last < frames:
        raise BadRequest(
            "job.range",
            first=task.span.first,
            last=task.span.last,
            frames=frames,
            end=frames - 1,
        )


def _translated(error: BaseException, directory: Path) -> BaseException:
    """Return what the user should hear of a full disk or a failed encoder; other errors as they are."""
    import av

    if not isinstance(error, OSError | av.error.FFmpegError):
        return error
    name = Path(str(error.filename)).name if error.filename else directory.name
    if error.errno in _DISK_ERRORS:
        free_bytes = shutil.disk_usage(directory).free
        return NotEnoughDisk(
            "video.disk_full", file=name, free_mb=free_bytes // MEGABYTE, detail=str(error)
        )
    if isinstance(error, av.error.FFmpegError):
        return FfmpegFailed("video.encode_failed", file=name, detail=str(error))
    return error


def _make_sink(kind: str, task: RenderTask) -> Sink:
    directory, info, zero = task.directory, task.info, task.span.zero
    threads = threads_each(len(task.outputs))
    if kind == "alpha":
        return AlphaSink(directory, info, zero, threads)
    if kind == "png":
        return PngSink(directory)
    if kind == "prores":
        return ProresSink(directory, info, zero, threads)
    if kind == "webm":
        return WebmSink(directory, info, zero, threads)
    wanted = task.look.background if kind == "foreground" else task.look.preview_background
    background = background_planes(wanted, info.size_wh)
    return OverBackgroundSink(directory, f"{kind}.mp4", info, zero, threads, background)


def _stream(
    task: RenderTask,
    alphas: Iterable[Alpha | npt.NDArray[np.uint8]],
    sinks: dict[str, Sink],
) -> None:
    stop = threading.Event()
    with ExitStack() as stack:
        workers = []
        for kind, sink in sinks.items():
            worker: Worker[Picture] = Worker(sink.write, QUEUE_DEPTH, f"write-{kind}")
            stack.callback(worker.close)
            workers.append(worker)
        for picture in _pictures(task, alphas, sinks, stop, stack):
            task.context.check_cancelled()
            for worker in workers:
                worker.put(picture)
        for worker in workers:
            worker.finish()
    for sink in sinks.values():
        task.context.check_cancelled()
        sink.finish()


def _pictures(
    task: RenderTask,
    alphas: Iterable[Alpha | npt.NDArray[np.uint8]],
    sinks: dict[str, Sink],
    stop: threading.Event,
    stack: ExitStack,
) -> Iterator[Picture]:
    wants_planes = any(sink.wants_planes for sink in sinks.values())
    wants_rgb = any(sink.wants_rgb for sink in sinks.values())
    planes = _ahead(task, "yuv420p", stop, stack) if wants_planes else None
    colours = _ahead(task, "rgb24_exact", stop, stack) if wants_rgb else None
    hide = any(isinstance(sink, WebmSink) for sink in sinks.values())
    width, height = task.info.size_wh
    wanted = task.span.last - task.span.first + 1
    given = 0
    for given, raw in enumerate(alphas, start=1):
        if given > wanted:
            break
        index = task.span.first + given - 1
        alpha = apply_edges_bytes(as_bytes(raw, (height, width)), task.look.edge)
        half = halved(alpha)
        yield Picture(
            index=index,
            pts=task.info.times[index],
            duration=task.info.end_of(index) - task.info.times[index],
            alpha=alpha,
            half_alpha=half,
            planes=None
            if planes is None
            else clean_planes(
                Planes.of_samples(next(planes), task.info.size_wh),
                alpha,
                half,
                hide=hide,
                strength=task.look.edge.despill,
            ),
            rgb=None
            if colours is None
            else clean_rgb(next(colours).reshape(height, width, 3), alpha, task.look.edge.despill),
        )
    if given != wanted:
        raise EngineError("video.alpha_count", got=given, wanted=wanted)


def _ahead(
    task: RenderTask, layout: str, stop: threading.Event, stack: ExitStack
) -> Iterator[Plane]:
    source = read_samples(
        task.settings,
        task.source,
        task.info,
        "yuv420p" if layout == "yuv420p" else "rgb24_exact",
        task.span.first,
        task.span.last + 1,
        stop,
    )
    ahead: Ahead[Plane] = Ahead(
        source, QUEUE_DEPTH, f"decode-{layout}", task.context.check_cancelled
    )
    stack.callback(ahead.close)
    stack.callback(stop.set)
    return ahead
