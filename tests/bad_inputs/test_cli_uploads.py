"""Bad uploads at the command line: one line that says what to do, exit code 2, nothing left.

The list of all bad inputs and faults is in docs/reliability.md.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.bad_inputs.command_runner import CommandRunner
from tests.bad_inputs.hostile_names import HOSTILE_NAMES
from tests.clips import H264, ffmpeg, make_clip, make_odd_clip, source

Make = Callable[[Path], Path]


def text_file(content: str, name: str = "x.mp4") -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_text(content.replace("{folder}", str(folder)))
        return path

    return make


def clip_of(name: str = "x.mp4", **options: object) -> Make:
    return lambda folder: make_clip(folder / name, **options)


def made_by(name: str, *arguments: str) -> Make:
    def make(folder: Path) -> Path:
        ffmpeg(*arguments, folder / name)
        return folder / name

    return make


def empty(folder: Path) -> Path:
    (folder / "x.mp4").touch()
    return folder / "x.mp4"


def random_bytes(folder: Path) -> Path:
    (folder / "x.mp4").write_bytes(os.urandom(200_000))
    return folder / "x.mp4"


def magicyuv(container: str) -> Make:
    return made_by(f"x.{container}", *source("320x180"), "-pix_fmt", "gbrp", "-c:v", "magicyuv")


def many_streams(folder: Path) -> Path:
    clip, sound = make_clip(folder / "a.mp4"), folder / "s.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", sound)
    maps = ["-map", "0:v", *["-map", "1:a"] * 300]
    ffmpeg("-i", clip, "-i", sound, *maps, "-c", "copy", folder / "x.mkv")
    return folder / "x.mkv"


def cover_art(folder: Path) -> Path:
    sound, art = folder / "s.m4a", folder / "art.png"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", sound)
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=300x300", "-frames:v", "1", art)
    inputs = ("-i", sound, "-i", art, "-map", "0", "-map", "1", "-c", "copy")
    ffmpeg(*inputs, "-disposition:v:0", "attached_pic", folder / "x.mp4")
    return folder / "x.mp4"


def cut_before_index(folder: Path) -> Path:
    whole = make_clip(folder / "whole.mp4", size="320x180", frames=60)
    (folder / "x.mp4").write_bytes(whole.read_bytes()[:20_000])
    return folder / "x.mp4"


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "x.mp4")
    return folder / "x.mp4"


def link(folder: Path) -> Path:
    (folder / "x.mp4").symlink_to("/etc/passwd")
    return folder / "x.mp4"


def socket_file(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "x.mp4"))
    return folder / "x.mp4"


def playlist(target: str) -> Make:
    return text_file(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n")


SINE = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac")

REFUSED: dict[str, tuple[Make, str, str]] = {
    "1 empty": (empty, "video.empty", "empty"),
    "2 random": (random_bytes, "video.unreadable", "not a video we can read; mp4"),
    "3 html": (text_file("<html><script>alert(1)</script></html>"), "video.text_file", ""),
    "3 svg": (text_file('<svg xmlns="http://www.w3.org/2000/svg"/>'), "video.text_file", ""),
    "5 playlist of passwd": (playlist("file:///etc/passwd"), "video.text_file", ""),
    "6 playlist of another": (playlist("file://{folder}/workspace/x.mp4"), "video.text_file", ""),
    "6 playlist by name": (playlist("clip.mp4"), "video.text_file", ""),
    "7 ffconcat": (text_file("ffconcat version 1.0\nfile clip.mp4\n"), "video.text_file", ""),
    "8 dash": (text_file('<?xml version="1.0"?><MPD><Period/></MPD>'), "video.text_file", ""),
    "8 sdp": (text_file("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\n"), "video.text_file", ""),
    "8 srt": (text_file("1\n00:00:00,000 --> 00:00:01,000\nhi\n"), "video.text_file", ""),
    "9 magicyuv avi": (magicyuv("avi"), "video.codec", "magicyuv; H.264"),
    "9 magicyuv mkv": (magicyuv("mkv"), "video.codec", "magicyuv; H.264"),
    "14 streams": (many_streams, "video.streams", "301; 32"),
    "15 endless": (
        clip_of(size="64x64", rate="1/3600", frames=200),
        "video.too_long",
        "longer than 1 min",
    ),
    "16 frames": (
        clip_of(size="32x32", rate="240", frames=7300),
        "video.too_many_frames",
        "7300 frames; more than 7200",
    ),
    "17 rate": (clip_of(rate="1000", frames=50), "video.frame_rate", "1000; not accepted; 240"),
    "18 sound only": (made_by("x.m4a", *SINE), "video.no_video", "no video in this file"),
    "18 cover art": (cover_art, "video.no_video", ""),
    "20 cut before index": (cut_before_index, "video.no_index", "cut off; moov"),
    "27 fifo": (fifo, "video.not_a_file", ""),
    "27 link to passwd": (link, "video.text_file", ""),
    "27 folder": (lambda folder: folder, "video.folder", ""),
    "27 device": (lambda folder: Path("/dev/zero"), "video.not_a_file", ""),
    "27 socket": (socket_file, "video.not_a_file", ""),
    "27 missing": (lambda folder: folder / "none.mp4", "video.missing", ""),
}


@pytest.mark.parametrize("row", REFUSED)
def test_an_upload_off_the_list_is_refused(command: CommandRunner, good: Path, row: str) -> None:
    make, code, words = REFUSED[row]
    (command.folder / "clip.mp4").write_bytes((good / "clip.mp4").read_bytes())
    clip = make(command.folder)
    # Whoever waited for a pipe or a device would never come back.
    line = command.refused(code, "matte", clip, "--mask", good / "mask.png", "--out", command.out)
    assert all(word in line for word in words.split("; ")), line
    assert str(command.folder) not in line


@pytest.mark.parametrize("name", ["huge_clip", "huge_png"])
def test_a_huge_picture_is_refused(
    command: CommandRunner, good: Path, request: pytest.FixtureRequest, name: str
) -> None:
    clip = request.getfixturevalue(name)
    command.refused("video.size", "matte", clip, "--mask", good / "mask.png", "--out", command.out)


def test_segment_refuses_the_same_at_the_same_door(command: CommandRunner) -> None:
    mask = command.folder / "mask.png"
    clip = text_file("<html>")(command.folder)
    command.refused("video.text_file", "segment", clip, "--point", "3,3", "-o", mask)
    assert not mask.exists()


def test_an_upload_over_the_limit_is_refused(make_command, good: Path) -> None:
    command = make_command(max_upload_bytes=500)
    line = command.refused(
        "video.too_big",
        "matte",
        good / "clip.mp4",
        "--mask",
        good / "mask.png",
        "--out",
        command.out,
    )
    assert "limit" in line


def test_a_playlist_makes_no_request(
    command: CommandRunner, good: Path, listener: tuple[int, list[str]]
) -> None:
    port, heard = listener
    clip = playlist(f"http://127.0.0.1:{port}/a.ts")(command.folder)
    command.refused(
        "video.text_file", "matte", clip, "--mask", good / "mask.png", "--out", command.out
    )
    assert heard == []


def matted(
    command: CommandRunner, clip: Path, size_wh: tuple[int, int], *arguments: object
) -> tuple[dict, str]:
    """Matte with a mask of the middle; return the JSON and stderr."""
    mask = Image.new("L", size_wh)
    mask.paste(255, (size_wh[0] // 4, size_wh[1] // 4, size_wh[0] * 3 // 4, size_wh[1] * 3 // 4))
    mask.save(command.folder / "middle.png")
    code, out, error = command.run(
        "matte", clip, "--mask", command.folder / "middle.png", "--engine", "builtin",
        "--out", command.out, "--json", *arguments,
    )  # fmt: skip
    assert code == 0, error
    return json.loads(out.splitlines()[-1]), error


def joined(folder: Path, *sizes: str) -> Path:
    with (folder / "all.ts").open("wb") as stream:
        for number, size in enumerate(sizes):
            offset = ["-output_ts_offset", str(number)]
            part = folder / f"{number}.ts"
            ffmpeg(*source(size, frames=8), *H264, "-bsf:v", "h264_mp4toannexb", *offset, part)
            stream.write(part.read_bytes())
    ffmpeg("-i", folder / "all.ts", "-c", "copy", folder / "x.mkv")
    return folder / "x.mkv"


def cut_after_index(folder: Path) -> Path:
    extra = (*H264, "-movflags", "+faststart")
    whole = make_clip(folder / "whole.mp4", size="320x180", frames=30, extra=extra)
    content = whole.read_bytes()
    (folder / "x.mp4").write_bytes(content[: int(len(content) * 0.6)])
    return folder / "x.mp4"


def damaged_body(folder: Path) -> Path:
    path = make_clip(folder / "x.mp4", size="320x180", frames=20)
    body = bytearray(path.read_bytes())
    begin = body.index(b"mdat") + 4
    for number in range(300):
        body[begin + 2000 + 41 * number] ^= 0xFF
    path.write_bytes(body)
    return path


def hdr(folder: Path) -> Path:
    colour = "color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
    ffmpeg(
        *source(frames=4), "-vf", f"format=yuv420p10le,setparams={colour}", "-c:v", "libx265",
        "-preset", "ultrafast", "-x265-params", "log-level=none", folder / "x.mp4",
    )  # fmt: skip
    return folder / "x.mp4"


def with_alpha(folder: Path) -> Path:
    codec = ("-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le")
    ffmpeg(*source(frames=4), *codec, folder / "x.mov")
    return folder / "x.mov"


def interlaced(folder: Path) -> Path:
    codec = ("-vf", "setfield=tff", "-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-b:v", "2M")
    ffmpeg(*source("320x240", frames=4), *codec, folder / "x.mkv")
    return folder / "x.mkv"


ACCEPTED: dict[str, tuple[Make, str, tuple[int, int, int]]] = {
    "12 jump to huge": (
        lambda f: joined(f, "320x180", "2560x2560"),
        "8 of 16 frames",
        (320, 180, 8),
    ),
    "13 size change": (lambda f: joined(f, "320x180", "640x360"), "size changes", (320, 180, 16)),
    "19 cut after index": (cut_after_index, "looks cut off", (320, 180, 0)),
    "21 damaged body": (damaged_body, "frames could be read", (320, 180, 0)),
    "22 one frame": (clip_of(frames=1), "", (160, 90, 1)),
    "23 odd size": (lambda f: make_odd_clip(f / "x.mp4", "161x91", 4), "162x92", (161, 91, 4)),
    "24 hdr": (hdr, "tone-mapped", (160, 90, 4)),
    "24 own alpha": (with_alpha, "its own transparency", (160, 90, 4)),
    "24 interlaced": (interlaced, "interlaced", (320, 240, 4)),
}


@pytest.mark.parametrize("row", ACCEPTED)
def test_an_odd_clip_that_can_be_used_is_matted_and_the_user_is_told(
    command: CommandRunner, row: str
) -> None:
    make, note, (width, height, frames) = ACCEPTED[row]
    summary, error = matted(
        command, make(command.folder), (width, height), "--outputs", "alpha,png"
    )
    assert (summary["width"], summary["height"]) == (width, height)
    assert frames in (0, summary["frames"])
    assert summary["frames"] > 0
    if note:
        assert any(note in warning for warning in summary["warnings"]), summary["warnings"]
        assert f"note: {next(w for w in summary['warnings'] if note in w)}" in error
    assert len(list((command.out / "alpha").iterdir())) == summary["frames"]
    assert not [path for path in command.folder.rglob("*") if ".partial" in path.name]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_only_text(command: CommandRunner, good: Path, name: str) -> None:
    folder = command.folder / "inbox"
    folder.mkdir()
    clip = folder / name
    clip.write_bytes((good / "clip.mp4").read_bytes())
    code, out, error = command.run(
        "matte", clip, "--mask", good / "mask.png", "--engine", "builtin", "--last", "0",
        "--outputs", "alpha", "--out", command.out, "--json",
    )  # fmt: skip
    assert code == 0, error
    session = command.store.open(json.loads(out.splitlines()[-1])["session"])
    assert session.state.source == "source.mp4"
    assert session.state.shown_name.isprintable()
    assert len(session.state.shown_name) <= 120
    code, out, _ = command.run("sessions")
    assert code == 0
    (line,) = [line for line in out.splitlines() if session.id in line]
    assert line.isprintable()
    assert not list(command.folder.rglob("pwned*"))
    assert not Path("pwned").exists()


def test_hostile_metadata_is_in_no_output_and_no_text(
    command: CommandRunner, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = "<img src=x onerror=alert(1)>\x1b[31m"
    note = command.folder / "note.txt"
    note.write_text(hostile)
    clip = command.folder / "x.mkv"
    ffmpeg(
        *source(frames=4), *H264, "-metadata", f"title={hostile}",
        "-metadata:s:v:0", f"title={hostile}", "-attach", note,
        "-metadata:s:t", "mimetype=text/plain", clip,
    )  # fmt: skip
    caplog.set_level("DEBUG")
    summary, error = matted(
        command, clip, (160, 90), "--outputs", "alpha,foreground,preview,prores,webm"
    )
    for path in summary["outputs"].values():
        assert b"onerror" not in Path(path).read_bytes()
    state = (command.store.open(summary["session"]).folder / "session.json").read_text()
    for text in (json.dumps(summary), error, state, caplog.text):
        assert "onerror" not in text
        assert "\x1b" not in text
