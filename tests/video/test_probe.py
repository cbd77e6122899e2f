from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter

from config import Settings
from pipeline.video_io import ClipInfo, VideoIO
from pipeline.video_io.probe import header
from pipeline.video_io.rendering import publish
from pipeline.video_io.runner import ChildStuckError, Limits
from tests.clips import (
    H264,
    ffmpeg,
    make_clip,
    make_odd_clip,
    make_sound_clip,
    make_vfr_clip,
    source,
    system_ffmpeg,
)
from utils.errors import BadUpload, FfmpegFailed


def codes(info: ClipInfo) -> list[str]:
    return [notice.code for notice in info.notices]


def test_ntsc_rate_is_exact(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_clip(clip_path, rate="30000/1001", frames=31))
    assert (info.fps, info.frame_count, info.is_variable_rate) == (Fraction(30000, 1001), 31, False)
    assert [time * info.time_base for time in info.times] == [
        Fraction(1001 * k, 30000) for k in range(31)
    ]
    assert info.duration_s == pytest.approx(31 * 1001 / 30000)


def test_ntsc_rate_that_matroska_rounded_to_milliseconds_is_restored(
    video: VideoIO, tmp_path: Path
) -> None:
    info = video.probe(make_clip(tmp_path / "clip.mkv", rate="30000/1001", frames=31))
    assert info.fps == Fraction(30000, 1001)
    assert [info.time_s(k) for k in range(31)] == [Fraction(1001 * k, 30000) for k in range(31)]


def test_variable_rate_keeps_each_frames_own_time(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_vfr_clip(clip_path))
    assert info.is_variable_rate
    gaps = [1, 2, 4] * 8
    expected = [sum(gaps[:k]) * Fraction(1, 50) for k in range(24)]
    assert [info.time_s(k) for k in range(24)] == expected


@pytest.mark.parametrize(
    "name", ["a.mp4", "a.mov", "a.mkv", "a.avi", "a.webm"], ids=lambda name: name[2:]
)
def test_a_sound_clip_has_nothing_to_complain_about(
    video: VideoIO, tmp_path: Path, name: str
) -> None:
    codecs = ("-c:v", "libvpx", "-c:a", "libopus") if name.endswith("webm") else H264
    path = tmp_path / name
    tone = ("-f", "lavfi", "-i", "sine=d=3")
    ffmpeg(*source(frames=50)[:4], *tone, "-frames:v", "50", *codecs, path)
    info = video.probe(path)
    assert (info.frame_count, codes(info), info.is_variable_rate) == (50, [], False)
    assert info.fps == 25


def test_rotation_gives_the_displayed_size_and_turned_pixel_aspect(
    video: VideoIO, tmp_path: Path
) -> None:
    flat = tmp_path / "flat.mp4"
    ffmpeg(*source("192x96"), "-vf", "setsar=4/3", *H264, flat)
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", turned)
    info = video.probe(turned)
    assert info.size_wh == (96, 192)
    assert info.rotation in (90, 270)
    assert info.sample_aspect == Fraction(3, 4)


@pytest.mark.parametrize(("size", "matrix"), [("1280x720", "bt709"), ("320x180", "smpte170m")])
def test_untagged_colour_goes_by_size(
    video: VideoIO, clip_path: Path, size: str, matrix: str
) -> None:
    info = video.probe(make_clip(clip_path, size=size, frames=2))
    assert (info.colour.matrix, info.colour.range) == (matrix, "tv")


def test_the_probe_names_the_sound_and_its_codec(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_sound_clip(clip_path, frames=10))
    assert (info.has_audio, info.audio_codec) == (True, "aac")


def test_json_brings_back_the_same_clip(video: VideoIO, clip_path: Path) -> None:
    info = video.probe(make_odd_clip(clip_path, "161x91"))
    assert info.notices
    stored = TypeAdapter(ClipInfo)
    assert stored.validate_json(stored.dump_json(info)) == info


def test_an_edit_list_that_trims_is_not_called_cut_off(video: VideoIO, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", frames=40, extra=(*H264, "-bf", "0", "-g", "40"))
    trimmed = tmp_path / "trimmed.mp4"
    ffmpeg("-ss", "0.5", "-i", whole, "-c", "copy", trimmed)
    info = video.probe(trimmed)
    assert info.frame_count < 40
    assert codes(info) == []


def test_an_older_ffmpeg_measures_the_same(video: VideoIO, clip_path: Path) -> None:
    other = VideoIO(Settings(_env_file=None, ffmpeg_path=Path(system_ffmpeg())))
    path = make_vfr_clip(clip_path)
    first, second = video.probe(path), other.probe(path)
    assert (first.times, first.time_base, first.checks) == (
        second.times,
        second.time_base,
        second.checks,
    )


def fake(tmp_path: Path, script: str) -> VideoIO:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return VideoIO(
        Settings(_env_file=None, ffmpeg_path=program, ffmpeg_timeout_s=1.0, probe_timeout_s=5.0)
    )


def test_the_version_of_ffmpeg_is_returned(video: VideoIO) -> None:
    assert video.check_ffmpeg()[0].isdigit()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 1", "video.ffmpeg_missing"),
        ("echo ffmpeg version 4.4.2 Copyright", "video.ffmpeg_old"),
        ("echo something else", "video.ffmpeg_missing"),
    ],
)
def test_a_useless_ffmpeg_is_named_at_the_start(tmp_path: Path, script: str, code: str) -> None:
    with pytest.raises(FfmpegFailed) as caught:
        fake(tmp_path, script).check_ffmpeg()
    assert caught.value.code == code


def test_a_missing_ffmpeg_says_what_to_do(tmp_path: Path) -> None:
    gone = VideoIO(Settings(_env_file=None, ffmpeg_path=tmp_path / "none"))
    with pytest.raises(FfmpegFailed, match="setup_env"):
        gone.check_ffmpeg()


def test_a_hanging_ffmpeg_is_killed_with_its_children(tmp_path: Path, clip_path: Path) -> None:
    make_clip(clip_path)
    pid_file = tmp_path / "pid"
    hanging = fake(tmp_path, f"sleep 60 &\necho $! > {pid_file}\nwait")
    with pytest.raises(BadUpload) as caught:
        hanging.probe(clip_path)
    assert caught.value.code == "video.probe_timeout"
    assert not Path(f"/proc/{pid_file.read_text().strip()}/cmdline").is_file() or not (
        Path(f"/proc/{pid_file.read_text().strip()}/cmdline").read_bytes()
    )


def test_a_flood_on_stderr_does_not_block(tmp_path: Path, clip_path: Path) -> None:
    make_clip(clip_path)
    flooding = fake(tmp_path, "head -c 20000000 /dev/zero | tr '\\0' x >&2\nexit 1")
    with pytest.raises(BadUpload) as caught:
        flooding.probe(clip_path)
    assert caught.value.code == "video.no_frames"
    assert len(caught.value.detail) < 100_000


def test_the_check_of_a_finished_file_waits_longer_than_a_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy machine must not cost a job's result, and the log says what took too long."""

    class Stuck:
        def __init__(self, argv: list[str], limits: Limits) -> None:
            raise ChildStuckError("")

    monkeypatch.setattr(header, "Child", Stuck)
    settings = Settings(_env_file=None, probe_timeout_s=20)
    made = SimpleNamespace(path=Path("foreground.mp4"), ready_file=Path("foreground.part.mp4"))
    with pytest.raises(BadUpload) as probed:
        header.read_header(settings, made.ready_file)
    with pytest.raises(FfmpegFailed) as checked:
        publish._check_in_child(settings, made, 1)  # type: ignore[arg-type]
    assert "nothing in 20 s" in probed.value.detail
    assert "nothing in 300 s" in checked.value.detail


@pytest.mark.parametrize(
    ("codecs", "accepted"), [(("vp9", "av1"), "VP9, AV1"), (("ffv1",), "ffv1")]
)
def test_a_refused_codec_is_answered_with_what_this_installation_takes(
    codecs: tuple[str, ...], accepted: str, tmp_path: Path
) -> None:
    """It advised H.264 where H.264 was what was refused."""
    settings = Settings(_env_file=None, workspace_dir=tmp_path, codecs=codecs)
    with pytest.raises(BadUpload) as refused:
        VideoIO(settings).probe(make_clip(tmp_path / "clip.mp4"))
    text = refused.value.text("en")
    assert text.endswith(f": {accepted}.")
    assert "H.264" not in text
