"""Names of numbered pictures, rates, ZIPs of pictures, and the light that pictures stand for."""

import io
import struct
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from config import Settings
from pipeline.video_io.clip import SequenceNames
from pipeline.video_io.exr_header import exr_attributes
from pipeline.video_io.outputs.exr import linear_light
from pipeline.video_io.sequence.archive import unpack
from pipeline.video_io.sequence.exr import read_exr
from pipeline.video_io.sequence.light import (
    BT709_TRANSFER,
    SRGB_TRANSFER,
    levels_of_halves,
    linear_of_srgb,
    srgb_levels,
    srgb_of_cineon,
)
from pipeline.video_io.sequence.naming import (
    find_sequence,
    group_pictures,
    parse_rate,
    refuse_single_picture,
    shown_numbers,
    the_one_sequence,
)
from pipeline.video_io.writers.video_file import plane_view16
from utils.errors import BadRequest, BadUpload


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("shot.%04d.exr", [998, 999, 1000, 12345]),
        ("shot.####.exr", [998, 999, 1000, 12345]),
        ("shot.[####].exr", [998, 999, 1000, 12345]),
        ("shot.[0999-1000].exr", [999, 1000]),
        ("shot.%d.exr", [7, 1000, 12345]),
    ],
)
def test_a_pattern_finds_the_pictures_of_its_numbers_and_padding(
    tmp_path: Path, pattern: str, numbers: list[int]
) -> None:
    touch(tmp_path, *(f"shot.{number:04d}.exr" for number in (998, 999, 1000, 12345)))
    touch(tmp_path, "shot.7.exr", "shot.0999.png", "shot.final.exr", "other.0999.exr")
    found = find_sequence(tmp_path / pattern)
    assert found is not None
    assert sorted(found.pictures) == numbers
    assert (found.first, found.last) == (numbers[0], numbers[-1])
    assert (found.names.prefix, found.names.tail) == ("shot.", ".exr")


def test_a_sequence_goes_on_beyond_nine_digits(tmp_path: Path) -> None:
    """It was split in two there, as if the first digit were part of the name."""
    touch(tmp_path, *(f"s.{number}.png" for number in range(999_999_998, 1_000_000_003)))
    for place in (tmp_path, tmp_path / "s.%09d.png", tmp_path / "s.[999999998-1000000002].png"):
        found = find_sequence(place)
        assert found is not None
        assert (found.first, found.last, found.missing) == (999_999_998, 1_000_000_002, [])


def test_a_folder_is_its_one_sequence_and_several_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a_v2.0998.tif", "a_v2.0999.tif", "notes.txt", "cover.png", ".a_v2.0997.tif")
    found = find_sequence(tmp_path)
    assert found is not None
    assert found.names == SequenceNames("a_v2.", ".tif", 4, 998)
    assert found.names.pattern == "a_v2.%04d.tif"
    touch(tmp_path, "b1.png", "b2.png")
    with pytest.raises(BadUpload) as caught:
        find_sequence(tmp_path)
    assert caught.value.code == "sequence.several"
    assert "a_v2.%04d.tif (998-999), b%d.png (1-2)" in caught.value.user_message


def test_what_is_neither_a_folder_of_pictures_nor_a_pattern_is_left_to_others(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "clip.mp4", "a#1.png")
    (tmp_path / "empty").mkdir()
    for name in ("empty", "clip.mp4", "no.mp4", "a#1.png", "clip.%04d.mp4"):
        assert find_sequence(tmp_path / name) is None


def test_a_video_named_as_a_picture_is_none(tmp_path: Path) -> None:
    picture, clip = tmp_path / "shot.png", tmp_path / "clip.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    clip.write_bytes(b"\0\0\0\x20ftypisom")
    refuse_single_picture(clip)
    with pytest.raises(BadUpload, match=r"shot\.png is one picture"):
        refuse_single_picture(picture)


def test_missing_numbers_are_named_and_the_picture_before_stands_in(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{number}.png" for number in (3, 4, 7, 9, 10)))
    found = find_sequence(tmp_path / "[2-10].png")
    assert found is not None
    assert shown_numbers(found.missing) == "2, 5-6, 8"
    held = [int(path.stem) for path in found.in_order()]
    assert held == [3, 3, 4, 4, 4, 7, 7, 9, 10]


def test_pictures_given_one_by_one_are_told_apart_by_folder_and_padding() -> None:
    names = ("a/1.png", "a/2.png", "b/1.png", "b/0001.png")
    found = group_pictures((name, Path(name)) for name in names)
    assert [one.label for one in found] == ["a/%d.png (1-2)", "b/%d.png (1-1)", "b/%04d.png (1-1)"]
    with pytest.raises(BadUpload) as caught:
        group_pictures([("1.png", Path("x/1.png")), ("1.png", Path("y/1.png"))])
    assert caught.value.code == "sequence.duplicate"
    (odd,) = group_pictures([("\x1b[2J\u202e1.png", Path("x"))])
    assert odd.label == "_[2J_%d.png (1-1)"
    with pytest.raises(BadUpload) as caught:
        the_one_sequence([])
    assert caught.value.code == "sequence.none"


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)),
        ("24000/1001", Fraction(24000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ("23.98", Fraction(24000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("59.94", Fraction(60000, 1001)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_a_rate_is_exact(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "-24", "24/0", "fast", "nan", "1e999999999", "1" * 30])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_rate(text)


def pack(path: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def small(**limits: int) -> Settings:
    return Settings(_env_file=None, min_free_disk_bytes=0, **limits)  # type: ignore[arg-type]


def test_a_zip_gives_its_sequence_and_nothing_of_what_systems_add(tmp_path: Path) -> None:
    pictures = {f"shots/a.{number:04d}.png": b"%d" % number for number in (9, 10, 11)}
    hidden = dict.fromkeys(
        ("__MACOSX/shots/._a.0009.png", "shots/.DS_Store", "shots/._a.0010.png"), b"x"
    )
    archive = pack(
        tmp_path / "a.zip", {**hidden, **pictures, "shots/readme.txt": b"x", "cover.jpg": b"x"}
    )
    (tmp_path / "out").mkdir()
    found = unpack(small(), archive, tmp_path / "out")
    assert found.names == SequenceNames("a.", ".png", 4, 9)
    assert [path.read_bytes() for path in found.in_order()] == [b"9", b"10", b"11"]
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_several_sequences_in_a_zip_are_named_with_their_folders(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "a.zip", dict.fromkeys(("rgb/1.png", "rgb/2.png", "alpha/1.png"), b"x")
    )
    with pytest.raises(BadUpload) as caught:
        unpack(small(), archive, tmp_path)
    assert "alpha/%d.png (1-1), rgb/%d.png (1-2)" in caught.value.user_message


def linked() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo("1.png")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return stream.getvalue()


def encrypted(archive: bytes) -> bytes:
    """Set the flag of encryption in both headers of an archive's first entry."""
    content = bytearray(archive)
    for at in (6, content.index(b"PK\x01\x02") + 8):
        content[at] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"../1.png": b"x"}, "sequence.zip_path"),
        ({"/etc/1.png": b"x"}, "sequence.zip_path"),
        (linked, "sequence.zip_path"),
        ({"notes.txt": b"x", "cover.png": b"x"}, "sequence.none"),
        ({"1.png": b"\0" * 60_000, "2.png": b"\0" * 60_000}, "sequence.too_big"),
        ({f"{number}.png": b"" for number in range(6)}, "video.too_many_frames"),
        ({f"{number}.txt": b"" for number in range(50)}, "sequence.zip_directory"),
    ],
)  # fmt: skip
def test_a_zip_beyond_the_limits_is_refused_before_it_is_unpacked(
    tmp_path: Path, content: object, code: str
) -> None:
    path = tmp_path / "a.zip"
    if isinstance(content, dict):
        pack(path, content)
    else:
        path.write_bytes(linked())
    (tmp_path / "out").mkdir()
    limits = {"max_frames": 1} if code == "sequence.zip_directory" else {"max_frames": 5}
    with pytest.raises(BadUpload) as caught:
        unpack(small(max_upload_bytes=100_000, **limits), path, tmp_path / "out")
    assert caught.value.code == code
    assert not list((tmp_path / "out").iterdir())


def test_damaged_and_encrypted_zips_are_refused(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.zip", {"1.png": b"abc" * 99}, zipfile.ZIP_STORED).read_bytes()
    end = whole.rindex(b"PK\x05\x06")
    broken = {
        "cut off": (whole[:-30], "sequence.zip_damaged"),
        "no directory": (whole[:end] + b"PK\x05\x06" + bytes(18), "sequence.none"),
        "directory of 4 GB": (
            whole[: end + 12] + struct.pack("<I", 0xFFFFFFF0) + whole[end + 16 :],
            "sequence.zip_directory",
        ),
        "content": (whole.replace(b"abcabc", b"abdabc"), "sequence.zip_damaged"),
        "encrypted": (encrypted(whole), "sequence.zip_method"),
        "another method": (
            pack(tmp_path / "b.zip", {"1.png": b"x"}, zipfile.ZIP_BZIP2).read_bytes(),
            "sequence.zip_method",
        ),
    }
    for name, (content, code) in broken.items():
        path = tmp_path / "x.zip"
        path.write_bytes(content)
        folder = tmp_path / name
        folder.mkdir()
        with pytest.raises(BadUpload) as caught:
            unpack(small(), path, folder)
        assert caught.value.code == code, name


def test_linear_light_comes_back_within_the_rounding_of_half_floats() -> None:
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    levels = levels_of_halves(SRGB_TRANSFER)
    shown = halves[(halves >= 1 / 512) & (halves <= 1)]
    back = linear_of_srgb(srgb_levels(shown) / 65535).astype(np.float16)
    assert (back == shown).all()
    assert (levels[np.isnan(halves)] == 0).all()
    assert levels[halves == np.float16(-2)] == 0
    assert (levels[halves > 1] == 65535).all()
    # IEC 61966-2-1: linear 0.18 is 46.1 % of the signal, 0.5 is 73.5 %.
    assert srgb_levels(np.array([0.18, 0.5])) / 65535 == pytest.approx([0.4614, 0.7354], abs=1e-4)


@pytest.mark.parametrize(
    ("transfer", "code"), [(BT709_TRANSFER, 1), (SRGB_TRANSFER, 13), ("of another program", 13)]
)
def test_exr_frames_written_here_become_the_levels_that_they_were_made_of(
    tmp_path: Path, transfer: str, code: int
) -> None:
    """Taken for sRGB's, levels of BT.709 came back up to 16 of 255 brighter."""
    levels = np.arange(256) * 257
    light = linear_light(transfer)[levels].astype(np.float16)[np.newaxis]
    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    header |= exr_attributes("straight", transfer, Fraction(1), None, "")
    planes = {name: np.ascontiguousarray(light) for name in "RGB"}
    OpenEXR.File(header, planes).write(str(tmp_path / "a.exr"))
    picture = read_exr(tmp_path / "a.exr", 256)
    off = np.abs(plane_view16(picture.frame.planes[0])[0].astype(int) - levels)
    assert (picture.transfer, off.max() < 64) == (code, transfer in (BT709_TRANSFER, SRGB_TRANSFER))


def test_a_limit_for_one_exr_frame_holds_for_no_other_one_read_or_written(tmp_path: Path) -> None:
    """OpenEXR's limit is the process's: a clip 1024 pixels wide could not be written after a smaller one was read."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    wide = {name: np.zeros((2, 64), np.float16) for name in "RGB"}
    OpenEXR.File(header, wide).write(str(tmp_path / "wide.exr"))
    before = OpenEXR.getMaxImageSize()
    assert read_exr(tmp_path / "wide.exr", 32).frame.width == 64
    with pytest.raises(RuntimeError):
        read_exr(tmp_path / "wide.exr", 31)
    assert OpenEXR.getMaxImageSize() == before
    OpenEXR.File(header, wide).write(str(tmp_path / "again.exr"))


def test_cineon_codes_have_black_at_95_and_white_at_685() -> None:
    levels = srgb_of_cineon() / 65535
    assert levels[95] == 0 and levels[685] == 1 and levels[1023] == 1
    # Code 470 is an 18 % grey card exposed to give 90 % white at 685: 10^(-215 * 0.002 / 0.6) = 0.192.
    light = linear_of_srgb(np.array([levels[470]]))[0]
    assert light == pytest.approx((0.19197 - 0.01080) / (1 - 0.01080), abs=2e-4)
