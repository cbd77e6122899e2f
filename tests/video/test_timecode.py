"""Timecode of sources: kept in MP4, MOV and Matroska, the in point added, and on each OpenEXR frame."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import OpenEXR
import pytest

from pipeline.video_io import VideoIO
from pipeline.video_io.probe.timecode_track import timecode_track_rate
from pipeline.video_io.timecode import counting_rate, timecode_after
from tests.clips import H264, ffmpeg, source
from tests.video.readers import read_track
from tests.video.test_time import TONE, rendered


@pytest.mark.parametrize(
    ("rate", "start", "first", "expected"),
    [
        ("25", "10:00:00:20", 0, "10:00:00:20"),
        ("25", "10:00:00:20", 7, "10:00:01:02"),
        ("30000/1001", "00:59:59;25", 8, "01:00:00;03"),
        ("30000/1001", "00:00:59;28", 2, "00:01:00;02"),
    ],
)
def test_timecode_is_kept_with_the_in_point_added(
    video: VideoIO, tmp_path: Path, rate: str, start: str, first: int, expected: str
) -> None:
    path = tmp_path / "clip.mov"
    ffmpeg(*source(rate=rate)[:4], *TONE, "-frames:v", "12", *H264, "-timecode", start, path)
    outputs = rendered(video, path, first, "alpha", "foreground", "prores")
    for name, output in outputs.items():
        assert read_track(output).timecode == expected, name


def test_timecode_of_matroska_and_of_high_rates_is_kept(video: VideoIO, tmp_path: Path) -> None:
    """Matroska's tag is in capitals; above 100 frames a second they have three digits."""
    for name, rate, start, expected in (
        ("clip.mkv", "25", "01:02:03:04", "01:02:03:06"),
        ("clip.mov", "120", "01:00:00:118", "01:00:01:000"),
    ):
        path = tmp_path / name
        ffmpeg(*source(rate=rate, frames=6), *H264, "-timecode", start, path)
        assert read_track(rendered(video, path, 2, "alpha")["alpha"]).timecode == expected, name


def test_timecode_counts_over_minutes_hours_and_midnight() -> None:
    ntsc = Fraction(30000, 1001)
    assert timecode_after("00:09:59;29", 1, ntsc) == "00:10:00;00"
    assert timecode_after("00:00:00;00", 17982, ntsc) == "00:10:00;00"
    assert timecode_after("00:00:00;00", 107892, ntsc) == "01:00:00;00"
    assert timecode_after("00:00:59;59", 1, 2 * ntsc) == "00:01:00;04"
    assert timecode_after("23:59:59:24", 1, Fraction(25)) == "00:00:00:00"
    assert timecode_after("01:00:00:00", 24, Fraction(24000, 1001)) == "01:00:01:00"
    assert timecode_after("nonsense", 3, Fraction(25)) == ""


def exr_timecodes(folder: Path) -> list[str]:
    """Return the frames' timecodes, "" for those without one."""
    codes = []
    for path in sorted(folder.iterdir()):
        with OpenEXR.File(str(path), separate_channels=True) as file:
            code = file.header().get("timeCode")
            codes.append(f"{code.seconds}:{code.frame}" if code else "")
    return codes


def test_timecode_of_a_variable_clip_counts_by_its_own_track(
    video: VideoIO, tmp_path: Path
) -> None:
    """Three frames are missing at 30000/1001: 24 a second on average, where drop-frame counting is not defined."""
    path = tmp_path / "clip.mov"
    gap = ("-vf", "setpts='if(lt(N,6),N,N+3)'", "-fps_mode", "passthrough", "-frames:v", "12")
    ffmpeg(*(*source(rate="30000/1001")[:4], *TONE, *gap, *H264, "-timecode", "00:00:59;25"), path)
    assert video.probe(path).is_variable_rate
    kinds = ("alpha", "foreground", "prores", "ffv1", "exr")
    outputs = rendered(video, path, 5, *kinds)
    for kind in kinds[:-1]:
        assert read_track(outputs[kind]).timecode == "00:01:00;02", kind
    for kind in kinds[:-2]:
        assert timecode_track_rate(outputs[kind]) == Fraction(30000, 1001), kind
    assert exr_timecodes(tmp_path / "out" / "exr")[:3] == ["0:2", "0:6", "0:7"]


def test_frames_of_a_high_rate_have_a_timecode_where_openexr_can_hold_it(
    video: VideoIO, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mov"
    ffmpeg(*source(rate="60", frames=4), *H264, "-timecode", "00:00:01:28", path)
    rendered(video, path, 0, "exr")
    assert exr_timecodes(tmp_path / "out" / "exr") == ["1:28", "1:29", "", ""]


def test_two_frames_share_a_number_where_the_track_counts_half_as_many(
    video: VideoIO, tmp_path: Path
) -> None:
    whole, path = tmp_path / "whole.mov", tmp_path / "clip.mov"
    ffmpeg(*source(rate="50", frames=6), *H264, whole)
    ffmpeg("-i", whole, "-c", "copy", "-r", "25", "-timecode", "01:00:00:24", path)
    info = video.probe(path)
    assert (info.fps, info.timecode_rate) == (50, 25)
    output = rendered(video, path, 3, "prores")["prores"]
    assert (read_track(output).timecode, timecode_track_rate(output)) == ("01:00:01:00", 25)


def test_an_unstated_rate_of_a_variable_clip_is_one_that_timecode_is_made_for() -> None:
    average = Fraction(287, 10)
    counted = counting_rate("00:00:00;02", Fraction(0), average, is_variable=True)
    assert counted == Fraction(30000, 1001)
    assert counting_rate("00:00:00:02", Fraction(0), Fraction(25), is_variable=False) == 25
    assert counting_rate("", Fraction(100_000), average, is_variable=True) == Fraction(30000, 1001)
