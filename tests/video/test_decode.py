from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from config import Settings
from pipeline.video_io import VideoIO
from pipeline.video_io import decode as decode_module
from pipeline.video_io import strips as strips_module
from pipeline.video_io.colour import PixelLayout
from tests.clips import (
    H264,
    decode,
    ffmpeg,
    flat_clip,
    make_clip,
    make_odd_clip,
    make_vfr_clip,
    source,
    system_ffmpeg,
)
from tests.processes import helpers
from utils.errors import FfmpegFailed

QUICK = 4
"""Levels that swscale's quick path to RGB may be off; untagged HD read as BT.601 is off by 30."""


def frames_of(video: VideoIO, path: Path, *span: int) -> np.ndarray:
    return np.stack(list(video.open(path, video.probe(path)).read(*span)))


def test_frames_are_what_ffmpeg_shows(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mkv", extra=("-c:v", "ffv1", "-pix_fmt", "bgr0"))
    assert np.array_equal(frames_of(video, path, 0, 10), decode(path, "rgb24"))


@pytest.mark.parametrize(
    "extra",
    [
        (*H264, "-g", "12", "-bf", "3"),
        (*H264, "-g", "12", "-bf", "3", "-x264-params", "open-gop=1"),
        ("-c:v", "mpeg4", "-bf", "2", "-g", "15"),
        (
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-x265-params",
            "log-level=none",
        ),
    ],
    ids=["h264", "open-gop", "mpeg4", "hevc"],
)
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_backwards_and_single_reads_give_the_very_same_frames(
    video: VideoIO,
    tmp_path: Path,
    extra: tuple[str, ...],
    container: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if container == "avi" and "libx265" in extra:
        pytest.skip("AVI does not hold HEVC")
    path = make_clip(tmp_path / f"clip.{container}", size="96x64", frames=40, extra=extra)
    info = video.probe(path)
    reader = video.open(path, info)
    forwards = list(reader.read(0, len(reader)))
    assert len(forwards) == info.frame_count == 40
    monkeypatch.setattr(decode_module, "BACKWARD_BYTES", 96 * 64 * 3 * 15)
    backwards = list(reader.read(39, -1, -1))
    assert all(map(np.array_equal, reversed(backwards), forwards))
    for index in (3, 17, 39):
        assert np.array_equal(next(iter(reader.read(index, index + 1))), forwards[index])


@pytest.mark.parametrize(("first", "layout"), [(0, "yuv420p"), (13, "rgb24"), (13, "rgb48_exact")])
def test_strips_make_the_very_same_frames(
    settings: Settings,
    clip_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    first: int,
    layout: PixelLayout,
) -> None:
    info = VideoIO(settings).probe(make_vfr_clip(clip_path))
    reading = decode_module.Reading(settings, clip_path, info, (layout,))
    whole = list(decode_module.read_samples(reading, first, 20))
    assert reading.strips == 1
    monkeypatch.setattr(strips_module, "_SMALL_BYTES", 0)
    assert reading.strips > 1
    cut = list(decode_module.read_samples(reading, first, 20))
    assert len(cut) == 20 - first
    assert np.array_equal(cut, whole)


def test_backward_reads_of_variable_rate_are_exact(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_vfr_clip(clip_path))
    reader = video.open(clip_path, info)
    forwards, backwards = list(reader.read(0, 24)), list(reader.read(23, 9, -1))
    assert len(backwards) == 14
    assert all(map(np.array_equal, backwards, reversed(forwards[10:])))


def test_a_seek_that_lands_wrong_is_noticed(
    video: VideoIO, clip_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = video.probe(make_clip(clip_path, frames=30))
    reader = video.open(clip_path, info)
    wanted = list(reader.read(0, 30))[20]
    monkeypatch.setattr(decode_module, "_seek_time_s", lambda info, start: (start + 2.5) / 25)
    assert np.array_equal(next(iter(reader.read(20, 21))), wanted)


def test_frames_outside_the_clip_are_refused(video: VideoIO, clip_path: Path) -> None:
    reader = video.open(clip_path, video.probe(make_clip(clip_path)))
    with pytest.raises(IndexError):
        list(reader.read(5, 11))
    assert list(reader.read(4, 4)) == []


def test_stopping_early_ends_the_decoder(video: VideoIO, clip_path: Path) -> None:

    info = video.probe(make_clip(clip_path, size="640x360", frames=60))
    frames = video.open(clip_path, info).read(0, 60)
    next(frames)
    assert helpers()
    frames.close()
    assert not helpers()


def test_a_file_that_changed_since_the_probe_is_an_error(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_clip(clip_path, frames=30))
    make_clip(clip_path, frames=5)
    with pytest.raises(FfmpegFailed) as caught:
        list(video.open(clip_path, info).read(0, 30))
    assert caught.value.code == "video.decode_failed"
    assert caught.value.message.params == {"frame": 5}


def test_a_rotated_phone_clip_is_read_upright(video: VideoIO, tmp_path: Path) -> None:
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    make_clip(flat, size="128x64", frames=2)
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", turned)
    upright, lying = frames_of(video, turned, 0, 2), frames_of(video, flat, 0, 2)
    assert upright.shape == (2, 128, 64, 3)
    expected = np.rot90(lying, 1, axes=(1, 2)).astype(int)
    assert np.abs(upright - expected).mean() < 4
    assert np.array_equal(upright, decode(turned, "rgb24"))


def test_an_odd_size_is_read_exactly(video: VideoIO, tmp_path: Path) -> None:
    path = make_odd_clip(tmp_path / "odd.mp4", "321x181")
    assert frames_of(video, path, 0, 10).shape == (10, 181, 321, 3)


def colour_of(video: VideoIO, path: Path) -> np.ndarray:
    return frames_of(video, path, 0, 1)[0, 20, 20].astype(int)


@pytest.mark.parametrize(
    ("size", "matrix"), [("1280x720", "bt709"), ("320x240", "smpte170m")], ids=["hd", "sd"]
)
def test_untagged_colour_comes_out_right(
    video: VideoIO, tmp_path: Path, size: str, matrix: str
) -> None:
    path = flat_clip(
        *(tmp_path / "clip.mp4", "0x1EC83C", size),
        *("-vf", f"format=gbrp,scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-bsf:v", "h264_metadata=matrix_coefficients=2"),
    )
    assert np.abs(colour_of(video, path) - (0x1E, 0xC8, 0x3C)).max() <= QUICK


def test_full_range_video_is_not_stretched(video: VideoIO, tmp_path: Path) -> None:
    path = flat_clip(
        *(tmp_path / "clip.mp4", "0x0A80F0", "1280x720"),
        *("-vf", "format=gbrp,scale=out_color_matrix=bt709:out_range=pc,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-color_range", "pc", "-colorspace", "bt709"),
    )
    info = video.probe(path)
    assert info.colour.range == "pc"
    assert np.abs(colour_of(video, path) - (0x0A, 0x80, 0xF0)).max() <= QUICK


def hdr_clip(path: Path, transfer: str) -> Path:
    ffmpeg(
        *source("320x180", frames=3),
        *("-vf", "format=yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", "log-level=none:colorprim=bt2020:colormatrix=bt2020nc:"
          f"transfer={transfer}", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"),
        *("-color_trc", transfer, path),
    )  # fmt: skip
    return path


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("old", [False, True], ids=["bundled", "system"])
def test_hdr_is_tone_mapped_and_said(tmp_path: Path, transfer: str, old: bool) -> None:
    program = Path(system_ffmpeg()) if old else None
    video = VideoIO(Settings(_env_file=None, ffmpeg_path=program))
    path = hdr_clip(tmp_path / "hdr.mp4", transfer)
    info = video.probe(path)
    assert info.is_hdr
    assert "video.hdr" in [notice.code for notice in info.notices]
    frame = next(iter(video.open(path, info).read(0, 1)))
    raw = decode(path, "rgb24")[0]
    assert frame.max() > 180
    assert np.abs(frame.astype(int) - raw).mean() > 5
