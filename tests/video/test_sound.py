"""The source's sound in the outputs: which tracks, in which layout, from the first to the last sample."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import RenderResult, VideoIO
from tests.clips import ffmpeg, source
from tests.video.readers import heard, loud_s, read_track, tone_of

CLICKS = "if(lt(mod(t,0.4),0.02),0.8*sin(2*PI*1000*t),0)"
KINDS = ("foreground", "prores", "webm")


def rendered(video: VideoIO, path: Path, first: int = 0, *kinds: str) -> RenderResult:
    info = video.probe(path)
    alphas = [np.full(info.size_wh[::-1], 255, np.uint8)] * (info.frame_count - first)
    target = path.parent / f"out_{first}"
    return video.render(
        path, info, alphas, kinds or KINDS, target, Appearance(), RunContext(), first
    )


def codes(result: RenderResult) -> set[str]:
    return {notice.code for notice in result.notices}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.mp4"
    ffmpeg(*source(frames=50), "-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p", path)
    return path


def add_sound(picture: Path, name: str, sound: str, *codec: str) -> Path:
    path = picture.with_name(name)
    ffmpeg(
        *("-i", picture, "-f", "lavfi", "-i", sound),
        *("-map", "0", "-map", "1", "-c:v", "copy"),
        *codec,
        path,
    )
    return path


def clicks(rate: int = 48_000, layout: str = "mono", channels: int = 1) -> str:
    return f"aevalsrc='{'|'.join([CLICKS] * channels)}':s={rate}:d=2:c={layout}"


def onsets_s(path: Path, track: int = 0) -> list[float]:
    """When the sound starts again, in seconds."""
    loud = loud_s(heard(path, track), threshold=0.08)
    found = np.flatnonzero(loud)
    return [float(at) / 1000 for k, at in enumerate(found) if not k or at - found[k - 1] > 100]


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_default_track_is_taken_and_the_others_are_mentioned(
    video: VideoIO, picture: Path, suffix: str
) -> None:
    path = picture.with_name(f"clip.{suffix}")
    tones = ("-f", "lavfi", "-i", "sine=440:d=2", "-f", "lavfi", "-i", "sine=1760:d=2")
    ffmpeg(
        *("-i", picture), *tones, *("-map", "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "aac"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"), path,
    )  # fmt: skip
    result = rendered(video, path)
    for kind in KINDS:
        assert len(read_track(result.outputs[kind]).sounds) == 1
        assert tone_of(heard(result.outputs[kind])) == pytest.approx(1760, abs=5), kind
        with av.open(str(result.outputs[kind])) as made:
            assert made.streams.audio[0].metadata["language"] == "fra", kind
    assert [n.params for n in result.notices if n.code == "video.audio_left_out"] == [
        {"kept": 1, "tracks": 2, "number": 2}
    ]


def test_a_cameras_mono_tracks_stay_together(video: VideoIO, picture: Path) -> None:
    path = picture.with_name("clip.mov")
    tones = ("-f", "lavfi", "-i", "sine=440:d=2", "-f", "lavfi", "-i", "sine=1760:d=2")
    ffmpeg(
        *("-i", picture), *tones, *("-map", "0", "-map", "1", "-map", "2"),
        *("-c:v", "copy", "-c:a", "pcm_s16le"), path,
    )  # fmt: skip
    result = rendered(video, path)
    for kind in KINDS:
        assert [round(tone_of(heard(result.outputs[kind], k)), -1) for k in (0, 1)] == [440, 1760]
    assert codes(result) == {"video.audio_converted"}


def test_the_next_track_is_taken_where_the_first_can_not_be_carried(
    video: VideoIO, picture: Path
) -> None:
    path = picture.with_name("clip.mkv")
    tones = ("-f", "lavfi", "-i", "sine=440:d=2", "-f", "lavfi", "-i", "sine=1760:d=2")
    ffmpeg(
        *("-i", picture), *tones, *("-map", "0", "-map", "1", "-map", "2", "-c:v", "copy"),
        *("-c:a:0", "ra_144", "-ac:a:0", "1", "-ar:a:0", "8000", "-c:a:1", "aac"), path,
    )  # fmt: skip
    result = rendered(video, path, 0, "foreground")
    assert tone_of(heard(result.outputs["foreground"])) == pytest.approx(1760, abs=5)
    assert "video.audio_left_out" in codes(result)


ODD_SOUND = {
    "5.1(side) AC-3": ("mkv", clicks(layout="5.1(side)", channels=6), ("-c:a", "ac3", "-b:a", "448k")),
    "5.1(side) FLAC": ("mkv", clicks(layout="5.1(side)", channels=6), ("-c:a", "flac")),
    "5.1 AAC": ("mp4", clicks(layout="5.1", channels=6), ("-c:a", "aac", "-b:a", "256k")),
    "7.1 PCM": ("mov", clicks(layout="7.1", channels=8), ("-c:a", "pcm_s16le")),
    "four channels": ("mov", clicks(layout="4c", channels=4), ("-c:a", "pcm_s16le")),
    "192 kHz": ("mov", clicks(192_000, "stereo", 2), ("-c:a", "pcm_s24le")),
    "8 kHz": ("avi", clicks(8000), ("-c:a", "pcm_s16le")),
    "MP2": ("mkv", clicks(layout="stereo", channels=2), ("-c:a", "mp2", "-b:a", "192k")),
    "IMA ADPCM": ("avi", clicks(44_100), ("-c:a", "adpcm_ima_wav")),
    "MS ADPCM": ("avi", clicks(44_100), ("-c:a", "adpcm_ms")),
    "WMA": ("mkv", clicks(44_100, "stereo", 2), ("-c:a", "wmav2", "-b:a", "192k")),
    "ALAC": ("mov", clicks(44_100, "stereo", 2), ("-c:a", "alac")),
    "twelve channels": ("mov", clicks(layout="7.1.4", channels=12), ("-c:a", "pcm_s16le")),
    "DTS": ("mkv", clicks(layout="5.1(side)", channels=6), ("-c:a", "dca", "-strict", "-2", "-b:a", "768k")),
    "Opus": ("mkv", clicks(layout="stereo", channels=2), ("-c:a", "libopus")),
    "MP3": ("mp4", clicks(44_100), ("-c:a", "libmp3lame")),
    "PCM in MKV": ("mkv", clicks(), ("-c:a", "pcm_s24le")),
    "PCM of Blu-ray": ("m2ts", clicks(layout="stereo", channels=2), ("-c:a", "pcm_bluray")),
    "TTA, without a layout": ("mkv", clicks(), ("-c:a", "tta")),
    "G.722": ("mkv", clicks(16_000), ("-c:a", "g722")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_SOUND)
def test_sound_of_every_kind_is_heard_in_its_place(
    video: VideoIO, picture: Path, kind: str
) -> None:
    suffix, sound, codec = ODD_SOUND[kind]
    path = add_sound(picture, f"clip.{suffix}", sound, *codec)
    expected = onsets_s(path)
    assert expected == pytest.approx([0, 0.4, 0.8, 1.2, 1.6], abs=0.04)
    for first in (0, 10):
        result = rendered(video, path, first)
        assert not codes(result) & {"video.audio_lost", "video.audio_left_out"}
        begins = [at - first / 25 for at in expected if at >= first / 25 - 0.005]
        for name in KINDS:
            found = onsets_s(result.outputs[name])
            assert found == pytest.approx(begins, abs=0.009), (name, first)


def test_copied_sound_is_full_from_the_first_millisecond(video: VideoIO, picture: Path) -> None:
    for codec in ("aac", "libmp3lame", "ac3"):
        path = add_sound(picture, f"{codec}.mp4", "sine=440:d=2", "-c:a", codec)
        for name, output in rendered(video, path, 0, "foreground", "prores").outputs.items():
            assert loud_s(heard(output), threshold=0.02)[1:1990].all(), (codec, name)
        cut = rendered(video, path, 10, "foreground").outputs["foreground"]
        assert loud_s(heard(cut), threshold=0.02)[1:1590].all(), codec


def test_a_gap_in_the_sound_stays_a_gap(video: VideoIO, picture: Path) -> None:
    gap = f"{clicks()},asetnsamples=960,aselect='not(between(t,0.5,0.98))'"
    for codec in ("flac", "aac"):
        path = add_sound(picture, f"{codec}.mkv", gap, "-c:a", codec)
        for name, output in rendered(video, path).outputs.items():
            assert onsets_s(output) == pytest.approx([0, 0.4, 1.2, 1.6], abs=0.03), (codec, name)


def test_sound_that_starts_late_or_ends_early_keeps_its_place(
    video: VideoIO, picture: Path
) -> None:
    late = picture.with_name("late.mp4")
    ffmpeg(
        *("-i", picture, "-itsoffset", "0.4", "-f", "lavfi", "-i", "sine=440:d=0.6"),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac"), late,
    )  # fmt: skip
    for name, output in rendered(video, late).outputs.items():
        loud = np.flatnonzero(loud_s(heard(output)))
        assert (loud[0], loud[-1]) == (pytest.approx(400, abs=25), pytest.approx(1000, abs=30)), (
            name
        )


@pytest.mark.parametrize("first", [0, 15])
def test_sound_of_a_transport_stream_that_starts_late_stays_late(
    video: VideoIO, picture: Path, first: int
) -> None:
    """FFmpeg counts such a file's times from the first packet of the streams it reads alone."""
    path = picture.with_name("late.ts")
    ffmpeg(
        *("-i", picture, "-itsoffset", "0.7", "-f", "lavfi", "-i", clicks(), "-t", "2"),
        *("-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "aac", path),
    )
    result = rendered(video, path, first, "foreground", "webm")
    for kind, output in result.outputs.items():
        first_click = onsets_s(output)[0] - read_track(output).start_s
        assert first_click == pytest.approx(0.7 - first / 25, abs=0.03), kind
