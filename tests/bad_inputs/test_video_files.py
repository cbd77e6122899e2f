"""Bad clips whose figures matter: what is measured, decoded, said, and at what cost.

What is refused, and in which words, is tested at the command line, which every bad input goes through.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import Settings
from pipeline.video_io import ClipInfo, VideoIO
from tests.bad_inputs.hostile_names import HOSTILE_NAMES
from tests.clips import H264, binary, ffmpeg, make_clip, make_odd_clip, source, system_ffmpeg
from tests.processes import helpers
from utils.errors import BadUpload
from utils.messages import render


@pytest.fixture
def video() -> VideoIO:
    return VideoIO(Settings(_env_file=None))


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """No process of ours survives a refusal, and nothing half-written stays."""
    yield
    assert helpers() == []
    assert not list(tmp_path.rglob("*partial*"))
    assert not Path("pwned").exists()


def refused(video: VideoIO, path: Path, code: str, *words: str) -> BadUpload:
    with pytest.raises(BadUpload) as caught:
        video.probe(path)
    assert caught.value.code == code, caught.value.detail
    for word in words:
        assert word in caught.value.user_message
    chinese = caught.value.text("zh")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert str(path.parent) not in caught.value.user_message + chinese
    return caught.value


def notices(info: ClipInfo) -> dict[str, str]:
    return {notice.code: render(notice) for notice in info.notices}


def test_a_format_off_the_list_is_refused_whatever_its_name(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    ffmpeg(*source(), *H264, "-f", "nut", path)
    refused(video, path, "video.other_kind", "NUT")


def test_a_format_that_the_admin_took_off_is_refused(tmp_path: Path) -> None:
    strict = VideoIO(Settings(_env_file=None, formats=("mp4",)))
    refused(strict, make_clip(tmp_path / "x.mkv"), "video.unreadable")


def cost(path: Path, code: str, *words: str) -> tuple[float, int]:
    """CPU seconds and peak megabytes of a refusal, in a process of its own."""
    script = (
        "import resource, sys; from pathlib import Path; from config import Settings\n"
        "from pipeline.video_io import VideoIO; from utils.errors import BadUpload\n"
        "try: VideoIO(Settings(_env_file=None)).probe(Path(sys.argv[1]))\n"
        "except BadUpload as error: print(error.code); print(error)\n"
        "usage = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)\n"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    got, text, numbers = done.stdout.splitlines()
    assert got == code
    assert all(word in text for word in words), text
    seconds, megabytes = numbers.split()
    return float(seconds), int(megabytes)


def test_a_huge_frame_in_a_tiny_file_is_refused_from_its_header(huge_clip: Path) -> None:
    seconds, megabytes = cost(huge_clip, "video.size", "8192x8192", "1920x1080")
    assert seconds < 2
    assert megabytes < 400


def test_huge_png_frames_are_refused_from_their_header(huge_png: Path) -> None:
    seconds, megabytes = cost(huge_png, "video.size", "9000x9000")
    assert seconds < 2
    assert megabytes < 400


def joined(folder: Path, *sizes: str) -> Path:
    """Parts of different sizes as one stream."""
    together = folder / "all.ts"
    with together.open("wb") as stream:
        for number, size in enumerate(sizes):
            part = folder / f"{number}.ts"
            offset = ["-output_ts_offset", str(number)]
            ffmpeg(*source(size, frames=15), *H264, "-bsf:v", "h264_mp4toannexb", *offset, part)
            stream.write(part.read_bytes())
    path = folder / "x.mkv"
    ffmpeg("-i", together, "-c", "copy", path)
    return path


def test_a_jump_to_a_huge_size_decodes_what_fits(video: VideoIO, tmp_path: Path) -> None:
    path = joined(tmp_path, "320x180", "2560x2560")
    info = video.probe(path)
    assert info.size_wh == (320, 180)
    assert info.frame_count == 15
    assert "15 of 30 frames" in notices(info)["video.damaged_from"]
    assert len(list(video.open(path, info).read(0, 15))) == 15


def test_a_legal_size_change_is_scaled_and_said(video: VideoIO, tmp_path: Path) -> None:
    path = joined(tmp_path, "320x180", "640x360")
    info = video.probe(path)
    assert (info.size_wh, info.frame_count) == ((320, 180), 30)
    assert "320x180" in notices(info)["video.size_changes"]
    frames = list(video.open(path, info).read(0, 30))
    assert {frame.shape for frame in frames} == {(180, 320, 3)}
    assert (frames[20] == next(iter(video.open(path, info).read(20, 21)))).all()


def test_of_a_file_cut_off_after_its_index_the_whole_frames_are_read(
    video: VideoIO, tmp_path: Path
) -> None:
    whole = make_clip(
        tmp_path / "whole.mp4", size="320x180", frames=30, extra=(*H264, "-movflags", "+faststart")
    )
    path = tmp_path / "x.mp4"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    info = video.probe(path)
    assert 0 < info.frame_count < 30
    assert f"{info.frame_count} of 30 frames" in notices(info)["video.cut_off"]
    assert "looks cut off" in notices(info)["video.cut_off"]
    assert len(list(video.open(path, info).read(0, info.frame_count))) == info.frame_count


def test_in_matroska_the_missing_seconds_are_said(video: VideoIO, tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mkv", size="320x180", frames=75)
    path = tmp_path / "x.mkv"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    info = video.probe(path)
    assert info.frame_count < 75
    assert "of 3.0 s could be read" in notices(info)["video.cut_off_seconds"]


def test_a_damaged_body_is_said_and_every_counted_frame_is_read(
    video: VideoIO, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "x.mp4", size="320x180", frames=60)
    body = bytearray(clip.read_bytes())
    start = body.index(b"mdat") + 4
    for k in range(600):
        body[start + 2000 + 61 * k] ^= 0xFF
    clip.write_bytes(body)
    info = video.probe(clip)
    told = notices(info)
    assert str(info.frame_count) in (told.get("video.damaged_at") or told["video.damaged_from"])
    assert len(list(video.open(clip, info).read(0, info.frame_count))) == info.frame_count


def test_a_clip_of_one_frame_is_accepted(video: VideoIO, tmp_path: Path) -> None:
    info = video.probe(make_clip(tmp_path / "x.mp4", frames=1))
    assert (info.frame_count, info.notices) == (1, ())


def test_an_odd_size_states_its_rule(video: VideoIO, tmp_path: Path) -> None:
    info = video.probe(make_odd_clip(tmp_path / "x.mp4", "321x181"))
    assert info.size_wh == (321, 181)
    said = notices(info)["video.odd_size"]
    assert "322x182" in said
    assert "exact" in said


def test_interlaced_material_is_said(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    ffmpeg(
        *source("320x240"),
        *("-vf", "setfield=tff", "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-b:v", "2M", path),
    )
    info = video.probe(path)
    assert info.is_interlaced
    assert "interlaced" in notices(info)["video.interlaced"]
    assert info.frame_count == 10


def test_a_clip_with_its_own_alpha_is_told_of_the_option_for_it(
    video: VideoIO, tmp_path: Path
) -> None:
    path = tmp_path / "x.mov"
    ffmpeg(
        *source(frames=3),
        "-c:v",
        "prores_ks",
        "-profile:v",
        "4444",
        "-pix_fmt",
        "yuva444p10le",
        path,
    )
    info = video.probe(path)
    assert "--source-alpha" in notices(info)["video.has_alpha"]
    assert next(iter(video.open(path, info).read(0, 1))).shape == (90, 160, 3)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_only_names(
    video: VideoIO, tmp_path: Path, good: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes((good / "clip.mp4").read_bytes())
    info = video.probe(path)
    assert info.frame_count == 6
    assert len(list(video.open(path, info).read(4, 6))) == 2


def test_hostile_metadata_reaches_no_text(video: VideoIO, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>\x1b[31m"
    note = tmp_path / "note.txt"
    note.write_text(hostile)
    path = tmp_path / "x.mkv"
    ffmpeg(
        *source(), *H264, "-metadata", f"title={hostile}", "-metadata:s:v:0", f"title={hostile}",
        "-attach", note, "-metadata:s:t", "mimetype=text/plain", path,
    )  # fmt: skip
    info = video.probe(path)
    assert "onerror" not in repr(info)


def test_a_log_kept_for_the_admin_has_no_control_characters(tmp_path: Path) -> None:
    from pipeline.video_io.runner import Child, Limits

    argv = ["/bin/sh", "-c", "printf 'a\\033[31mred\\007\\n' >&2"]
    with Child(argv, Limits(cpu_s=5)) as child:
        child.wait(5)
        assert child.log == "a[31mred"


def test_a_file_over_the_upload_limit_is_refused(tmp_path: Path) -> None:
    strict = VideoIO(Settings(_env_file=None, max_upload_bytes=1000))
    refused(strict, make_clip(tmp_path / "x.mp4"), "video.too_big", "MB")


def test_a_picture_too_small_to_matte_is_refused(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "x.mkv", size="160x8", extra=("-c:v", "ffv1"))
    refused(video, path, "video.too_small", "160x8")


def test_portrait_of_the_largest_size_is_accepted(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "x.mp4", size="1080x1920", frames=2)
    assert video.probe(path).size_wh == (1080, 1920)


def test_a_picture_padded_to_whole_blocks_is_accepted(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "x.mp4", size="1920x1088", frames=2)
    assert video.probe(path).size_wh == (1920, 1088)
    refused(video, make_clip(tmp_path / "y.mp4", size="1920x1090", frames=2), "video.size")


def test_children_run_under_limits(video: VideoIO, tmp_path: Path) -> None:
    import resource

    info = video.probe(make_clip(tmp_path / "x.mp4", size="640x360", frames=60))
    frames = video.open(tmp_path / "x.mp4", info).read(0, 60)
    next(frames)
    (child,) = helpers()
    assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_NOFILE):
        assert resource.prlimit(child.pid, kind)[1] != resource.RLIM_INFINITY
    assert os.getpgid(child.pid) == child.pid
    environment = set(child.environ())
    assert environment == {"PATH", "LC_ALL", "MALLOC_ARENA_MAX"}
    arguments = child.cmdline()
    for flag in ("-protocol_whitelist", "-format_whitelist", "-codec_whitelist", "-max_pixels"):
        assert arguments.index(flag) < arguments.index("-i")
    frames.close()


def test_an_older_ffmpeg_refuses_the_same(tmp_path: Path) -> None:
    old = VideoIO(Settings(_env_file=None, ffmpeg_path=Path(system_ffmpeg())))
    assert Path(binary()) != Path(system_ffmpeg())
    path = joined(tmp_path, "320x180", "640x360")
    info = old.probe(path)
    assert (info.size_wh, info.frame_count) == ((320, 180), 30)
    assert "video.size_changes" in notices(info)
