"""Sources that editors and phones bring: further codecs and containers, own alpha, damage, several pictures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import VideoIO
from pipeline.video_io.decode import Reading, read_samples
from pipeline.video_io.probe.count import Count, note_line
from tests.clips import H264, binary, decode, ffmpeg, make_clip, make_sound_clip, source
from tests.video.readers import read_track
from utils.errors import BadUpload, UnusablePrompt

SOURCES = {
    "apv": ("mp4", "-pix_fmt yuv422p10le -c:v liboapv", ()),
    "vvc": ("mp4", "-pix_fmt yuv420p10le -c:v libvvenc", ()),
    "cineform": ("mov", "-pix_fmt yuv422p10le -c:v cfhd", ()),
    "hap": ("mov", "-c:v hap", ()),
    "ut video": ("avi", "-pix_fmt yuv422p -c:v utvideo", ()),
    "mpeg-ts": ("ts", "-pix_fmt yuv420p -c:v libx264 -f mpegts", ()),
    "avchd": ("mts", "-pix_fmt yuv420p -c:v libx264 -f mpegts", ()),
    "gif": ("gif", "-c:v gif", ()),
    "webp": ("webp", "-c:v libwebp_anim -q:v 90", ()),
    "lossless webp": ("webp", "-c:v libwebp_anim -lossless 1", ()),
}


def has_encoder(name: str) -> bool:
    argv = [binary(), "-hide_banner", "-h", f"encoder={name}"]
    said = subprocess.run(argv, capture_output=True, text=True, check=False)
    return "is not recognized" not in said.stdout + said.stderr


def codes(video: VideoIO, path: Path) -> list[str]:
    return [notice.code for notice in video.probe(path).notices]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_source_of_every_kind_is_read_as_ffmpeg_reads_it(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    suffix, encoder, _ = SOURCES[kind]
    name = encoder.split("-c:v ")[1].split()[0]
    if not has_encoder(name):
        pytest.skip(f"this FFmpeg has no encoder {name} to make the source with")
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(*source("320x160", frames=10), *encoder.split(), path)
    info = video.probe(path)
    assert (info.frame_count, info.size_wh) == (10, (320, 160))
    assert info.duration_s == pytest.approx(0.4, abs=0.011)
    expected = decode(path, "rgb24")
    frames = np.stack(list(video.open(path, info).read(0, 10)))
    assert np.abs(frames.astype(int) - expected).mean() < 6
    assert np.array_equal(next(iter(video.open(path, info).read(9, 10))), frames[9])
    alphas = [np.full((160, 320), 255, np.uint8)] * 10
    output = video.render(
        path, info, alphas, ["foreground"], tmp_path / "out", Appearance(), RunContext()
    ).outputs["foreground"]
    assert len(read_track(output).times) == 10
    assert np.abs(decode(output, "rgb24")[4].astype(int) - frames[4]).mean() < 9


def test_a_container_that_is_switched_off_is_refused(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    ffmpeg(*source(), *H264, "-f", "mpegts", path)
    assert video.probe(path).frame_count == 10
    strict = VideoIO(Settings(_env_file=None, formats=("mp4", "mov")))
    with pytest.raises(BadUpload, match="mp4, mov"):
        strict.probe(path)


def test_a_codec_that_is_switched_off_is_refused_and_can_still_be_written(
    video: VideoIO, tmp_path: Path
) -> None:
    """An output with the source's sound is read back: what is refused as a source must not stop that."""
    path = tmp_path / "clip.webm"
    ffmpeg(*source(frames=3), "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", path)
    assert video.probe(path).codec in ("vp9", "libvpx-vp9")
    strict = VideoIO(Settings(_env_file=None, formats=("mp4",), codecs=("h264",)))
    plain = VideoIO(Settings(_env_file=None, codecs=("h264",)))
    with pytest.raises(BadUpload, match=r"codec (lib)?vp"):
        plain.probe(path)
    good = make_sound_clip(tmp_path / "good.mp4", frames=3)
    info = strict.probe(good)
    alphas = [np.full((90, 160), 255, np.uint8)] * 3
    result = strict.render(
        good, info, alphas, ["webm", "ffv1"], tmp_path / "out", Appearance(), RunContext()
    )
    assert len(read_track(result.outputs["webm"]).sounds) == 1


@pytest.mark.parametrize("kind", ["vp9", "hevc", "prores", "qtrle"])
def test_a_sources_own_transparency_is_noticed(video: VideoIO, tmp_path: Path, kind: str) -> None:
    encoders = {
        "vp9": ("webm", "-pix_fmt yuva420p -c:v libvpx-vp9 -auto-alt-ref 0"),
        "hevc": ("mov", "-pix_fmt yuva420p -c:v libx265 -x265-params log-level=none -tag:v hvc1"),
        "prores": ("mov", "-pix_fmt yuva444p10le -c:v prores_ks -profile:v 4444"),
        "qtrle": ("mov", "-pix_fmt argb -c:v qtrle"),
    }
    suffix, encoder = encoders[kind]
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(
        *source("160x96", frames=4),
        "-vf",
        "format=rgba,colorchannelmixer=aa=0.5",
        *encoder.split(),
        path,
    )
    info = video.probe(path)
    said = ["video.has_alpha", "video.alpha_straight"]
    assert (info.has_alpha, [notice.code for notice in info.notices]) == (True, said)
    alpha = video.read_alpha(path, info, 3)
    assert alpha.shape == (96, 160)
    assert np.abs(alpha.astype(int) - 128).max() <= 3
    opaque = tmp_path / f"opaque.{suffix}"
    plain = "-pix_fmt yuv420p -c:v libvpx-vp9" if kind == "vp9" else "-pix_fmt yuv420p -c:v libx264"
    ffmpeg(*source("160x96", frames=4), *plain.split(), opaque)
    assert codes(video, opaque) == []


def test_the_transparency_of_a_grey_clip_is_where_its_picture_is(
    video: VideoIO, tmp_path: Path
) -> None:
    """FFmpeg's alphaextract moves that of grey pictures by a pixel (findings/ffmpeg_moves_the_alpha_of_grey_pictures.sh)."""
    path = tmp_path / "grey.mov"
    ramp = "format=rgba,geq=r=120:g=120:b=120:a=X"
    ffmpeg(*source("160x96", frames=2), "-vf", ramp, "-pix_fmt", "ya8", "-c:v", "png", path)
    info = video.probe(path)
    assert info.has_alpha
    alpha = video.read_alpha(path, info, 1).astype(int)
    assert np.abs(alpha - np.arange(160)).max() <= 1
    assert np.abs(alpha - np.arange(160)).mean() < 0.5


@pytest.mark.parametrize(
    "encoder",
    [
        "prores_ks -pix_fmt yuva444p10le",
        "qtrle -pix_fmt argb",
        "ffv1 -pix_fmt gbrap12le",
        "ffv1 -pix_fmt gbrap16le",
    ],
)
def test_colour_under_transparency_stays_straight(
    video: VideoIO, settings: Settings, tmp_path: Path, encoder: str
) -> None:
    """Read with 16 bits too, where `zscale` would darken it (findings/ffmpeg_zscale_darkens_soft_edges.sh)."""
    path = tmp_path / ("clip.mkv" if "ffv1" in encoder else "clip.mov")
    ramp = "format=gbrap16le,geq=r=200*257:g=100*257:b=50*257:a=X*257"
    ffmpeg(*source("256x96", frames=1), "-vf", ramp, "-c:v", *encoder.split(), path)
    info = video.probe(path)
    reading = Reading(settings, path, info, ("rgb24_exact", "rgb48_exact"))
    ((shown, deep),) = read_samples(reading, 0, 1)
    green, blue, red = deep.view("<u2").reshape(3, 96, 256)
    for frame in (shown.reshape(96, 256, 3), np.stack([red, green, blue], -1) / 257):
        assert np.abs(frame - np.array([200, 100, 50])).max() <= 4


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_the_default_one_of_two_picture_tracks_is_taken(
    video: VideoIO, tmp_path: Path, suffix: str
) -> None:
    first, second = make_clip(tmp_path / "a.mp4"), make_clip(tmp_path / "b.mp4", size="320x180")
    tracks = ("-i", first, "-i", second, "-map", "0:v", "-map", "1:v", "-c", "copy")
    for flagged, size_wh in ((0, (160, 90)), (1, (320, 180))):
        path = tmp_path / f"{flagged}.{suffix}"
        flags = (f"-disposition:v:{flagged}", "default", f"-disposition:v:{1 - flagged}", "0")
        ffmpeg(*tracks, *flags, path)
        info = video.probe(path)
        assert (info.picture, info.size_wh) == (flagged, size_wh)
        assert [notice.params for notice in info.notices] == [{"tracks": 2, "number": flagged + 1}]
        alone = (first, second)[flagged]
        (frame,) = video.open(path, info).read(9, 10)
        (same,) = video.open(alone, video.probe(alone)).read(9, 10)
        assert np.array_equal(frame, same)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_still_picture_track_before_the_clip_is_not_taken_for_it(
    video: VideoIO, tmp_path: Path, suffix: str
) -> None:
    still, clip = tmp_path / "still.mkv", make_clip(tmp_path / "clip.mp4")
    ffmpeg(*source("64x64", frames=1), "-c:v", "mjpeg", still)
    path = tmp_path / f"both.{suffix}"
    flags = ("-disposition:v:0", "default", "-disposition:v:1", "0")
    ffmpeg("-i", still, "-i", clip, "-map", "0", "-map", "1", "-c", "copy", *flags, path)
    info = video.probe(path)
    assert (info.picture, info.frame_count, info.size_wh) == (1, 10, (160, 90))
    assert [notice.params for notice in info.notices] == [{"tracks": 2, "number": 2}]


def test_a_coding_that_nothing_reads_is_called_by_its_name(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "raw.mov"
    ffmpeg(*source(frames=2), "-c:v", "prores_ks", path)
    path.write_bytes(path.read_bytes().replace(b"apch", b"brxq").replace(b"apcn", b"brxq"))
    with pytest.raises(BadUpload, match="codec brxq is not accepted"):
        video.probe(path)


def test_encrypted_pictures_are_refused_for_that(video: VideoIO, tmp_path: Path) -> None:
    path, key = tmp_path / "clip.mp4", "00112233445566778899aabbccddeeff"
    scheme = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", key)
    make_clip(path, extra=(*H264, *scheme, "-encryption_kid", key))
    with pytest.raises(BadUpload, match="encrypted"):
        video.probe(path)


def test_an_edit_at_another_speed_or_a_gap_is_mentioned_and_a_late_start_is_not(
    video: VideoIO, tmp_path: Path
) -> None:
    late, half = tmp_path / "late.mp4", tmp_path / "half.mp4"
    ffmpeg("-itsoffset", "0.5", "-i", make_clip(tmp_path / "plain.mp4"), "-c", "copy", late)
    assert codes(video, late) == []
    content = late.read_bytes()
    at = content.index(b"elst") + 12
    assert content[at + 4 : at + 8] == b"\xff" * 4  # an empty edit, then the picture
    half.write_bytes(content[: at + 20] + b"\0\0\x80\0" + content[at + 24 :])
    assert codes(video, half) == ["video.speed_ignored"]
    gap = tmp_path / "gap.mp4"
    empty, shown = content[at : at + 12], content[at + 12 : at + 24]
    gap.write_bytes(content[:at] + shown + empty + content[at + 24 :])
    assert "video.gap_ignored" in codes(video, gap)
    assert video.probe(half).frame_count == video.probe(late).frame_count


def test_subtitles_are_not_dropped_in_silence(video: VideoIO, tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:00,300\nWords\n")
    plain, path = make_clip(tmp_path / "plain.mp4"), tmp_path / "clip.mkv"
    ffmpeg("-i", plain, "-i", words, "-c:v", "copy", "-c:s", "srt", path)
    assert codes(video, path) == ["video.subtitles_left_out"]


def test_an_avi_whose_clock_is_finer_than_its_pictures_is_whole(
    video: VideoIO, tmp_path: Path
) -> None:
    """Its header counts the ticks, of which most are empty chunks."""
    plain, path = make_clip(tmp_path / "plain.mp4", frames=50), tmp_path / "clip.avi"
    ffmpeg("-itsoffset", "0.4", "-i", plain, "-c", "copy", "-bsf:v", "setts=time_base=1/600", path)
    assert codes(video, path) == []
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert codes(video, path)[0].startswith("video.cut_off")


@pytest.mark.parametrize(
    ("suffix", "encoder"),
    [
        ("mp4", "libx264 -pix_fmt yuv420p -g 8"),
        ("mkv", "libx264 -pix_fmt yuv420p -g 8"),
        ("mov", "mjpeg"),
        ("avi", "mjpeg"),
    ],
)
def test_damage_in_the_middle_is_no_missing_end(
    video: VideoIO, tmp_path: Path, suffix: str, encoder: str
) -> None:
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(*source("320x180", frames=60), "-c:v", *encoder.split(), path)
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        where = [(packet.pos, packet.size) for packet in packets if packet.pos is not None]
    content = bytearray(path.read_bytes())
    for at, size in where[24:28]:
        middle = at + size // 2
        content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    (notice,) = video.probe(path).notices
    assert notice.code == "video.damaged_at"
    assert notice.params["at_s"] == pytest.approx(24 / 25, abs=0.5)


def test_pictures_that_a_damaged_file_hides_are_not_lost_in_silence(
    video: VideoIO, tmp_path: Path
) -> None:
    """Where the container itself is damaged, pictures are missing and no decoder complains."""
    path = tmp_path / "clip.mkv"
    ffmpeg(*source(frames=60), *H264, "-g", "8", path)
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    for filling in (b"\x82", b"\xff"):
        middle = slice(places[30] - 30, places[30] + 30)
        path.write_bytes(content[: middle.start] + filling * 60 + content[middle.stop :])
        info = video.probe(path)
        assert info.frame_count < 60
        (notice,) = info.notices
        assert notice.code == "video.damaged_at"
        assert notice.params["at_s"] == pytest.approx(30 / 25, abs=0.3)


@pytest.mark.parametrize("suffix", ["mp4", "gif", "ts", "mkv"])
def test_an_end_that_is_missing_is_no_damage(video: VideoIO, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    fragmented = ("-movflags", "frag_keyframe+empty_moov", "-g", "5")
    encoder = {"mp4": (*H264, *fragmented), "mkv": (*H264, "-live", "1"), "gif": ()}.get(
        suffix, H264
    )
    ffmpeg(*source(frames=20), *encoder, path)
    assert not [code for code in codes(video, path) if "gif" not in code]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3 // 188 * 188 + 100])
    assert codes(video, path)[0].startswith("video.cut_off")


@pytest.mark.parametrize(
    "told",
    [
        "type:P Unknown-sized element at 0xcb35 inside parent with finite size",
        "color_range:tv color_space:unk0x82 at pos 52021 (0xcb35) invalid as first byte of an EBML number",
        "type:P [matroska,webm @ 0x2] [error] Element at 0xcb35 exceeds containing master element",
    ],
)
def test_damage_is_noticed_where_a_frame_and_the_reader_share_a_line_of_the_log(told: str) -> None:
    count = Count()
    prefix = "[Parsed_showinfo_0 @ 0x1] [info] "
    for shown in (
        "n:  17 pts: 680 fmt:yuv420p s:64x48 i:P iskey:0 type:P ",
        "color_range:tv color_space:unknown color_primaries:unknown color_trc:unknown",
        "  side data - User Data Unregistered SEI message: (invalid data)",
    ):
        note_line(count, prefix + shown)
    assert (count.shown, count.damage_lines) == (1, 0)
    note_line(count, prefix + told)
    assert count.damage_lines == 1


def test_an_end_is_noticed_where_a_frame_and_the_reader_share_a_line_of_the_log() -> None:
    count = Count()
    note_line(
        count,
        "[Parsed_showinfo_0 @ 0x1] [info] n:   3 pts: 120 fmt:yuv420p sar:1/1 s:64x48 i:P iskey:0 "
        "[matroska,webm @ 0x2] [error] File ended prematurely at pos. 19932",
    )
    assert count.ends_early and not count.damage_lines
    assert (count.shown, count.first_size) == (1, (64, 48))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "type PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(25) + b"\0\0\0\x08acTL" + bytes(64), "type APNG"),
        (b"\xff\xd8\xff\xe0" + bytes(64), "type JPEG"),
        (b"BM\x36\x02" + bytes(64), "type BMP"),
        (b"II*\0" + bytes(64), "type TIFF"),
        (b"\0\0\x01\xba" + bytes(64), "type MPEG-PS"),
        (b"\0\0\0\x01\x67" + bytes(64), "type H.264 / HEVC"),
        (b"\xff\xf1\x50\x80" + bytes(64), "type AAC"),
        (bytes(64), "nothing but zeros"),
        ("<p>登录已过期</p>".encode(), "text file"),
        (b"\0\0\0\x10ftypisom" + bytes(4) + b"\0\0\x10\0mdat" + bytes(64), "index .* missing"),
        (b"%PDF-1.7\n" + bytes(64), "type PDF"),
        (b"PK\x03\x04" + bytes(64), "type ZIP"),
        (b"OggS" + bytes(64), "type Ogg"),
        (b"FLV\x01" + bytes(64), "type FLV"),
    ],
)
def test_what_is_refused_is_named_as_what_it_is(
    video: VideoIO, tmp_path: Path, content: bytes, name: str
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(BadUpload, match=name):
        video.probe(path)


def test_a_still_avif_is_no_clip_and_an_avif_sequence_is_without_its_alpha(
    video: VideoIO, tmp_path: Path
) -> None:
    pictures = [Image.new("RGB", (96, 64), (40 * number, 60, 90)) for number in range(4)]
    still, moving = tmp_path / "still.avif", tmp_path / "moving.avif"
    pictures[0].save(still)
    pictures[0].save(moving, save_all=True, append_images=pictures[1:], duration=[40, 80, 40, 40])
    with pytest.raises(BadUpload, match="type AVIF"):
        video.probe(still)
    info = video.probe(moving)
    shown = [float(info.time_s(index)) for index in range(info.frame_count)]
    assert shown == pytest.approx([0, 0.04, 0.12, 0.16])
    assert codes(video, moving) == []
    soft = [picture.convert("RGBA") for picture in pictures]
    for picture in soft:
        picture.putalpha(90)
    soft[0].save(moving, save_all=True, append_images=soft[1:], duration=40)
    assert codes(video, moving) == ["video.alpha_track"]


def test_a_still_webp_and_a_folder_of_pictures_that_are_not_read_are_named(
    video: VideoIO, tmp_path: Path
) -> None:
    Image.new("RGB", (96, 64)).save(tmp_path / "a.0001.webp")
    with pytest.raises(BadUpload, match="WebP of one picture"):
        video.probe(tmp_path / "a.0001.webp")
    with pytest.raises(BadUpload, match=r"kind that is read \(png, jpg, .*exr, dpx\)"):
        video.probe(tmp_path)


def test_a_gif_is_shown_as_long_as_in_browsers(video: VideoIO, tmp_path: Path) -> None:
    pictures = [Image.new("RGB", (96, 64), (40 * number, 60, 90)) for number in range(5)]
    path = tmp_path / "clip.gif"
    delays_ms = [0, 10, 20, 500, 10]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=delays_ms)
    info = video.probe(path)
    shown = [float(info.time_s(index)) for index in range(info.frame_count)]
    assert shown == pytest.approx([0, 0.1, 0.2, 0.22, 0.72])
    assert info.duration_s == pytest.approx(0.82)


SHAPE = "geq=r=200:g=60:b=40:a='if(lt(hypot(X-30-12*N,Y-48),22),255,0)'"
"""A disc that moves 12 pixels a frame, opaque on transparent."""
OWN_ALPHA = {
    "vp8": ("webm", "-pix_fmt yuva420p -c:v libvpx -auto-alt-ref 0 -b:v 2M"),
    "vp9": ("webm", "-pix_fmt yuva420p -c:v libvpx-vp9 -auto-alt-ref 0 -crf 10 -b:v 0"),
    "hevc": ("mov", "-pix_fmt yuva420p -c:v libx265 -x265-params log-level=none -tag:v hvc1"),
    "prores": ("mov", "-pix_fmt yuva444p10le -c:v prores_ks -profile:v 4444"),
    "png": ("mov", "-pix_fmt rgba -c:v png"),
    "gif": (
        "gif",
        "-filter_complex trim=end_frame=10,split[a][b];[a]palettegen[p];[b][p]paletteuse -c:v gif",
    ),
    "webp": ("webp", "-c:v libwebp_anim -lossless 1"),
}


@pytest.mark.parametrize("kind", OWN_ALPHA)
def test_a_sources_own_alpha_is_the_starting_mask(work, tmp_path: Path, kind: str) -> None:
    """On any frame, also far enough in for a seek, and whatever FFmpeg's usual decoder drops."""
    suffix, encoder = OWN_ALPHA[kind]
    path = tmp_path / f"clip.{suffix}"
    filters, arguments = f"format=rgba,{SHAPE}", encoder.split()
    if kind == "gif":
        arguments[1] = f"{filters},{arguments[1]}"
    else:
        arguments = ["-vf", filters, *arguments]
    ffmpeg(*source("160x96", frames=10), *arguments, path)
    state = work.create_session(path, path.name)
    y, x = np.mgrid[:96, :160]
    for frame in (0, 9):
        found = work.select_source_alpha(state.id, frame)
        mask = cv2.imread(str(work.instance_image(state.id, frame, 0)), cv2.IMREAD_GRAYSCALE) > 0
        expected = np.hypot(x - 30 - 12 * frame, y - 48) < 22
        assert np.count_nonzero(mask ^ expected) < 40, frame
        assert found.prompt.own_mask


def test_a_clip_without_alpha_has_none_to_start_from(work, tmp_path: Path) -> None:
    state = work.create_session(make_clip(tmp_path / "clip.mp4"), "clip.mp4")
    with pytest.raises(UnusablePrompt, match="no transparency"):
        work.select_source_alpha(state.id, 0)
    opaque = tmp_path / "opaque.mov"
    ffmpeg(*source(frames=2), "-vf", "format=argb", "-c:v", "qtrle", opaque)
    with pytest.raises(UnusablePrompt, match="whole picture"):
        work.select_source_alpha(work.create_session(opaque, "opaque.mov").id, 0)
