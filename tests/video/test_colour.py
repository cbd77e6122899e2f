"""Colours of known light and gamut, sizes that a container crops or turns, and the tags of every file."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import VideoIO
from tests.clips import decode, ffmpeg, flat_clip, make_clip, make_sound_clip, source

ORANGE = (200, 60, 40)


def rendered(video: VideoIO, path: Path, *kinds: str) -> dict[str, Path]:
    info = video.probe(path)
    alphas = [np.full(info.size_wh[::-1], 255, np.uint8)] * info.frame_count
    return video.render(
        path, info, alphas, kinds, path.parent / "out", Appearance(), RunContext()
    ).outputs


def shown(outputs: dict[str, Path], x: int, y: int) -> dict[str, np.ndarray]:
    """Return the pixel at a place as FFmpeg and OpenCV read it from every output."""
    colours = {}
    for kind, path in outputs.items():
        if path.is_dir():
            colours[kind] = cv2.imread(str(path / "000000.png"))[y, x, ::-1].astype(int)
        else:
            colours[kind] = decode(path, "rgb24")[0, y, x].astype(int)
    return colours


def pq(nits: float) -> float:
    """SMPTE ST 2084's inverse EOTF."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    light = (nits / 10_000) ** m1
    return ((c1 + c2 * light) / (1 + c3 * light)) ** m2


HDR = {
    "pq bt2020": ("smpte2084", "bt2020", [pq(10), pq(26), pq(203), pq(1000)]),
    "pq p3": ("smpte2084", "smpte432", [pq(10), pq(26), pq(203), pq(1000)]),
    "hlg": ("arib-std-b67", "bt2020", [0.2, 0.38, 0.75, 1.0]),
    "hlg p3 in mkv, tagged in the bitstream alone": (
        "arib-std-b67",
        "smpte432",
        [0.2, 0.38, 0.75, 1.0],
    ),
}


@pytest.mark.parametrize("kind", HDR)
def test_hdr_grey_and_reference_white_land_where_sdr_has_them(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    """18 % grey (26 nits, 38 % HLG) and reference white (203 nits, 75 % HLG) of ITU-R BT.2408."""
    transfer, primaries, values = HDR[kind]
    luma = np.repeat(np.array([64 + 876 * value for value in values]), 32)[None].repeat(96, 0)
    chroma = np.full((48, 64), 512, "<u2")
    raw = tmp_path / "patches.yuv"
    raw.write_bytes((np.rint(luma).astype("<u2").tobytes() + chroma.tobytes() * 2) * 2)
    path = tmp_path / ("clip.mkv" if "mkv" in kind else "clip.mp4")
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "128x96", "-r", "25", "-i", raw),
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params"),
        f"log-level=none:lossless=1:colorprim={primaries}:colormatrix=bt2020nc:transfer={transfer}",
        *("-color_primaries", primaries, "-colorspace", "bt2020nc", "-color_trc", transfer, path),
    )
    outputs = rendered(video, path, "foreground", "png", "prores")
    for x, low, high in ((16, 50, 85), (48, 104, 110), (80, 205, 235), (112, 240, 255)):
        for name, colour in shown(outputs, x, 48).items():
            assert low <= colour.min() <= colour.max() <= high, (name, x)


ODD_TAGS = {
    "HLG without primaries": ("unknown", "arib-std-b67", "bt2020nc"),
    "HLG of constant luminance": ("bt2020", "arib-std-b67", "bt2020c"),
    "ICtCp in SDR": ("bt709", "bt709", "ictcp"),
    "primaries missing for a matrix made of them": ("unknown", "bt709", "chroma-derived-nc"),
}


@pytest.mark.parametrize("kind", ODD_TAGS)
def test_tags_that_do_not_go_together_are_read_all_the_same(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    """A neutral grey stays neutral; what is accepted is never refused at its first frame."""
    primaries, transfer, matrix = ODD_TAGS[kind]
    path = flat_clip(
        tmp_path / "clip.mp4", "0x808080", "160x96", "-vf",
        f"format=yuv420p10le,setparams=color_primaries={primaries}:color_trc={transfer}:"
        f"colorspace={matrix}:range=tv", "-c:v", "libx264", "-qp", "0",
    )  # fmt: skip
    frame = next(iter(video.open(path, video.probe(path)).read(0, 1)))
    assert np.ptp(frame[48, 80]) <= 2


WIDE = {
    "bt2020 10 bit": ("bt2020", "bt2020-10", "bt2020nc", "yuv420p10le", "bt709"),
    "bt2020 8 bit": ("bt2020", "bt709", "bt2020nc", "yuv420p", "bt709"),
    "display p3": ("smpte432", "bt709", "bt709", "yuv420p", "bt709"),
    "display p3 as srgb": ("smpte432", "iec61966-2-1", "bt709", "yuv420p", "iec61966-2-1"),
    "bt601 of 525 lines": ("smpte170m", "smpte170m", "smpte170m", "yuv420p", "smpte170m"),
    "bt601 of 625 lines": ("bt470bg", "bt709", "bt470bg", "yuv422p", "bt709"),
    "smpte 240m": ("smpte240m", "bt709", "smpte240m", "yuv420p", "bt709"),
    "ebu 3213": ("jedec-p22", "bt709", "bt709", "yuv420p", "bt709"),
    "bt709": ("bt709", "bt709", "bt709", "yuv420p", "bt709"),
    "ycgco": ("bt709", "bt709", "ycgco", "yuv444p", "bt709"),
}


@pytest.mark.parametrize("kind", WIDE)
def test_a_colour_is_the_same_whatever_gamut_and_matrix_it_is_stored_in(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    primaries, transfer, matrix, layout, read_as = WIDE[kind]
    pixels = np.full((96, 160, 3), ORANGE, np.uint8)
    raw = tmp_path / "orange.rgb"
    raw.write_bytes(pixels.tobytes() * 2)
    path = tmp_path / "clip.mp4"
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x96", "-r", "25", "-i", raw, "-vf"),
        f"format=gbrp16le,zscale=min=gbr:rin=full:pin=bt709:tin={read_as}:p={primaries}:t={transfer}:"
        f"m={matrix}:r=limited,format={layout}",
        *("-c:v", "libx264", "-qp", "0", "-color_primaries", primaries, "-color_trc", transfer),
        *("-colorspace", matrix, "-color_range", "tv", path),
    )
    info = video.probe(path)
    frame = next(iter(video.open(path, info).read(0, 1)))
    assert np.abs(frame[48, 80].astype(int) - ORANGE).max() <= 4
    for name, colour in shown(rendered(video, path, "foreground", "png", "prores"), 80, 48).items():
        assert np.abs(colour - ORANGE).max() <= 4, name


def test_grey_of_cinemas_p3_stays_grey(video: VideoIO, tmp_path: Path) -> None:
    """Its white is greener than D65, and shown as white all the same."""
    path = flat_clip(
        tmp_path / "clip.mp4", "0x808080", "160x96", "-vf",
        "scale=out_color_matrix=bt709,format=yuv420p,"
        "setparams=color_primaries=smpte431:color_trc=bt709:colorspace=bt709:range=tv",
        *("-c:v", "libx264", "-qp", "0"),
    )  # fmt: skip
    assert video.probe(path).colour.primaries == "smpte432"
    for name, colour in shown(rendered(video, path, "foreground", "png"), 80, 48).items():
        assert np.ptp(colour) <= 3, name


def with_clean_aperture(path: Path, target: Path, size_wh: tuple[int, int]) -> Path:
    """Add QuickTime's `clap` box to a clip whose index lies behind its data."""
    content = bytearray(path.read_bytes())
    chain, low, high = [], 0, len(content)
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        at = low
        while content[at + 4 : at + 8] != name:
            at += struct.unpack(">I", content[at : at + 4])[0]
        chain.append(at)
        low, high = at + {b"stsd": 16, b"avc1": 86}.get(name, 8), at
    width, height = size_wh
    box = struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, 0, 1, 0, 1)
    end = high + struct.unpack(">I", content[high : high + 4])[0]
    for at in chain:
        content[at : at + 4] = struct.pack(">I", struct.unpack(">I", content[at : at + 4])[0] + 40)
    content[end:end] = box
    target.write_bytes(content)
    return target


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_cropped_clip_is_cropped_and_never_stretched(
    video: VideoIO, tmp_path: Path, suffix: str
) -> None:
    plain = tmp_path / "plain.mp4"
    ffmpeg(
        *source("160x96", frames=12), "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", plain
    )
    path = with_clean_aperture(plain, tmp_path / "clip.mp4", (144, 80))
    if suffix == "mkv":
        path = tmp_path / "clip.mkv"
        ffmpeg("-i", tmp_path / "clip.mp4", "-c", "copy", path)
    info = video.probe(path)
    whole = decode(plain, "rgb24")
    expected = whole[:, 8:88, 8:152] if info.size_wh == (144, 80) else whole
    frames = np.stack(list(video.open(path, info).read(0, 12)))
    assert np.abs(frames.astype(int) - expected).mean() < 4
    assert np.array_equal(next(iter(video.open(path, info).read(10, 11))), frames[10])
    outputs = rendered(video, path, "foreground", "png")
    assert np.abs(decode(outputs["foreground"], "rgb24")[5].astype(int) - expected[5]).mean() < 9


@pytest.mark.parametrize(("angle", "size_wh"), [(179, (160, 96)), (30, (160, 96)), (90, (96, 160))])
def test_only_a_right_angle_swaps_the_sides(
    video: VideoIO, tmp_path: Path, angle: int, size_wh: tuple[int, int]
) -> None:
    plain, path = make_clip(tmp_path / "plain.mp4", size="160x96"), tmp_path / "clip.mp4"
    ffmpeg("-display_rotation", str(angle), "-i", plain, "-c", "copy", path)
    info = video.probe(path)
    assert info.size_wh == size_wh
    assert next(iter(video.open(path, info).read(3, 4))).shape == (*size_wh[::-1], 3)


def test_pixels_that_are_not_square_are_mentioned(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    ffmpeg(*source(frames=3), "-vf", "setsar=16/15", "-c:v", "libx264", path)
    info = video.probe(path)
    assert [notice.params for notice in info.notices] == [{"aspect": "16:15"}]
    assert info.sample_aspect == Fraction(16, 15)


def test_every_video_file_carries_all_four_colour_tags(video: VideoIO, tmp_path: Path) -> None:
    import av

    names = ("colorspace", "color_primaries", "color_trc", "color_range")
    for sound in (False, True):  # with sound, FFmpeg copies the picture into its container
        make = make_sound_clip if sound else make_clip
        path = make(tmp_path / f"{sound}.mp4", frames=3)
        kinds = ("alpha", "foreground", "preview", "prores", "webm", "hevc", "ffv1")
        for kind, output in rendered(video, path, *kinds).items():
            # RGB has no matrix, and its range is full.
            wanted = [0, 1, 1, 2] if kind == "ffv1" else [1, 1, 1, 1]
            with av.open(str(output)) as container:
                header = container.streams.video[0].codec_context
                assert [int(getattr(header, name)) for name in names] == wanted, kind
                frame = next(container.decode(video=0))
                assert [int(getattr(frame, name)) for name in names] == wanted, kind
