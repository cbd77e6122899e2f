"""The facade of this package: probe, read and render, built once from the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import ffmpeg
from pipeline.video_io.alpha_mode import AlphaMode
from pipeline.video_io.clip import ClipInfo
from pipeline.video_io.decode import ClipReader, read_alphas
from pipeline.video_io.frame_span import FrameSpan
from pipeline.video_io.outputs.registry import output_format
from pipeline.video_io.probe.check import check_file, probe
from pipeline.video_io.rendering.stream import RenderResult, RenderTask, run
from pipeline.video_io.sequence.archive import unpack
from pipeline.video_io.sequence.ingest import make_source
from pipeline.video_io.sequence.naming import PictureSequence
from pipeline.video_io.upload_options import UploadOptions
from utils.alpha_levels import AlphaBytes, AlphaLevels
from utils.errors import FfmpegFailed
from utils.types import Alpha


class VideoIO:
    """Probe, read and render; holds settings only, so any thread may use it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check_ffmpeg(self) -> str:
        """Return FFmpeg's version.

        Raises:
            FfmpegFailed: it is missing, does not run, or is too old; the text says what to do.
        """
        return ffmpeg.read_version(self._settings)

    def check_encoders(self, kinds: Iterable[str]) -> None:
        """Check that FFmpeg can write the outputs, of kinds that `outputs.registry` knows.

        Raises:
            FfmpegFailed: it can't write one of them, or does not run; the text says what to do.
        """
        for kind in self.unwritable(kinds):
            name, program = output_format(kind).names[0], str(ffmpeg.ffmpeg_path(self._settings))
            raise FfmpegFailed("video.no_encoder", file=name, kind=kind, path=program)

    def unwritable(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return those of the kinds of outputs that FFmpeg can't write.

        Raises:
            FfmpegFailed: it does not run.
        """
        wanted = [(kind, output_format(kind).encoder) for kind in kinds]
        return tuple(
            kind
            for kind, encoder in wanted
            if encoder is not None and not ffmpeg.can_encode(self._settings, *encoder)
        )

    def check_file(self, path: Path) -> None:
        """Refuse what is no regular file, is empty or is too large, before it is taken in.

        Raises:
            BadUpload: with the limit.
        """
        check_file(self._settings, path)

    def probe(self, path: Path, alpha_mode: AlphaMode = "auto") -> ClipInfo:
        """Check a file and measure the clip in it, decoding every frame once.

        Args:
            alpha_mode: what its colours are to be taken for, where it has transparency.

        Raises:
            BadUpload: it is not a clip we accept; the text says what, the limit and what to do.
        """
        return probe(self._settings, path, alpha_mode)

    def unpack_sequence(self, archive: Path, folder: Path) -> PictureSequence:
        """Unpack the one sequence of pictures in a ZIP into the folder; see `sequence.archive.unpack`."""
        return unpack(self._settings, archive, folder)

    def make_source(
        self,
        sequence: PictureSequence,
        options: UploadOptions,
        folder: Path,
        on_picture: Callable[[], None],
    ) -> ClipInfo:
        """Make one clip of a sequence's pictures; see `sequence.ingest.make_source`."""
        return make_source(self._settings, sequence, options, folder, on_picture)

    def open(
        self,
        path: Path,
        info: ClipInfo,
        cancel: threading.Event | None = None,
        *,
        shares_cores: bool = False,
    ) -> ClipReader:
        """Return the clip's frames; nothing is opened before the first read.

        Args:
            cancel: ends a read that waits for FFmpeg.
            shares_cores: an engine or encoders work at the same time.
        """
        return ClipReader(self._settings, path, info, cancel, shares_cores=shares_cores)

    def read_alpha(self, path: Path, info: ClipInfo, frame: int) -> AlphaBytes:
        """Return a frame's own transparency, uint8 (H, W), 255 = opaque.

        Raises:
            FfmpegFailed: FFmpeg ended early, hung or is missing.
        """
        (alpha,) = read_alphas(self._settings, path, info, range(frame, frame + 1))
        return alpha

    def read_alphas(
        self,
        path: Path,
        info: ClipInfo,
        frames: range,
        cancel: threading.Event | None = None,
    ) -> Iterator[AlphaBytes]:
        """Yield the own transparency of frames one after another; see `decode.read_alphas`."""
        return read_alphas(self._settings, path, info, frames, cancel)

    def render(
        self,
        source: Path,
        info: ClipInfo,
        alphas: Iterable[Alpha | AlphaBytes | AlphaLevels],
        outputs: Sequence[str],
        directory: Path,
        appearance: Appearance,
        context: RunContext,
        first: int = 0,
        last: int | None = None,
    ) -> RenderResult:
        """Write the outputs for frames first … last (inclusive; None = the last) in one streaming pass.

        Args:
            alphas: one a frame, in order, pulled as they are needed: float32 (H, W) in [0, 1], uint8
                with 255 = foreground, or levels of `utils.alpha_levels`; before the edge controls.
            outputs: kinds that `outputs.registry` knows.
            directory: where they go; made when missing. Finished files of the same name are replaced.

        Raises:
            BadRequest: an output is unknown, or the range is not one of the clip's.
            EngineError: the alphas are of another size or number than the frames.
            NotEnoughDisk: the disk filled up.
            FfmpegFailed: decoding or encoding failed.
            Cancelled: the context's event was set.
        """
        end = info.frame_count - 1 if last is None else last
        kinds = tuple(dict.fromkeys(outputs))
        span = FrameSpan(info, first, end)
        task = RenderTask(self._settings, source, span, kinds, directory, appearance, context)
        return run(task, alphas)
