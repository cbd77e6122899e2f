from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import PICTURE, Appearance, Backgrounds, Edges
from pipeline.video_io import (
    AlphaMasterWriter,
    RenderResult,
    VideoIO,
    compose_still,
    read_master,
    read_master_frame,
)
from pipeline.video_io.outputs.registry import output_kinds
from pipeline.video_io.runner import Child
from tests.clips import (
    decode,
    ffmpeg,
    flat_clip,
    make_clip,
    make_odd_clip,
    make_sound_clip,
    make_vfr_clip,
    packet_times,
    source,
    system_ffmpeg,
)
from tests.processes import helpers
from utils.errors import (
    BadRequest,
    Cancelled,
    EngineError,
    FfmpegFailed,
    SessionError,
    SplazmatteError,
)

MakeDisc = Callable[..., list[np.ndarray]]
VIDEO_NAMES = {
    "alpha": "alpha.mp4",
    "foreground": "foreground.mp4",
    "preview": "preview.mp4",
    "prores": "foreground.mov",
    "webm": "foreground.webm",
}
BT709_GREEN = (0, 255, 0)


def render(
    video: VideoIO,
    path: Path,
    alphas: object,
    *outputs: str,
    appearance: Appearance | None = None,
    context: RunContext | None = None,
    first: int = 0,
    last: int | None = None,
) -> RenderResult:
    return video.render(
        path,
        video.probe(path),
        alphas,  # type: ignore[arg-type]
        outputs or output_kinds(),
        path.parent / "out",
        appearance or Appearance(),
        context or RunContext(),
        first,
        last,
    )


def decoded(path: Path, pixel_format: str) -> np.ndarray:
    before = ("-c:v", "libvpx-vp9") if path.suffix == ".webm" else ()
    return decode(path, pixel_format, *before)


@pytest.fixture(scope="module")
def flat_levels(video: VideoIO, tmp_path_factory: pytest.TempPathFactory) -> RenderResult:
    """Nine 32x32 blocks of alpha 0, 128 and 255 over a flat orange clip, HD-tagged."""
    path = flat_clip(
        *(tmp_path_factory.mktemp("levels") / "clip.mp4", "0xC86414", "96x96"),
        *("-vf", "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-colorspace", "bt709", "-color_primaries", "bt709"),
        *("-color_trc", "bt709", "-color_range", "tv"),
    )
    levels = np.repeat(np.array([[0, 128, 255]], np.uint8), 96, axis=0).repeat(32, axis=1)
    return render(video, path, [levels] * 3)


def block(frames: np.ndarray, column: int) -> np.ndarray:
    """The middle of a block, away from what an encoder does at its edges."""
    return frames[:, 40:56, 32 * column + 8 : 32 * column + 24].reshape(-1, *frames.shape[3:])


def test_levels_0_128_and_255_survive_every_output(flat_levels: RenderResult) -> None:
    outputs = flat_levels.outputs
    grey = decoded(outputs["alpha"], "gray")
    ribs = {kind: decoded(outputs[kind], "rgba")[..., 3] for kind in ("prores", "webm")}
    folder = outputs["png"]
    png = cv2.imread(str(folder / "000002.png"), cv2.IMREAD_UNCHANGED)
    plain = cv2.imread(str(folder.parent / "alpha" / "000002.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(png[..., 3], plain)
    for column, level in enumerate((0, 128, 255)):
        assert np.all(block(plain[None], column) == level)
        for frames in (grey, *ribs.values()):
            assert np.abs(block(frames, column).astype(int) - level).max() <= (level == 128)


def test_alpha_file_is_limited_range_with_all_four_tags(flat_levels: RenderResult) -> None:
    import av

    with av.open(str(flat_levels.outputs["alpha"])) as container:
        frame = next(container.decode(video=0))
        luma = np.frombuffer(frame.planes[0], np.uint8).reshape(96, -1)
        assert luma[40, 10] <= 16, "decoders clamp what lies below the range"
        assert luma[40, 80] >= 235
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, int(context.color_range)) == ("yuv420p", 1)
        tags = (context.colorspace, context.color_primaries, context.color_trc)
        assert [int(tag) for tag in tags] == [1, 1, 1]


def test_colours_come_out_right_in_every_output(flat_levels: RenderResult) -> None:
    orange = np.array((0xC8, 0x64, 0x14))
    outputs = flat_levels.outputs
    foreground = decoded(outputs["foreground"], "rgb24").astype(int)
    assert np.abs(block(foreground, 0) - BT709_GREEN).max() <= 3
    assert np.abs(block(foreground, 2) - orange).max() <= 3
    half_way = (orange * 128 + np.array(BT709_GREEN) * 127) / 255
    assert np.abs(block(foreground, 1) - half_way).max() <= 4
    preview = decoded(outputs["preview"], "rgb24").astype(int)
    assert {int(level) for level in block(preview, 0)[:, 0].round(-1)} <= {150, 200}
    for kind, bound in (("prores", 2), ("webm", 4)):
        assert np.abs(block(decoded(outputs[kind], "rgba"), 2)[:, :3] - orange).max() <= bound
    png = cv2.imread(str(outputs["png"] / "000000.png"), cv2.IMREAD_UNCHANGED)[None]
    assert np.abs(block(png, 2)[:, 2::-1] - orange).max() <= 2
    assert np.abs(block(png, 1)[:, 2::-1] - orange).max() <= 2, "straight, not premultiplied"
    assert np.all(block(png, 0) == 0)


@pytest.mark.parametrize("rate", ["30000/1001", "25"])
def test_every_output_has_the_sources_frames_times_and_size(
    video: VideoIO, tmp_path: Path, disc: MakeDisc, rate: str
) -> None:
    path = make_clip(tmp_path / "clip.mp4", rate=rate, frames=12)
    result = render(video, path, disc((160, 90), 12))
    expected = [float(k / Fraction(rate)) for k in range(12)]
    for kind, name in VIDEO_NAMES.items():
        assert result.outputs[kind].name == name
        times = packet_times(result.outputs[kind])
        tolerance = 0.0006 if kind == "webm" else 1e-9
        assert times == pytest.approx(expected, abs=tolerance), kind
        assert decoded(result.outputs[kind], "gray").shape == (12, 90, 160)
        assert result.bytes[kind] == result.outputs[kind].stat().st_size
    assert len(list(result.outputs["png"].iterdir())) == 12
    assert not list((tmp_path / "out").glob("*partial*"))
    assert result.notices == ()


def test_variable_rate_survives_in_every_video_output(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_vfr_clip(tmp_path / "clip.mp4")
    info = video.probe(path)
    result = render(video, path, disc((160, 90), 24), *VIDEO_NAMES)
    expected = [float(info.time_s(k)) for k in range(24)]
    for kind in VIDEO_NAMES:
        assert packet_times(result.outputs[kind]) == pytest.approx(expected, abs=0.0006), kind


def test_each_frame_of_a_variable_rate_clip_gets_its_own_alpha_and_colour(
    video: VideoIO, tmp_path: Path
) -> None:
    path = make_vfr_clip(tmp_path / "clip.mp4", "geq=lum='20+9*N':cb=128:cr=128")
    stripes = [np.zeros((90, 160), np.uint8) for _ in range(24)]
    for k, stripe in enumerate(stripes):
        stripe[:, 6 * k : 6 * k + 16] = 255
    result = render(video, path, stripes, "alpha", "foreground", "png", "prores")
    assert [notice.code for notice in result.notices] == ["video.sequence_times"]
    grey = decoded(result.outputs["alpha"], "gray")
    luma = decoded(result.outputs["foreground"], "gray").astype(int)
    ribs = decoded(result.outputs["prores"], "rgba")
    for k in range(24):
        expected = (20 + 9 * k - 16) * 255 / 219
        inside = slice(6 * k + 5, 6 * k + 11)
        assert np.abs(grey[k].astype(int) - stripes[k]).mean() < 2
        assert abs(luma[k][:, inside].mean() - expected) < 4
        assert np.abs(ribs[k][..., 3].astype(int) - stripes[k]).max() <= 1
        assert abs(ribs[k][:, inside, 1].mean() - expected) < 3
        png = cv2.imread(str(result.outputs["png"] / f"{k:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(png[..., 3], stripes[k])
        assert abs(png[:, inside, 1].mean() - expected) < 3


def test_a_rotated_phone_clip_comes_out_upright_without_a_tag(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    flat, turned = tmp_path / "flat.mp4", tmp_path / "turned.mp4"
    ffmpeg(*source("128x64", frames=3), "-vf", "setsar=4/3", "-c:v", "libx264", flat)
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", turned)
    result = render(video, turned, [np.full((128, 64), 255, np.uint8)] * 3)
    for kind in VIDEO_NAMES:
        info = video.probe(result.outputs[kind])
        assert (info.size_wh, info.rotation) == ((64, 128), 0), kind
        assert info.sample_aspect == Fraction(3, 4), kind
    shown = decode(turned, "rgb24").astype(int)
    assert np.abs(decoded(result.outputs["foreground"], "rgb24") - shown).mean() < 6


def test_an_odd_size_is_exact_or_padded_by_its_own_edge(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_odd_clip(tmp_path / "odd.mp4", "321x181", frames=3)
    info = video.probe(path)
    assert [notice.code for notice in info.notices] == ["video.odd_size"]
    alphas = [np.full((181, 321), 255, np.uint8)] * 3
    result = render(video, path, alphas)
    sizes = {kind: decoded(result.outputs[kind], "gray").shape[:0:-1] for kind in VIDEO_NAMES}
    assert sizes == {
        "alpha": (322, 182),
        "foreground": (322, 182),
        "preview": (322, 182),
        "prores": (321, 181),
        "webm": (321, 181),
    }
    assert cv2.imread(str(result.outputs["png"] / "000000.png")).shape == (181, 321, 3)
    assert decoded(result.outputs["alpha"], "gray").min() == 255
    shown = decode(path, "rgb24").astype(int)
    padded = decoded(result.outputs["foreground"], "rgb24").astype(int)
    assert np.abs(padded[:, :181, :321] - shown).mean() < 8
    assert np.abs(padded[:, 181] - padded[:, 180]).mean() < 8


@pytest.mark.parametrize(
    "matrix", ["bt709", "smpte170m", "bt2020nc"], ids=["hd", "sd", "wide-gamut matrix"]
)
def test_source_colours_keep_their_look_whatever_the_matrix(
    video: VideoIO, tmp_path: Path, matrix: str
) -> None:
    name = matrix.removesuffix("nc")
    path = flat_clip(
        *(tmp_path / "clip.mp4", "0xC86414", "320x180"),
        *("-vf", f"format=gbrp,scale=out_color_matrix={name}:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-colorspace", matrix, "-color_range", "tv"),
    )
    result = render(video, path, [np.full((180, 320), 255, np.uint8)] * 3, "foreground", "prores")
    for kind in ("foreground", "prores"):
        colour = decoded(result.outputs[kind], "rgb24")[:, 90, 160].astype(int)
        assert np.abs(colour - (0xC8, 0x64, 0x14)).max() <= 3, kind


UNUSUAL = {
    "hdr": (
        "mp4",
        "-vf format=yuv420p10le -c:v libx265 -preset ultrafast -x265-params log-level=none:"
        "colorprim=bt2020:colormatrix=bt2020nc:transfer=smpte2084 -color_primaries bt2020 "
        "-colorspace bt2020nc -color_trc smpte2084",
    ),
    "ten bit": ("mov", "-c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le"),
    "own alpha": ("mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    "full range": ("mp4", "-c:v mjpeg -pix_fmt yuvj420p -q:v 2"),
    "rgb": ("mov", "-c:v qtrle -pix_fmt rgb24"),
    "grey": ("mkv", "-c:v ffv1 -pix_fmt gray"),
    "interlaced": ("mkv", "-vf setfield=tff -c:v mpeg2video -flags +ilme+ildct -q:v 2"),
    "av1": ("webm", "-c:v libsvtav1 -preset 12 -svtav1-params lp=1"),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_unusual_sources_give_one_picture_in_every_output(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    suffix, encoder = UNUSUAL[kind]
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(*source("160x96", frames=3), *encoder.split(), path)
    info = video.probe(path)
    frame = list(video.open(path, info).read(0, 3))[1].astype(int)
    result = render(video, path, [np.full((96, 160), 255, np.uint8)] * 3)
    png = cv2.imread(str(result.outputs["png"] / "000001.png"))[..., ::-1].astype(int)
    assert np.abs(png - frame).mean() < 5
    for name in ("foreground", "preview", "prores", "webm"):
        shown = decoded(result.outputs[name], "rgb24").astype(int)
        assert len(shown) == 3
        assert np.abs(shown[1] - frame).mean() < 9, name


def test_untagged_hd_is_bt709_in_the_outputs(video: VideoIO, tmp_path: Path) -> None:
    path = flat_clip(
        *(tmp_path / "clip.mp4", "0x00C800", "1280x720"),
        *("-vf", "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-bsf:v", "h264_metadata=matrix_coefficients=2"),
    )
    result = render(video, path, [np.full((720, 1280), 255, np.uint8)] * 3, "foreground", "png")
    shown = decoded(result.outputs["foreground"], "rgb24")[0, 300, 300].astype(int)
    png = cv2.imread(str(result.outputs["png"] / "000000.png"))[300, 300, ::-1].astype(int)
    assert np.abs(shown - (0, 200, 0)).max() <= 3
    assert np.abs(png - (0, 200, 0)).max() <= 3


def tone_hz(path: Path, start_s: float, length_s: float = 0.3) -> float:
    import subprocess

    from tests.clips import binary

    cut = ["-ss", str(start_s), "-t", str(length_s), "-i", str(path)]
    raw = subprocess.run(
        [
            binary(),
            "-v",
            "error",
            *cut,
            *["-map", "0:a:0", "-ac", "1", "-ar", "48000", "-f", "f32le", "-"],
        ],
        capture_output=True,
        check=True,
    ).stdout
    sound = np.frombuffer(raw, np.float32)
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * 48000 / len(sound))


def test_sound_is_carried_and_ends_with_the_picture(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_sound_clip(tmp_path / "clip.mp4", rate="30000/1001", frames=60)
    result = render(video, path, disc((160, 90), 60))
    for kind in ("foreground", "preview", "prores", "webm"):
        info = video.probe(result.outputs[kind])
        assert info.has_audio, kind
        assert info.audio_codec == ("opus" if kind == "webm" else "aac")
        assert info.duration_s == pytest.approx(2.002, abs=1 / 30)
        assert packet_times(result.outputs[kind], "a:0")[-1] == pytest.approx(2.0, abs=1 / 30)
        assert tone_hz(result.outputs[kind], 0.3) == pytest.approx(440, abs=10)
        assert tone_hz(result.outputs[kind], 1.5) == pytest.approx(1760, abs=10)
    assert not video.probe(result.outputs["alpha"]).has_audio
    assert [notice.code for notice in result.notices] == ["video.audio_converted"]


def test_in_and_out_points_trim_picture_and_sound_alike(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_sound_clip(tmp_path / "clip.mp4", frames=100)
    frames = list(video.open(path, video.probe(path)).read(0, 100))
    alphas = [np.full((90, 160), 255, np.uint8)] * 50
    result = render(video, path, alphas, "foreground", "png", first=25, last=74)
    shown = decoded(result.outputs["foreground"], "rgb24").astype(int)
    assert len(shown) == result.frames == 50
    assert np.abs(shown[0] - frames[25]).mean() < 6
    assert np.abs(shown[-1] - frames[74]).mean() < 6
    assert packet_times(result.outputs["foreground"])[0] == 0
    sound = packet_times(result.outputs["foreground"], "a:0")
    assert -0.25 < sound[0] < 1 / 25, "what lies before 0 is hidden by an edit list"
    assert sound[-1] == pytest.approx(2.0, abs=1.5 / 25)
    assert tone_hz(result.outputs["foreground"], 0.3) == pytest.approx(440, abs=10)
    assert tone_hz(result.outputs["foreground"], 1.3) == pytest.approx(1760, abs=10)


def test_pcm_is_copied_into_mov_and_converted_for_mp4(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_sound_clip(tmp_path / "clip.mov", frames=10, codec="pcm_s16le")
    result = render(video, path, disc((160, 90), 10), "foreground", "prores")
    assert video.probe(result.outputs["prores"]).audio_codec == "pcm_s16le"
    assert video.probe(result.outputs["foreground"]).audio_codec == "aac"
    assert [notice.params["file"] for notice in result.notices] == ["foreground.mp4"]


def test_the_old_background_does_not_shine_through_the_edge(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    """A dark blue disc composed over bright red; then put on green."""
    alphas = disc((320, 180), 3, softness=24.0)
    front, back = np.array((20, 30, 120)), np.array((250, 40, 30))
    folder = tmp_path / "made"
    folder.mkdir()
    for k, alpha in enumerate(alphas):
        mixed = alpha[..., None] * front + (1 - alpha[..., None]) * back
        cv2.imwrite(str(folder / f"{k}.png"), np.rint(mixed[..., ::-1]).astype(np.uint8))
    path = tmp_path / "clip.mov"
    ffmpeg("-framerate", "25", "-i", folder / "%d.png", "-c:v", "png", path)
    result = render(video, path, alphas, "foreground", "png")
    shown = decoded(result.outputs["foreground"], "rgb24").astype(int)
    for k, alpha in enumerate(alphas):
        soft = (alpha > 0.1) & (alpha < 0.95)
        true = alpha[..., None] * front + (1 - alpha[..., None]) * BT709_GREEN
        assert np.abs(shown[k] - true)[soft].mean() < 5
        rgba = cv2.imread(str(result.outputs["png"] / f"{k:06d}.png"), cv2.IMREAD_UNCHANGED)
        assert np.abs(rgba[..., 2::-1].astype(int) - front)[soft].mean() < 12
        assert np.abs(mixed_error(alpha, front, back))[soft].mean() > 40


def mixed_error(alpha: np.ndarray, front: np.ndarray, back: np.ndarray) -> np.ndarray:
    return (1 - alpha[..., None]) * (back - front)


@pytest.mark.parametrize(
    ("background", "expected"),
    [("#FF8000", (255, 128, 0)), ("grey", (128,) * 3), ("white", (255,) * 3), ("black", (0,) * 3)],
)
def test_background_may_be_any_colour(
    video: VideoIO, tmp_path: Path, background: str, expected: tuple[int, ...]
) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=2)
    empty = [np.zeros((90, 160), np.float32)] * 2
    appearance = Appearance(backgrounds=Backgrounds(background, background))
    result = render(video, path, empty, "foreground", "preview", appearance=appearance)
    for kind in ("foreground", "preview"):
        assert np.abs(decoded(result.outputs[kind], "rgb24") - np.array(expected)).max() <= 3


def test_background_picture_fills_the_frame_without_stretching(
    video: VideoIO, tmp_path: Path
) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=2)
    picture = np.zeros((100, 400, 3), np.uint8)
    picture[:, 180:220] = (30, 200, 250)
    cv2.imwrite(str(tmp_path / "back.png"), picture[..., ::-1])
    appearance = Appearance(backgrounds=Backgrounds(PICTURE), picture=tmp_path / "back.png")
    result = render(
        video, path, [np.zeros((90, 160), np.float32)] * 2, "foreground", appearance=appearance
    )
    shown = decoded(result.outputs["foreground"], "rgb24").astype(int)[0, 45]
    assert np.abs(shown[80] - (30, 200, 250)).max() <= 4
    assert np.abs(shown[55]).max() <= 4


def test_metadata_and_attachments_of_the_source_are_gone(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    clip = make_sound_clip(tmp_path / "clip.mp4", frames=10)
    note = tmp_path / "note.txt"
    note.write_text(hostile)
    path = tmp_path / "source.mkv"
    ffmpeg(
        *("-i", clip, "-map", "0", "-c", "copy", "-metadata", f"title={hostile}"),
        *("-metadata:s:v:0", f"title={hostile}", "-metadata:s:a:0", f"title={hostile}"),
        *("-attach", note, "-metadata:s:t", "mimetype=text/plain", path),
    )
    result = render(video, path, disc((160, 90), 10))
    for kind in VIDEO_NAMES:
        assert b"onerror" not in result.outputs[kind].read_bytes(), kind


def test_edges_are_applied_to_every_output(video: VideoIO, tmp_path: Path, disc: MakeDisc) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=3)
    appearance = Appearance(edges=Edges(grow_px=-8))
    result = render(video, path, disc((160, 90), 3, 2.0), "alpha", "png", appearance=appearance)
    png = cv2.imread(str(result.outputs["png"] / "000000.png"), cv2.IMREAD_UNCHANGED)[..., 3]
    before = (disc((160, 90), 1, 2.0)[0] > 0.5).sum()
    assert (png > 127).sum() < 0.6 * before
    assert np.abs(decoded(result.outputs["alpha"], "gray")[0].astype(int) - png).mean() < 1.5


def test_despill_reaches_every_output_alike(video: VideoIO, tmp_path: Path, disc: MakeDisc) -> None:
    """An all-green clip: at full strength nothing of its soft edge stays greener than red or blue."""
    path = flat_clip(
        *(tmp_path / "clip.mp4", "0x50B46E", "1280x720", "-pix_fmt", "yuv420p"),
        *("-vf", "format=gbrp,scale=out_color_matrix=bt709:out_range=tv"),
        *("-c:v", "libx264", "-qp", "0", "-colorspace", "bt709"),
        frames=2,
    )
    alphas = disc((1280, 720), 2, 200.0)
    soft = (alphas[0] > 0.3) & (alphas[0] < 0.9)
    for strength, excess in ((0.0, 70), (1.0, 0)):
        appearance = Appearance(backgrounds=Backgrounds("#000000"), edges=Edges(despill=strength))
        result = render(video, path, alphas, "foreground", "png", appearance=appearance)
        png = cv2.imread(str(result.outputs["png"] / "000000.png"))[soft].astype(int)
        shown = decoded(result.outputs["foreground"], "rgb24")[0][soft] / alphas[0][soft][:, None]
        for colour in (png[:, ::-1], shown):
            stands_out = colour[:, 1] - np.maximum(colour[:, 0], colour[:, 2])
            assert stands_out.mean() == pytest.approx(excess, abs=4)


def test_cancel_leaves_no_process_and_no_file(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_sound_clip(tmp_path / "clip.mp4", frames=60)
    context = RunContext(cancel=threading.Event())

    def alphas() -> Iterator[np.ndarray]:
        for k, alpha in enumerate(disc((160, 90), 60)):
            if k == 20:
                context.cancel.set()
            yield alpha

    threads = threading.active_count()
    with pytest.raises(Cancelled):
        render(video, path, alphas(), context=context)
    assert list((tmp_path / "out").iterdir()) == []
    assert helpers() == []
    assert threading.active_count() == threads


def test_an_engine_that_fails_leaves_no_process_and_no_file(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=30)

    def alphas() -> Iterator[np.ndarray]:
        yield from disc((160, 90), 10)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        render(video, path, alphas())
    assert list((tmp_path / "out").iterdir()) == []
    assert helpers() == []


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (errno.ENOMEM, "video.no_memory", "ran out of memory while alpha.mp4, foreground.mp4"),
        (errno.EINVAL, "video.encode_failed", "alpha.mp4, foreground.mp4 could not be written"),
    ],
)
def test_an_encoder_that_fails_names_files_and_short_memory(
    video: VideoIO, tmp_path: Path, disc: MakeDisc, monkeypatch: pytest.MonkeyPatch,
    number: int, code: str, said: str,
) -> None:  # fmt: skip
    """It said “avcodec_send_frame() could not be written”."""

    def write(*_: object, **__: object) -> None:
        av.error.err_check(-number, "avcodec_send_frame()")

    monkeypatch.setattr("pipeline.video_io.writers.video_file.VideoWriter.write", write)
    path = make_clip(tmp_path / "clip.mp4", frames=3)
    with pytest.raises(SplazmatteError) as caught:
        render(video, path, disc((160, 90), 3), "alpha", "foreground")
    assert caught.value.code == code
    assert said in caught.value.user_message
    assert list((tmp_path / "out").iterdir()) == []


def test_a_decoder_that_is_killed_fails_the_render_and_leaves_nothing(
    video: VideoIO, tmp_path: Path, disc: MakeDisc
) -> None:
    path = make_clip(tmp_path / "clip.mp4", size="640x360", frames=90)

    def alphas() -> Iterator[np.ndarray]:
        for k, alpha in enumerate(disc((640, 360), 90)):
            if k == 4:
                for child in helpers():
                    child.kill()
            yield alpha

    with pytest.raises(FfmpegFailed) as caught:
        render(video, path, alphas(), "foreground")
    assert caught.value.code == "video.decode_failed"
    assert list((tmp_path / "out").iterdir()) == []


def test_an_older_ffmpeg_renders_the_same(tmp_path: Path, disc: MakeDisc) -> None:
    video = VideoIO(Settings(_env_file=None, ffmpeg_path=Path(system_ffmpeg())))
    path = make_sound_clip(tmp_path / "clip.mp4", rate="30000/1001", frames=60)
    # HEVC with alpha takes the newest FFmpeg and x265.
    kinds = [kind for kind in output_kinds() if kind != "hevc"]
    result = render(video, path, disc((160, 90), 30), *kinds, first=15, last=44)
    expected = [float(k * Fraction(1001, 30000)) for k in range(30)]
    for kind in VIDEO_NAMES:
        times = packet_times(result.outputs[kind])
        assert times[0] < 0.01, "Opus needs a few milliseconds before its first sound"
        since_first = [time - times[0] for time in times]
        assert since_first == pytest.approx(expected, abs=0.0011), kind
    for kind in ("foreground", "preview", "prores", "webm"):
        sound = packet_times(result.outputs[kind], "a:0")
        assert -0.25 < sound[0] < 0.04, kind
        assert sound[-1] < 31 * 1001 / 30000, kind


@pytest.mark.parametrize("count", [9, 11])
def test_too_few_or_too_many_alphas_are_refused(
    video: VideoIO, tmp_path: Path, disc: MakeDisc, count: int
) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=10)
    with pytest.raises(EngineError) as caught:
        render(video, path, disc((160, 90), count), "alpha", "png")
    assert caught.value.code == "video.alpha_count"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "alpha", [np.zeros((91, 160), np.float32), np.full((90, 160), np.nan, np.float32)]
)
def test_an_unusable_alpha_is_refused(video: VideoIO, tmp_path: Path, alpha: np.ndarray) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=3)
    with pytest.raises(EngineError):
        render(video, path, [alpha] * 3, "alpha")


def test_unknown_outputs_and_ranges_are_refused(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=3)
    with pytest.raises(BadRequest, match="no output"):
        render(video, path, [], "avif")
    with pytest.raises(BadRequest, match="not a range"):
        render(video, path, [], "alpha", first=2, last=3)


def test_rendering_again_replaces_the_files(video: VideoIO, tmp_path: Path, disc: MakeDisc) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=6)
    render(video, path, disc((160, 90), 6), "alpha", "png")
    result = render(video, path, disc((160, 90), 3), "alpha", "png", first=1, last=3)
    assert len(list(result.outputs["png"].iterdir())) == 3
    assert len(decoded(result.outputs["alpha"], "gray")) == 3


def test_one_decoder_gives_all_outputs_their_layouts(
    video: VideoIO, tmp_path: Path, disc: MakeDisc, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    class NotedChild(Child):
        def __init__(self, argv: list[str], *rest: object, **more: object) -> None:
            started.append(argv)
            super().__init__(argv, *rest, **more)  # type: ignore[arg-type]

    path = make_clip(tmp_path / "clip.mp4", frames=4)
    monkeypatch.setattr("pipeline.video_io.decode.Child", NotedChild)
    render(video, path, disc((160, 90), 4), "alpha", "foreground", "preview", "png", "prores")
    (argv,) = started
    assert "yuv420p" in " ".join(argv) and "rgb24" in " ".join(argv)


def test_a_clip_of_one_frame_renders(video: VideoIO, tmp_path: Path, disc: MakeDisc) -> None:
    path = make_clip(tmp_path / "clip.mp4", frames=1)
    result = render(video, path, disc((160, 90), 1))
    for kind in VIDEO_NAMES:
        info = video.probe(result.outputs[kind])
        assert (info.frame_count, info.duration_s) == (1, pytest.approx(0.04, abs=0.002)), kind


def test_the_still_is_what_the_file_shows(video: VideoIO, tmp_path: Path, disc: MakeDisc) -> None:
    path = make_clip(tmp_path / "clip.mp4", size="320x180", frames=3)
    alphas = disc((320, 180), 3, 16.0)
    frame = list(video.open(path, video.probe(path)).read(0, 3))[1]
    appearance = Appearance(edges=Edges(feather_px=2))
    result = render(video, path, alphas, "foreground", appearance=appearance)
    still = compose_still(frame, alphas[1], appearance).astype(int)
    shown = decoded(result.outputs["foreground"], "rgb24")[1]
    assert np.abs(still - shown).mean() < 5


def test_the_master_keeps_alpha_exactly_and_finds_any_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    alphas = rng.integers(0, 256, (12, 91, 161), np.uint8)
    path = tmp_path / "alpha_master.nut"
    with AlphaMasterWriter(path, (161, 91)) as master:
        for alpha in alphas:
            master.append(alpha)
    assert np.array_equal(np.stack(list(read_master(path))), alphas)
    for index in (0, 5, 11):
        assert np.array_equal(read_master_frame(path, index), alphas[index])
    with pytest.raises(SessionError):
        read_master_frame(path, 12)


def test_an_unfinished_or_damaged_master_is_not_taken_for_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "alpha_master.nut"
    with pytest.raises(KeyError), AlphaMasterWriter(path, (32, 32)) as master:
        master.append(np.zeros((32, 32), np.uint8))
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"not a master at all")
    with pytest.raises(SessionError):
        list(read_master(path))
