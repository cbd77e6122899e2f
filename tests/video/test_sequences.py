"""Sequences of pictures as sources: their values, what is refused, and one matted by the command line."""

import json
import struct
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import OpenEXR
import pytest
from PIL import Image

import app
from config import Settings
from pipeline.video_io import ClipInfo, UploadOptions, VideoIO
from pipeline.video_io.clip import SequenceNames
from pipeline.video_io.sequence.naming import find_sequence
from tests.clips import ffmpeg
from tests.disc import disc_frame
from ui.command_line.cli import main
from utils.errors import BadUpload

SIZE = (48, 32)
RNG = np.random.default_rng(5)
EIGHT = [RNG.integers(0, 256, (32, 48, 3), dtype=np.uint8) for _ in range(3)]
SIXTEEN = [RNG.integers(0, 65536, (32, 48, 4), dtype=np.uint16) for _ in range(2)]


def taken(
    video: VideoIO, place: Path, rate: Fraction | None = None, *, hold: bool = False
) -> tuple[ClipInfo, Path]:
    """Return the clip that a sequence becomes, and where it lies."""
    sequence = find_sequence(place)
    assert sequence is not None
    folder = place.parent / "made"
    folder.mkdir(exist_ok=True)
    options = UploadOptions(rate, hold_missing=hold)
    return video.make_source(sequence, options, folder, lambda: None), folder / "source.mkv"


def decode(path: Path, layout: str) -> np.ndarray:
    """Return all frames as PyAV reads them, uint16 (N, H, W, C)."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format=layout) for frame in container.decode(video=0)])


def codes(clip: ClipInfo) -> list[str]:
    return [notice.code for notice in clip.notices]


def refused(video: VideoIO, place: Path, code: str) -> str:
    with pytest.raises(BadUpload) as caught:
        taken(video, place)
    assert caught.value.code == code
    return caught.value.user_message


def write_pngs(folder: Path, frames: Sequence[np.ndarray], first: int = 1001) -> Path:
    folder.mkdir()
    for number, frame in enumerate(frames, start=first):
        pixels = frame[..., [2, 1, 0, 3][: frame.shape[-1]]] if frame.ndim == 3 else frame
        assert cv2.imwrite(str(folder / f"a.{number:04d}.png"), pixels)
    return folder


def write_exr(path: Path, rgb: np.ndarray, **header: object) -> None:
    fields = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    channels = {
        name: np.ascontiguousarray(rgb[..., at]) for at, name in enumerate("RGBA"[: rgb.shape[-1]])
    }
    OpenEXR.File(fields, channels).write(str(path))


def test_png_frames_come_back_exactly_at_the_rate_asked_for(tmp_path: Path) -> None:
    # The limit is for what is uploaded: the lossless clip that is made of it may be larger.
    video = VideoIO(Settings(_env_file=None, max_upload_bytes=1000))
    clip, path = taken(video, write_pngs(tmp_path / "p", EIGHT), Fraction(24000, 1001))
    assert (clip.size_wh, clip.frame_count, clip.fps) == (SIZE, 3, Fraction(24000, 1001))
    assert clip.sequence == SequenceNames("a.", ".png", 4, 1001)
    assert (clip.has_audio, clip.has_alpha, clip.timecode) == (False, False, "")
    assert codes(clip) == ["sequence.taken"]
    for got, wanted in zip(video.open(path, clip).read(0, 3), EIGHT, strict=True):
        assert (got == wanted).all()


def test_a_gap_is_named_or_the_picture_before_it_is_held(video: VideoIO, tmp_path: Path) -> None:
    folder = write_pngs(tmp_path / "p", EIGHT)
    (folder / "a.1002.png").rename(folder / "a.1005.png")
    assert "a.%04d.png are missing: 1002, 1004." in refused(video, folder, "sequence.missing")
    clip, path = taken(video, folder, hold=True)
    assert codes(clip) == ["sequence.taken_at_default", "sequence.held"]
    assert clip.fps == 24
    frames = list(video.open(path, clip).read(0, 5))
    for got, wanted in zip(frames, (0, 0, 2, 2, 1), strict=True):
        assert (got == EIGHT[wanted]).all()


def test_deeper_pictures_and_alpha_among_others_keep_what_they_have(
    video: VideoIO, tmp_path: Path
) -> None:
    grey = EIGHT[0][..., 0]
    clip, path = taken(video, write_pngs(tmp_path / "p", [grey, *SIXTEEN]))
    assert (clip.pixel_format, clip.has_alpha) == ("gbrap16le", True)
    assert "video.has_alpha" in codes(clip)
    got = decode(path, "rgba64le")
    assert (got[1:] == np.stack(SIXTEEN)).all()
    assert (got[0, ..., :3] == grey[..., None].astype(np.uint16) * 257).all()


def test_tiff_and_jpeg_have_the_values_that_other_readers_see(
    video: VideoIO, tmp_path: Path
) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "j").mkdir()
    smooth = cv2.GaussianBlur(EIGHT[0], (0, 0), 4)
    for number, frame in enumerate(SIXTEEN):
        cv2.imwrite(str(tmp_path / f"t/{number}.tif"), frame[..., 2::-1])
        Image.fromarray(smooth).save(tmp_path / f"j/{number}.JPG", quality=95)
    clip, path = taken(video, tmp_path / "t")
    assert clip.pixel_format == "gbrp16le"
    assert (decode(path, "rgb48le") == np.stack(SIXTEEN)[..., :3]).all()
    clip, path = taken(video, tmp_path / "j" / "%d.JPG")
    assert clip.pixel_format == "yuv420p" and clip.colour.range == "pc"
    with Image.open(tmp_path / "j/0.JPG") as image:
        wanted = np.asarray(image).astype(int)
    (got, _) = video.open(path, clip).read(0, 2)
    assert np.abs(got.astype(int) - wanted).mean() < 1.5


def test_a_camera_s_upright_pictures_are_turned(video: VideoIO, tmp_path: Path) -> None:
    (tmp_path / "j").mkdir()
    half = np.zeros((32, 48, 3), np.uint8)
    half[:, :24] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    for number in range(2):
        Image.fromarray(half).save(tmp_path / f"j/{number}.jpg", quality=100, exif=exif)
    clip, path = taken(video, tmp_path / "j")
    assert clip.size_wh == (32, 48)
    (got, _) = video.open(path, clip).read(0, 2)
    assert got[:20].min() > 250 and got[28:].max() < 5


def icc_profile(colorants: Sequence[Sequence[float]]) -> bytes:
    """A profile of nothing but its primaries, as X, Y and Z of red, green and blue."""
    tags, values, at = b"", b"", 128 + 4 + 12 * len(colorants)
    for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True):
        tags += struct.pack(">4sII", name, at + len(values), 20)
        values += b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65_536 * v) for v in colour))
    body = bytes(128) + struct.pack(">I", len(colorants)) + tags + values
    return struct.pack(">I", len(body)) + body[4:]


P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
P3_TO_SRGB = ((1.2249, -0.2249, 0.0), (-0.0420, 1.0420, 0.0), (-0.0196, -0.0786, 1.0983))
"""Of linear light, from the primaries of SMPTE RP 431-2 at D65 and of BT.709."""


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_display_p3_profile_is_converted_and_another_gets_a_note(
    video: VideoIO, tmp_path: Path, suffix: str
) -> None:
    colour = (200, 120, 90)
    picture = Image.new("RGB", (64, 48), colour)
    for name, primaries in (("p3", P3), ("adobe", ADOBE_RGB)):
        (tmp_path / name).mkdir()
        for number in (1, 2):
            path = tmp_path / name / f"shot.{number}.{suffix}"
            picture.save(path, icc_profile=icc_profile(primaries), quality=95)
    clip, path = taken(video, tmp_path / "p3")
    value = np.array(colour) / 255
    light = np.array(P3_TO_SRGB) @ np.where(
        value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92
    )
    shown = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    (frame,) = video.open(path, clip).read(0, 1)
    assert np.abs(frame[24, 32] - shown).max() <= 3
    assert np.abs(shown - colour).max() > 8
    assert "sequence.primaries" not in codes(clip)
    other, _ = taken(video, tmp_path / "adobe")
    assert "sequence.primaries" in codes(other)


def test_linear_exr_is_shown_as_srgb_with_its_rate_timecode_and_window(
    video: VideoIO, tmp_path: Path
) -> None:
    (tmp_path / "e").mkdir()
    code = OpenEXR.TimeCode()
    code.hours, code.minutes, code.seconds, code.frame = 1, 2, 3, 4
    grey = np.full((20, 40, 4), 0.18, np.float16) * np.float16(0.5)
    grey[..., 3] = 0.5  # premultiplied, as OpenEXR specifies
    window = (np.array([4, 2], np.int32), np.array([51, 33], np.int32))
    header = {
        "displayWindow": window,
        "dataWindow": (np.array([10, 8], np.int32), np.array([49, 27], np.int32)),
        "framesPerSecond": Fraction(30000, 1001),
        "timeCode": code,
    }
    write_exr(tmp_path / "e/s.0007.exr", grey, **header)
    bright = grey.astype(np.float32) * 20
    bright[0, 0] = (np.nan, np.inf, -1, 0.5)
    write_exr(tmp_path / "e/s.0008.exr", bright, **header)
    clip, path = taken(video, tmp_path / "e" / "s.####.exr")
    assert (clip.size_wh, clip.fps, clip.timecode) == (SIZE, Fraction(30000, 1001), "01:02:03:04")
    assert codes(clip)[:2] == ["sequence.taken_at_own_rate", "sequence.clipped"]
    assert clip.colour.transfer == "iec61966-2-1"
    first, second = decode(path, "rgba64le")
    inside = np.zeros((32, 48), bool)
    inside[6:26, 6:46] = True
    # sRGB of 0.18, in half float 0.18005, is 0.46142 (IEC 61966-2-1).
    assert np.abs(first[inside] - np.array([0.46142, 0.46142, 0.46142, 0.5]) * 65535).max() < 1
    assert (first[~inside] == 0).all()
    assert second[6, 6].tolist() == [0, 65535, 0, 32768]
    assert (second[inside][1:] == 65535).all()


@pytest.mark.parametrize("transfer", [6, 3])
def test_dpx_keeps_its_bits_and_logarithmic_ones_are_made_srgb(
    video: VideoIO, tmp_path: Path, transfer: int
) -> None:
    (tmp_path / "d").mkdir()
    levels = RNG.integers(0, 1024, (32, 48, 3), dtype=np.uint16)
    levels[0, :3] = np.array([[95], [470], [685]])
    deep = (levels << 6) | (levels >> 4)
    raw = tmp_path / "raw"
    raw.write_bytes(deep.tobytes())
    coded = ("-f", "rawvideo", "-pix_fmt", "rgb48le", "-s", "48x32", "-i", raw)
    ffmpeg(*coded, "-pix_fmt", "gbrp10le", "-c:v", "dpx", tmp_path / "d/x.0100.dpx")
    content = (tmp_path / "d/x.0100.dpx").read_bytes()
    order = ">" if content.startswith(b"SDPX") else "<"
    (start,) = struct.unpack_from(f"{order}I", content, 4)
    header = bytearray(content[:start].ljust(2048, b"\0"))
    struct.pack_into(f"{order}I", header, 4, 2048)
    header[801] = transfer
    struct.pack_into(f"{order}I", header, 1920, 0x10203007)
    struct.pack_into(f"{order}f", header, 1940, 25.0)
    (tmp_path / "d/x.0100.dpx").write_bytes(bytes(header) + content[start:])
    clip, path = taken(video, tmp_path / "d")
    assert (clip.fps, clip.timecode) == (25, "10:20:30:07")
    if transfer == 6:
        assert (clip.pixel_format, clip.colour.transfer) == ("gbrp10le", "bt709")
        assert (decode(path, "rgb48le")[0] >> 6 == levels).all()
    else:
        assert "sequence.logarithmic" in codes(clip)
        shown = decode(path, "rgb48le")[0][0, :3, 0] / 65535
        assert shown == pytest.approx([0, 0.4647, 1], abs=2e-3)


def test_pictures_that_do_not_go_together_or_can_not_be_read_are_named(
    video: VideoIO, tmp_path: Path
) -> None:
    other = write_pngs(tmp_path / "sizes", [EIGHT[0], EIGHT[1][:20]])
    text = refused(video, other, "sequence.sizes")
    assert "a.1001.png has 48x32, a.1002.png has 48x20" in text
    broken = write_pngs(tmp_path / "broken", EIGHT)
    content = (broken / "a.1002.png").read_bytes()
    (broken / "a.1002.png").write_bytes(content[: len(content) // 2])
    assert "a.1002.png" in refused(video, broken, "sequence.unreadable")
    large = write_pngs(tmp_path / "large", [np.zeros((2160, 3840), np.uint8)])
    assert "3840x2160" in refused(video, large, "video.size")
    (tmp_path / "e").mkdir()
    depth = {"Z": np.zeros((32, 48), np.float32)}
    fields = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(fields, depth).write(str(tmp_path / "e/1.exr"))
    assert "it has: Z" in refused(video, tmp_path / "e", "sequence.exr_channels")
    short = VideoIO(Settings(_env_file=None, max_duration_s=0.02))
    refused(short, write_pngs(tmp_path / "long", EIGHT), "video.too_long")


def test_an_exr_sequence_is_matted_into_files_numbered_and_lit_as_it_is(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    frames = [(disc_frame(index)[0] / 255.0).astype(np.float16) for index in range(4)]
    for number, frame in enumerate(frames, start=1001):
        write_exr(tmp_path / f"in/shot.{number}.exr", frame)
    words = ["matte", str(tmp_path / "in/shot.[1001-1004].exr"), "--fps", "23.976", "--json"]
    words += ["--box", "25,25,75,72", "--engine", "builtin", "--first", "1", "--frame", "1"]
    words += ["--outputs", "exr,png", "--exr-alpha", "straight", "--out", str(tmp_path / "out")]
    assert main(words, lambda: settings, app.build_orchestrator, lambda _: None) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out.splitlines()[-1])
    assert (answer["frames"], round(answer["fps"], 3)) == (3, 23.976)
    assert "Sequence shot.%04d.exr, 1001 to 1004" in printed.err
    for kind, suffix in (("exr", "exr"), ("foreground", "png"), ("alpha", "png")):
        names = [path.name for path in sorted((tmp_path / "out" / kind).iterdir())]
        assert names == [f"{number}.{suffix}" for number in (1002, 1003, 1004)]
    with OpenEXR.File(str(tmp_path / "out/exr/1003.exr"), separate_channels=True) as file:
        made = np.stack([file.channels()[name].pixels for name in "RGBA"], axis=-1)
    solid = made[..., 3] == 1
    assert solid.sum() > 500
    assert (made[solid][:, :3] == frames[2][solid]).all()


def test_a_zip_is_taken_like_an_upload_and_leaves_no_pictures_behind(
    settings: Settings, work: "app.Orchestrator", tmp_path: Path
) -> None:
    folder = write_pngs(tmp_path / "p", EIGHT)
    with zipfile.ZipFile(tmp_path / "shot.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"p/{path.name}")
    state = work.create_session(
        tmp_path / "shot.zip", "shot.zip", options=UploadOptions(Fraction(25))
    )
    assert state.clip is not None and state.clip.sequence is not None
    assert (state.clip.fps, state.clip.sequence.first_number) == (25, 1001)
    kept = sorted(path.name for path in (settings.workspace_dir / "sessions" / state.id).iterdir())
    assert kept == [".job.lock", "session.json", "source.mkv"]
    with pytest.raises(BadUpload) as caught:
        work.create_session(min(folder.iterdir()), "shot.1001.png")
    assert caught.value.code == "sequence.single"
    refusing = settings.model_copy(update={"formats": ("mp4",), "max_upload_bytes": 13_000})
    orchestrator = app.build_orchestrator(refusing)
    with pytest.raises(BadUpload) as caught:
        orchestrator.create_session(tmp_path / "shot.zip", "shot.zip")
    assert caught.value.code == "video.too_big"
    sequence = find_sequence(folder)
    assert sequence is not None
    with pytest.raises(BadUpload) as caught:
        orchestrator.create_session_of_pictures(sequence)
    assert caught.value.code == "sequence.too_big"
    with pytest.raises(BadUpload) as caught:
        VideoIO(refusing).make_source(sequence, UploadOptions(), tmp_path, lambda: None)
    assert caught.value.code == "sequence.switched_off"
    assert orchestrator.close()
