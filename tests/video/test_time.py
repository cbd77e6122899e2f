"""When pictures are shown: outputs start, run and end when the source does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import VideoIO
from tests.clips import H264, ffmpeg, source
from tests.video.readers import heard, loud_s, read_track
from utils.errors import BadUpload

KINDS = ("alpha", "foreground", "prores", "webm")
TONE = ("-f", "lavfi", "-i", "sine=440:d=1.2")


def rendered(video: VideoIO, path: Path, first: int = 0, *kinds: str) -> dict[str, Path]:
    info = video.probe(path)
    alphas = [np.full(info.size_wh[::-1], 255, np.uint8)] * (info.frame_count - first)
    return video.render(
        path, info, alphas, kinds or KINDS, path.parent / "out", Appearance(), RunContext(), first
    ).outputs


def codes(video: VideoIO, path: Path) -> list[str]:
    return [notice.code for notice in video.probe(path).notices]


LATE = {
    "edit list": ("mp4", ("-itsoffset", "0.4"), ()),
    "timecode track from 0": ("mov", ("-itsoffset", "0.4"), ("-timecode", "01:00:00:00")),
    "plain times": ("mkv", ("-itsoffset", "0.4"), ()),
    "picture alone": ("mkv", ("-itsoffset", "0.4"), ("-an",)),
    "no edit list": ("mp4", (), ("-movflags", "frag_keyframe+empty_moov+default_base_moof")),
}


@pytest.mark.parametrize("kind", LATE)
def test_outputs_start_when_the_sources_picture_does(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    suffix, offset, muxing = LATE[kind]
    plain = tmp_path / "plain.mp4"
    ffmpeg(*source(frames=20), "-c:v", "libx264", "-pix_fmt", "yuv420p", plain)
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(
        *TONE,
        *offset,
        "-i",
        plain,
        *("-map", "1:v", "-map", "0:a"),
        *("-c:v", "copy"),
        *muxing,
        path,
    )
    expected = read_track(path)
    assert expected.start_s == pytest.approx(0.08 if kind == "no edit list" else 0.4)
    for name, output in rendered(video, path).items():
        track = read_track(output)
        assert track.start_s == pytest.approx(expected.start_s, abs=0.0011), name
        assert track.times == pytest.approx(expected.times, abs=0.0011), name
    cut = rendered(video, path, 5)
    assert read_track(cut["alpha"]).start_s == read_track(cut["foreground"]).start_s == 0


@pytest.mark.parametrize(("rate", "missing"), [(30, {5}), (25, {5}), (30, {8, 17}), (25, {1, 30})])
def test_a_missing_picture_on_a_coarse_clock_leaves_a_gap(
    video: VideoIO, tmp_path: Path, rate: int, missing: set[int]
) -> None:
    path = tmp_path / "clip.mp4"
    drop = "+".join(f"eq(n,{number})" for number in missing)
    ffmpeg(
        *source(rate=str(rate), frames=40 - len(missing)), "-vf", f"select='not({drop})'",
        *("-fps_mode", "passthrough", "-enc_time_base", f"1/{rate}", "-bf", "0"), *H264,
        *("-video_track_timescale", str(rate)), path,
    )  # fmt: skip
    times = [number / rate for number in range(40) if number not in missing]
    for name, output in rendered(video, path).items():
        assert read_track(output).times == pytest.approx(times, abs=0.0006), name


@pytest.mark.parametrize("rate", ["60000/1001", "24000/1001", "60", "120000/1001"])
def test_a_rate_that_matroska_rounds_comes_out_exact(
    video: VideoIO, tmp_path: Path, rate: str
) -> None:
    path = tmp_path / "clip.mkv"
    ffmpeg(*source(rate=rate, frames=30), *H264, path)
    assert video.probe(path).fps == Fraction(rate)
    track = read_track(rendered(video, path, 0, "alpha")["alpha"])
    assert track.rate == Fraction(rate)
    assert track.times == pytest.approx([float(k / Fraction(rate)) for k in range(30)], abs=1e-9)


def hold_last(path: Path, target: Path, seconds: float) -> Path:
    """Copy a clip with its last picture staying longer."""
    with av.open(str(path)) as made, av.open(str(target), "w") as container:
        stream = made.streams.video[0]
        copied = container.add_stream_from_template(stream)
        packets = [packet for packet in made.demux(stream) if packet.size]
        packets[-1].duration = int(seconds / stream.time_base)
        for packet in packets:
            packet.stream = copied
            container.mux(packet)
    return target


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("gaps", ["40*N+mod(N,3)*7", "40*N"], ids=["uneven", "even"])
def test_the_last_picture_stays_as_long_as_in_the_source(
    video: VideoIO, tmp_path: Path, suffix: str, gaps: str
) -> None:
    plain = tmp_path / ("plain.webm" if suffix == "webm" else "plain.mp4")
    codec = ("-c:v", "libvpx", "-b:v", "200k") if suffix == "webm" else ("-bf", "0", *H264)
    ffmpeg(
        *source(frames=12), "-vf", f"settb=1/1000,setpts='if(lt(N,11),{gaps},440)'",
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000"), *codec, plain,
    )  # fmt: skip
    path = hold_last(plain, tmp_path / f"clip.{suffix}", 2.0)
    info = video.probe(path)
    assert (info.frame_count, info.duration_s) == (12, pytest.approx(2.44, abs=0.002))
    assert [notice.code for notice in info.notices] == []
    outputs = rendered(video, path)
    if suffix == "mp4":
        outputs |= rendered(video, path, 0, "hevc", "ffv1")
    for name, output in outputs.items():
        assert read_track(output).end_s == pytest.approx(2.44, abs=0.002), name
        assert len(read_track(output).times) == 12


def test_a_long_gap_near_the_end_makes_no_file_shorter(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    tone = ("-f", "lavfi", "-i", "sine=d=3")
    ffmpeg(
        *source(frames=12)[:-2], *tone, "-frames:v", "12", "-vf", "settb=1/1000,setpts='40*N+1000*gte(N,6)'",
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000"), "-bf", "0", *H264, "-c:a", "aac", path,
    )  # fmt: skip
    info = video.probe(path)
    alphas = [np.full((90, 160), 0.5, np.float32)] * 6
    kinds = ("alpha", "foreground", "hevc")
    made = video.render(
        path, info, alphas, kinds, tmp_path / "out", Appearance(), RunContext(), first=2, last=7
    )
    for name, output in made.outputs.items():
        with av.open(str(output)) as container:
            assert container.duration == pytest.approx(1_240_000, abs=25_000), name
        assert read_track(output).times[-2:] == pytest.approx([1.16, 1.2], abs=1e-3), name


def test_the_measured_rate_decides_not_the_headers(video: VideoIO, tmp_path: Path) -> None:
    """A browser's recording: its header says a picture lasts a millisecond."""
    path = tmp_path / "clip.webm"
    ffmpeg(
        *source(rate="30", frames=40), "-vf", "settb=1/1000,setpts='floor(N*33.3667)+mod(N*7,3)'",
        *("-fps_mode", "passthrough", "-enc_time_base", "1/1000", "-c:v", "libvpx"), path,
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    at = content.find(b"\x23\xe3\x83")
    length = content[at + 3] & 15
    content[at + 4 : at + 4 + length] = (1_000_000).to_bytes(length, "big")
    path.write_bytes(content)
    assert read_track(path).rate == 1000
    info = video.probe(path)
    assert float(info.fps) == pytest.approx(29.97, rel=0.01)
    assert info.frame_count == 40


@pytest.mark.parametrize(("rate", "is_accepted"), [("24079/100", True), ("243", False)])
def test_a_rate_just_over_the_limit_is_a_rounded_clock(
    video: VideoIO, tmp_path: Path, rate: str, is_accepted: bool
) -> None:
    path = tmp_path / "clip.mp4"
    ffmpeg(*source(rate=rate, frames=50), *H264, path)
    if is_accepted:
        assert float(video.probe(path).fps) == pytest.approx(240.79, abs=0.01)
    else:
        with pytest.raises(BadUpload, match="243"):
            video.probe(path)


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_a_matroska_picture_from_before_zero_keeps_its_place(
    video: VideoIO, tmp_path: Path, codec: str
) -> None:
    """FFmpeg drops the times of H.264 pictures before 0 and those of some after."""
    plain, path = tmp_path / "plain.mkv", tmp_path / "clip.mkv"
    ffmpeg(*source(frames=30), "-c:v", codec, plain)
    ffmpeg(
        *("-itsoffset", "-0.5", "-i", plain, "-f", "lavfi", "-i", "sine=440:d=0.7"),
        *("-c:v", "copy", "-c:a", "pcm_s16le", "-avoid_negative_ts", "disabled", path),
    )
    info = video.probe(path)
    assert (info.frame_count, info.fps, info.is_variable_rate) == (30, 25, False)
    output = rendered(video, path, 0, "foreground")["foreground"]
    assert read_track(output).times == pytest.approx([k / 25 for k in range(30)])
    assert np.argmax(loud_s(heard(output), threshold=0.02)) == pytest.approx(500, abs=3)


def test_the_track_says_when_a_last_picture_ends_that_is_not_stored_last(
    video: VideoIO, tmp_path: Path
) -> None:
    """B-frames: three slides of 2 s, 2 s and 40 ms; FFmpeg's decoder says 2 s of the last one too."""
    path = tmp_path / "clip.mp4"
    ffmpeg(
        *source(frames=3), "-vf", "settb=1/1000,setpts=2000*N", *("-fps_mode", "passthrough"),
        *("-enc_time_base", "1/1000", "-c:v", "libx264", "-pix_fmt", "yuv420p"), path,
    )  # fmt: skip
    with av.open(str(path)) as container:
        stated_s = container.duration / 1e6
    assert stated_s < 5
    for name, output in rendered(video, path).items():
        assert read_track(output).end_s == pytest.approx(stated_s, abs=0.002), name


def test_a_late_picture_that_is_trimmed_too_ends_where_its_edit_does(
    video: VideoIO, tmp_path: Path
) -> None:
    plain, path = tmp_path / "plain.mp4", tmp_path / "clip.mp4"
    ffmpeg(*source(frames=25), *H264, "-bf", "0", plain)
    ffmpeg("-itsoffset", "0.6", "-i", plain, "-c", "copy", path)
    content = path.read_bytes()
    at = content.index(b"elst") + 24  # the edit after the empty one: its length, where it begins
    frame = int.from_bytes(content[at : at + 4], "big") // 25
    assert content[at + 4 : at + 8] == bytes(4) and frame == 512  # both clocks have that many ticks
    edit = (10 * frame).to_bytes(4, "big") + (5 * frame).to_bytes(4, "big")
    path.write_bytes(content[:at] + edit + content[at + 8 :])
    info = video.probe(path)
    assert info.frame_count == 10
    assert info.time_s(0) == Fraction(3, 5)
    assert info.end_time * info.time_base == 1


@pytest.mark.parametrize("offset_s", [30, 3600, 90_000])
@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
def test_a_piece_of_a_stream_counts_from_its_own_start(
    video: VideoIO, tmp_path: Path, offset_s: int, suffix: str
) -> None:
    plain, path = tmp_path / "plain.mp4", tmp_path / f"clip.{suffix}"
    ffmpeg(
        *source()[:4], *TONE[:3], "sine=440:d=0.8", *H264, "-frames:v", "20", "-c:a", "aac", plain
    )
    fragments = ("-movflags", "frag_keyframe+empty_moov+default_base_moof")
    ffmpeg(
        *("-i", plain, "-c", "copy", "-output_ts_offset", str(offset_s)),
        *(fragments if suffix == "mp4" else ()), path,
    )  # fmt: skip
    info = video.probe(path)
    # FFmpeg's fragments hold the first picture until the sound's priming is over.
    assert (info.frame_count, info.duration_s) == (20, pytest.approx(0.8, abs=0.024))
    assert codes(video, path) == []
    outputs = rendered(video, path)
    assert read_track(outputs["alpha"]).start_s < 0.05
    assert loud_s(heard(outputs["foreground"]))[60:780].all()
    frames = list(video.open(path, info).read(0, 20))
    assert np.array_equal(next(iter(video.open(path, info).read(15, 16))), frames[15])


def test_a_file_that_is_cut_off_still_says_so(video: VideoIO, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mkv"
    ffmpeg(*source(frames=100), *H264, whole)
    for suffix, share in (("mkv", 0.5), ("mkv", 0.97), ("webm", 0.7)):
        path = tmp_path / f"cut_{share}.{suffix}"
        content = whole.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])
        assert codes(video, path) == ["video.cut_off_seconds"], share
    fast = tmp_path / "fast.mp4"
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", fast)
    path = tmp_path / "cut.mp4"
    path.write_bytes(fast.read_bytes()[: fast.stat().st_size * 2 // 3])
    assert codes(video, path) == ["video.cut_off"]


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_hidden_reference_frames_are_no_missing_frames(
    video: VideoIO, tmp_path: Path, codec: str
) -> None:
    path, passes = tmp_path / "clip.webm", ("-passlogfile", tmp_path / "pass")
    common = (*source("320x180", frames=60), "-pix_fmt", "yuv420p", "-c:v", codec, "-b:v", "300k")
    hidden = ("-auto-alt-ref", "1", "-lag-in-frames", "20", "-cpu-used", "8", "-deadline", "good")
    ffmpeg(*common, *hidden, "-pass", "1", *passes, "-f", "null", "-")
    ffmpeg(*common, *hidden, "-pass", "2", *passes, path)
    packets = len(read_track(path).times)
    assert packets > 60 if codec == "libvpx" else packets == 60
    info = video.probe(path)
    assert (info.frame_count, info.notices) == (60, ())
