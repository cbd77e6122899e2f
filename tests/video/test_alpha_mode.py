"""Premultiplied sources: whatever the file's convention, everything behind the reader sees straight colour."""

import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance, FileOptions
from pipeline.postprocess.composite import compose_still
from pipeline.postprocess.decontaminate import foreground_planes, halved
from pipeline.postprocess.picture import Planes
from pipeline.video_io import UploadOptions, VideoIO
from pipeline.video_io.exr_header import BT709_CHROMATICITIES
from pipeline.video_io.probe.count import Count, note_line
from pipeline.video_io.sequence.naming import find_sequence
from pipeline.video_io.sequence.reading import read_picture
from pipeline.video_io.writers.tiff import tiff_bytes
from tests.clips import ffmpeg

ROWS, COLUMNS = np.mgrid[:64, :96]
ALPHA = np.clip((22 - np.hypot(COLUMNS - 48, ROWS - 32)) / 8 + 0.5, 0, 1)
COLOUR = (
    np.stack([200 + 30 * np.sin(COLUMNS / 4), 90 + 20 * np.cos(ROWS / 3), 60 + 0 * ROWS], -1) / 255
)
"""Straight, as sRGB signal."""
SOFT = (ALPHA > 0.02) & (ALPHA < 0.98)
EXTRA_SAMPLES = tuple(struct.pack("<HHIHH", 338, 3, 1, kind, 0) for kind in (1, 2))


def rgba(colour: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return colour times the share beside the alpha, float64 (H, W, 4)."""
    return np.concatenate([colour * share[..., None], ALPHA[..., None]], -1)


def levels(pixels: np.ndarray) -> np.ndarray:
    return np.rint(pixels * 65535).astype(np.uint16)


def write_png(path: Path) -> None:
    assert cv2.imwrite(str(path), levels(rgba(COLOUR, ALPHA > 0))[..., [2, 1, 0, 3]])


def write_exr(path: Path) -> None:
    light = np.where(COLOUR <= 0.04045, COLOUR / 12.92, ((COLOUR + 0.055) / 1.055) ** 2.4)
    pixels = rgba(light, ALPHA).astype(np.float16)
    channels = {name: np.ascontiguousarray(pixels[..., at]) for at, name in enumerate("RGBA")}
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


def write_straight_tiff(path: Path) -> None:
    path.write_bytes(tiff_bytes(levels(rgba(COLOUR, ALPHA > 0))))


def write_associated_tiff(path: Path) -> None:
    associated, straight = EXTRA_SAMPLES
    path.write_bytes(tiff_bytes(levels(rgba(COLOUR, ALPHA))).replace(straight, associated))


@pytest.mark.parametrize(
    ("suffix", "write", "is_premultiplied"),
    [
        ("png", write_png, False),
        ("tif", write_associated_tiff, True),
        ("exr", write_exr, True),
    ],
)
def test_a_picture_gives_the_same_foreground_in_every_format(
    video: VideoIO,
    tmp_path: Path,
    suffix: str,
    write: Callable[[Path], None],
    is_premultiplied: bool,
) -> None:
    (tmp_path / "shots").mkdir()
    for number in (1, 2):
        write(tmp_path / "shots" / f"a.{number}.{suffix}")
    sequence = find_sequence(tmp_path / "shots")
    assert sequence is not None
    clip = video.make_source(sequence, UploadOptions(), tmp_path, lambda: None)
    said = [notice.code for notice in clip.notices if notice.code.startswith("video.alpha_")]
    assert said == [f"video.alpha_{'premultiplied' if is_premultiplied else 'straight'}"]
    source, matte = tmp_path / "source.mkv", ALPHA.astype(np.float32)
    (shown,) = video.open(source, clip).read(1, 2)
    assert np.abs(shown - COLOUR * 255)[SOFT].max() < 2
    video.render(source, clip, [matte] * 2, ("png16",), tmp_path, Appearance(), RunContext())
    (made, _) = sorted((tmp_path / "png16").iterdir())
    picture = cv2.imread(str(made), cv2.IMREAD_UNCHANGED)
    assert np.abs(picture[..., 2::-1] / 257 - COLOUR * 255)[SOFT].max() < 0.2
    over_green = COLOUR * 255 * ALPHA[..., None] + np.array([0, 255, 0]) * (1 - ALPHA[..., None])
    still = compose_still(shown, matte, Appearance(), video.read_alpha(source, clip, 1))
    assert np.abs(still - over_green).max() < 3


def test_a_tiff_whose_tag_says_straight_is_left_as_it_is(tmp_path: Path) -> None:
    write_straight_tiff(tmp_path / "a.tif")
    assert not read_picture(tmp_path / "a.tif", (96, 64)).was_premultiplied


@pytest.mark.parametrize("mode", ["straight", "premultiplied"])
def test_exr_frames_written_here_come_back_as_they_were_meant(
    video: VideoIO, tmp_path: Path, mode: str
) -> None:
    """Their headers say whether colour is straight, the rate, each frame's timecode, and BT.709's primaries."""
    raw = np.rint(rgba(COLOUR, ALPHA > 0) * 255).astype(np.uint8)
    (tmp_path / "raw").write_bytes(raw.tobytes() * 3)
    shape = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "96x64", "-r", "30000/1001")
    source = tmp_path / "a.mkv"
    srgb = ("-vf", "setparams=color_trc=iec61966-2-1")
    ffmpeg(
        *(*shape, "-i", tmp_path / "raw", *srgb, "-c:v", "ffv1"),
        *("-timecode", "00:00:59;29", source),
    )
    info = video.probe(source)
    files = FileOptions(exr_alpha=mode)  # type: ignore[arg-type]
    appearance, matte = Appearance(files=files), ALPHA.astype(np.float32)
    video.render(source, info, [matte] * 3, ("exr",), tmp_path, appearance, RunContext())
    frames = tmp_path / "exr"
    (frames / "000000.exr").unlink()
    sequence = find_sequence(frames)
    assert sequence is not None
    clip = video.make_source(sequence, UploadOptions(), tmp_path, lambda: None)
    said = [notice.code for notice in clip.notices if notice.code.startswith("video.alpha_")]
    assert said == [f"video.alpha_{mode}"]
    assert (clip.fps, clip.timecode) == (info.fps, "00:01:00;02")
    with OpenEXR.File(str(frames / "000001.exr"), separate_channels=True) as file:
        assert np.allclose(file.header()["chromaticities"], BT709_CHROMATICITIES)
    (shown,) = video.open(tmp_path / "source.mkv", clip).read(1, 2)
    assert np.abs(shown.astype(int) - raw[..., :3])[SOFT].max() <= 3


@pytest.mark.parametrize("suffix", ["exr", "png"])
def test_what_the_user_says_of_pictures_counts(video: VideoIO, tmp_path: Path, suffix: str) -> None:
    """OpenEXR as straight, PNG as premultiplied: both are as they were not meant."""
    (tmp_path / "shots").mkdir()
    for number in (1, 2):
        (write_exr if suffix == "exr" else write_png)(tmp_path / "shots" / f"a.{number}.{suffix}")
    sequence = find_sequence(tmp_path / "shots")
    assert sequence is not None
    options = UploadOptions(alpha_mode="straight" if suffix == "exr" else "premultiplied")
    clip = video.make_source(sequence, options, tmp_path, lambda: None)
    (shown,) = video.open(tmp_path / "source.mkv", clip).read(0, 1)
    wanted = np.minimum(COLOUR / np.maximum(ALPHA, 1e-6)[..., None], 1) * 255
    if suffix == "png":
        assert np.abs(shown - wanted)[SOFT].max() < 2
    else:
        assert (shown < COLOUR * 255 - 2)[SOFT & (ALPHA < 0.9)].all()


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("a.mov", "prores_ks -pix_fmt yuva444p10le"),
        ("a.webm", "libvpx-vp9 -lossless 1 -pix_fmt yuva420p"),
    ],
)
def test_a_premultiplied_clip_is_divided_where_that_was_said(
    video: VideoIO, settings: Settings, tmp_path: Path, name: str, encoder: str
) -> None:
    raw = np.rint(rgba(np.full((64, 96, 3), (200, 100, 50)) / 255, ALPHA) * 255).astype(np.uint8)
    (tmp_path / "raw").write_bytes(raw.tobytes() * 2)
    shape = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "96x64", "-i", tmp_path / "raw")
    ffmpeg(*shape, "-c:v", *encoder.split(), tmp_path / name)
    as_it_is = video.probe(tmp_path / name)
    assert not as_it_is.is_premultiplied
    assert as_it_is.notices[-1].code == "video.alpha_straight"
    clip = video.probe(tmp_path / name, "premultiplied")
    assert clip.notices[-1].code == "video.alpha_premultiplied"
    (frame,) = video.open(tmp_path / name, clip).read(1, 2)
    # Chroma of 4:2:0 is a mean of what is multiplied by different alphas.
    inside, most = (ALPHA > 0.4, 8) if "420" in encoder else (ALPHA > 0.2, 6)
    assert np.abs(frame - np.array([200, 100, 50]))[inside].mean(0).max() < most / 2
    (dark,) = video.open(tmp_path / name, as_it_is).read(1, 2)
    assert (dark[32, 27] < 150).all()


def test_a_decoder_that_knows_premultiplied_frames_is_believed() -> None:
    count = Count()
    note_line(count, "[Parsed_showinfo_0 @ 0x7f] alpha_mode:premultiplied")
    assert count.is_premultiplied


def test_planes_keep_the_straight_colour_of_a_partly_transparent_clip() -> None:
    alpha = np.rint(ALPHA * 255).astype(np.uint8)
    picture = np.rint(rgba(COLOUR, ALPHA > 0)[..., :3] * 255).astype(np.uint8)
    source = Planes.of_rgb(picture)
    options = {"fill_transparent": True, "strength": 0.0}
    kept = foreground_planes(source, alpha, halved(alpha), source_alpha=alpha, **options)
    mixed = foreground_planes(source, alpha, halved(alpha), **options)
    assert np.array_equal(kept.y[SOFT], source.y[SOFT])
    assert np.abs(mixed.y.astype(int) - source.y)[SOFT].max() > 20
