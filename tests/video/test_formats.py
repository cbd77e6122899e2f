"""The further formats, each read back by a reader that is not ours: values, times, alpha and depth."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageSequence

from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance, FileOptions
from pipeline.video_io import RenderResult, VideoIO
from tests.clips import H264, decode, ffmpeg, make_clip, source
from tests.video.readers import read_track
from utils.alpha_levels import OPAQUE, to_levels
from utils.errors import BadRequest, Cancelled
from utils.types import Progress

TAGS = ("colorspace", "color_primaries", "color_trc", "color_range")


def rendered(
    video: VideoIO, path: Path, alphas: list[np.ndarray], *kinds: str, **options: object
) -> RenderResult:
    files = FileOptions(**options)  # type: ignore[arg-type]
    return video.render(
        path, video.probe(path), alphas, kinds, path.parent / "out",
        Appearance(files=files), RunContext(),
    )  # fmt: skip


def ramps(count: int) -> list[np.ndarray]:
    """Alpha that rises from left to right in 160 steps of its own, shifted frame by frame."""
    row = np.linspace(0, 1, 160, dtype=np.float32)
    return [np.roll(row, frame)[None].repeat(96, 0) for frame in range(count)]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.mp4", size="160x96", rate="30000/1001", frames=6)


@pytest.fixture
def deep_clip(tmp_path: Path) -> Path:
    """A 10-bit grey ramp over all levels, in FFV1."""
    luma = np.clip(np.arange(1024), 64, 940).astype("<u2")[None].repeat(64, 0)
    chroma = np.full((64, 512), 512, "<u2")
    raw = tmp_path / "ramp.yuv"
    raw.write_bytes((luma.tobytes() + chroma.tobytes() * 2) * 2)
    path = tmp_path / "deep.mkv"
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "yuv422p10le", "-s", "1024x64", "-r", "25", "-i", raw),
        *("-c:v", "ffv1", "-colorspace", "bt709", "-color_range", "tv", path),
    )
    return path


def png_of(result: RenderResult, frame: int) -> np.ndarray:
    return cv2.imread(str(result.outputs["png"] / f"{frame:06d}.png"), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("kind", ["png16", "tiff"])
def test_sixteen_bit_sequences_hold_the_kept_alpha_and_the_pngs_colour(
    video: VideoIO, clip: Path, kind: str
) -> None:
    alphas = ramps(6)
    result = rendered(video, clip, alphas, kind, "png")
    frames = sorted(result.outputs[kind].iterdir())
    assert len(frames) == 6
    read = cv2.imread(str(frames[2]), cv2.IMREAD_UNCHANGED)
    assert (read.dtype, read.shape) == (np.uint16, (96, 160, 4))
    levels = to_levels(alphas[2])
    assert np.array_equal(np.rint(read[..., 3] * (OPAQUE / 65535)), levels)
    shallow = png_of(result, 2)
    visible = shallow[..., 3] > 0
    assert np.array_equal((read[..., :3] // 257)[visible], shallow[..., :3][visible])


def test_tiff_says_that_its_alpha_is_straight(video: VideoIO, clip: Path) -> None:
    result = rendered(video, clip, ramps(6), "tiff")
    path = result.outputs["tiff"] / "000000.tif"
    assert decode(path, "rgba").shape == (1, 96, 160, 4)
    with Image.open(path) as image:
        tags = image.tag_v2  # type: ignore[attr-defined]
        assert tags[338] in (2, (2,))
        assert tags[258] == (16, 16, 16, 16)


def test_a_ten_bit_ramp_keeps_its_levels_in_png16_and_exr(video: VideoIO, deep_clip: Path) -> None:
    import OpenEXR

    alphas = [np.ones((64, 1024), np.float32)] * 2
    result = rendered(video, deep_clip, alphas, "png16", "exr", "ffv1")
    luma = np.clip(np.arange(1024), 64, 940)
    png = cv2.imread(str(result.outputs["png16"] / "000000.png"), cv2.IMREAD_UNCHANGED)
    back = np.rint(64 + png[32, :, 1] / 65535 * 876)
    assert np.array_equal(back, luma)
    with OpenEXR.File(str(result.outputs["exr"] / "000000.exr"), separate_channels=True) as file:
        green = file.channels()["G"].pixels[32].astype(float)
    signal = np.where(green < 0.018, 4.5 * green, 1.099 * green**0.45 - 0.099)
    assert np.abs(64 + signal * 876 - luma).max() < 0.8


@pytest.mark.parametrize("kind", ["premultiplied", "straight"])
def test_exr_is_linear_half_float_premultiplied_or_straight(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    import OpenEXR

    path = tmp_path / "clip.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=c=0x808080:s=160x96:r=25", "-frames:v", "2"),
        *("-vf", "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"),
        *("-c:v", "libx264", "-qp", "0", "-colorspace", "bt709", path),
    )
    alphas = [np.full((96, 160), 0.5, np.float32)] * 2
    result = rendered(video, path, alphas, "exr", exr_alpha=kind)
    with OpenEXR.File(str(result.outputs["exr"] / "000001.exr"), separate_channels=True) as file:
        channels = {name: item.pixels for name, item in file.channels().items()}
        compression = file.parts[0].compression()
    assert {plane.dtype for plane in channels.values()} == {np.dtype(np.float16)}
    assert compression == OpenEXR.ZIP_COMPRESSION
    linear = ((128 / 255 + 0.099) / 1.099) ** (1 / 0.45)
    expected = linear * (0.5 if kind == "premultiplied" else 1)
    assert channels["R"][48, 80] == pytest.approx(expected, rel=0.03)
    assert channels["A"][48, 80] == pytest.approx(0.5, abs=0.001)


def test_ffmpeg_reads_the_alpha_of_an_exr_frame(video: VideoIO, clip: Path) -> None:
    result = rendered(video, clip, ramps(6), "exr", "png")
    raw = decode(result.outputs["exr"] / "000003.exr", "rgba")[0]
    png = png_of(result, 3)
    assert np.abs(raw[..., 3].astype(int) - png[..., 3]).max() <= 1


def test_ffv1_is_lossless_with_alpha(video: VideoIO, clip: Path) -> None:
    alphas = ramps(6)
    result = rendered(video, clip, alphas, "ffv1", "png")
    with av.open(str(result.outputs["ffv1"])) as container:
        frames = list(container.decode(video=0))
    assert (len(frames), frames[0].format.name) == (6, "gbrap12le")
    for index, frame in enumerate(frames):
        green, blue, red, alpha = (
            np.frombuffer(plane, "<u2").reshape(96, -1)[:, :160] for plane in frame.planes
        )
        assert np.array_equal(alpha, to_levels(alphas[index]))
        png = png_of(result, index)
        visible = png[..., 3] > 0
        for plane, channel in ((blue, 0), (green, 1), (red, 2)):
            assert np.array_equal(
                np.rint(plane * (255 / 4095))[visible], png[..., channel][visible]
            )
    assert read_track(result.outputs["ffv1"]).times == pytest.approx(
        [k * 1001 / 30000 for k in range(6)], abs=0.0006
    )


def test_hevc_decodes_with_alpha_and_names_itself_for_safari(video: VideoIO, clip: Path) -> None:
    """An odd matte too: sides are padded to even."""
    alphas = ramps(6)
    output = rendered(video, clip, alphas, "hevc").outputs["hevc"]
    with av.open(str(output)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
        assert [int(getattr(next(container.decode(video=0)), tag)) for tag in TAGS] == [1] * 4
    read = decode(output, "rgba")[..., 3].astype(int)
    expected = np.rint(np.stack(alphas) * 255)
    assert np.abs(read - expected).mean() < 2
    assert np.abs(read - expected).max() <= 12
    assert read_track(output).times == pytest.approx([k * 1001 / 30000 for k in range(6)], abs=1e-6)


def animation(path: Path) -> tuple[list[np.ndarray], list[float], int]:
    """Frames, milliseconds and loop count as Pillow reads them."""
    with Image.open(path) as image:
        frames, times = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGBA")))
            times.append(float(frame.info.get("duration", 0)))
        return frames, times, int(image.info.get("loop", 1))


@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_stickers_keep_every_picture_its_time_and_its_alpha(
    video: VideoIO, clip: Path, kind: str
) -> None:
    alphas = ramps(6)
    result = rendered(video, clip, alphas, kind, "png")
    frames, times, loops = animation(result.outputs[kind])
    assert (len(frames), loops) == (6, 0)
    assert sum(times) == pytest.approx(6 * 1001 / 30, abs=1)
    assert times == pytest.approx([1001 / 30] * 6, abs=1 if kind == "webp" else 0.01)
    for index, frame in enumerate(frames):
        png = png_of(result, index)
        assert np.array_equal(frame[..., 3], png[..., 3])
        if kind == "apng":
            visible = png[..., 3] > 0
            assert np.array_equal(frame[..., 2::-1][visible], png[..., :3][visible])
    assert len(decode(result.outputs[kind], "rgba")) == 6


@pytest.mark.parametrize("kind", ["webp", "apng", "gif"])
def test_a_still_shot_stays_a_film_of_the_clips_length(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "still.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=c=orange:s=160x96:r=25", "-frames:v", "10", *H264, path)
    alphas = [np.full((96, 160), 0.8, np.float32)] * 10
    frames, times, _ = animation(rendered(video, path, alphas, kind).outputs[kind])
    assert sum(times) == pytest.approx(400, abs=10)
    assert len(frames) == 10


def test_gif_has_one_bit_alpha_and_hundredths_that_never_drift(video: VideoIO, clip: Path) -> None:
    steps = np.arange(96)[:, None] > np.arange(160) % 48
    alphas = [alpha * steps for alpha in ramps(6)]
    result = rendered(video, clip, alphas, "gif", "png")
    output = result.outputs["gif"]
    frames, times, loops = animation(output)
    assert (len(frames), loops) == (6, 0)
    assert set(times) <= {30.0, 40.0}
    assert sum(times) == pytest.approx(200, abs=5)
    for index, (frame, alpha) in enumerate(zip(frames, alphas, strict=True)):
        is_opaque = np.rint(alpha * 255) >= 128
        assert np.array_equal(frame[..., 3] == 255, is_opaque)
        assert set(np.unique(frame[..., 3])) <= {0, 255}
        colours = png_of(result, index)[..., :3].astype(int)[is_opaque]
        assert np.abs(frame[..., 2::-1][is_opaque] - colours).mean() < 8
    assert np.array_equal(decode(output, "rgba")[..., 3], np.array(frames)[..., 3])


def test_gif_of_sixty_pictures_a_second_says_what_it_merges(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "fast.mp4", size="160x96", rate="100", frames=20)
    result = rendered(video, path, [np.ones((96, 160), np.float32)] * 20, "gif")
    frames, times, _ = animation(result.outputs["gif"])
    assert sum(times) == pytest.approx(200, abs=10)
    assert min(times) >= 20
    assert [notice.code for notice in result.notices] == ["video.pictures_merged"]
    assert result.notices[0].params["frames"] == len(frames)


@pytest.mark.parametrize("kind", ["webp", "apng", "gif"])
def test_loops_and_size_limit_are_met(video: VideoIO, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "busy.mp4"
    ffmpeg(*source("320x180", frames=12), "-vf", "noise=alls=40:allf=t", *H264, path)
    alphas = [np.ones((180, 320), np.float32)] * 12
    whole = rendered(video, path, alphas, kind).bytes[kind]
    limit_mb = round(whole * 0.4 / 1e6, 3)
    result = rendered(video, path, alphas, kind, loops=3, size_limit_mb=limit_mb)
    assert result.outputs[kind].stat().st_size <= limit_mb * 1e6
    frames, times, loops = animation(result.outputs[kind])
    assert (len(frames), sum(times)) == (12, pytest.approx(480, abs=10))
    assert frames[0].shape[1] < 320
    assert loops in (3, 2) if kind == "gif" else loops == 3
    assert [notice.code for notice in result.notices] == ["video.scaled_to_limit"]
    slower = rendered(video, path, alphas, kind, size_limit_mb=limit_mb, size_limit_by="rate")
    assert slower.outputs[kind].stat().st_size <= limit_mb * 1e6
    frames, times, _ = animation(slower.outputs[kind])
    assert (frames[0].shape[1], sum(times)) == (320, pytest.approx(480, abs=10))
    assert [notice.code for notice in slower.notices] == ["video.rate_to_limit"]
    assert slower.notices[0].params["frames"] == len(frames) < 12


@pytest.mark.parametrize("kind", ["webp", "apng", "gif"])
def test_an_animation_that_is_shrunk_counts_its_pictures_and_can_be_cancelled(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    """It was written up to six times over at 99 %, without a count, and went on after a cancel."""
    path = tmp_path / "busy.mp4"
    ffmpeg(*source("160x96", frames=12), "-vf", "noise=alls=40:allf=t", *H264, path)
    seen: list[Progress] = []
    cancel = threading.Event()
    stop_at = 0

    def note(progress: Progress) -> None:
        seen.append(progress)
        if stop_at and len(seen) == stop_at:
            cancel.set()

    def render() -> RenderResult:
        files = FileOptions(size_limit_mb=0.02)
        return video.render(
            path, video.probe(path), [np.ones((96, 160), np.float32)] * 12, (kind,), tmp_path / "out",
            Appearance(files=files), RunContext(on_progress=note, cancel=cancel),
        )  # fmt: skip

    render()
    assert {(progress.stage, progress.total) for progress in seen} == {("shrink", 12)}
    done = [progress.done for progress in seen]
    assert done == sorted(done) and len(set(done)) > 6 and done[-1] == 12
    (tmp_path / "out" / f"foreground.{kind}").unlink(missing_ok=True)
    stop_at = 3
    seen.clear()
    with pytest.raises(Cancelled):
        render()
    assert len(seen) == 3
    assert not [one for one in (tmp_path / "out").iterdir() if "partial" in one.name]


def test_a_rate_too_low_to_look_like_motion_is_scaled_down_besides(
    video: VideoIO, tmp_path: Path
) -> None:
    path = tmp_path / "busy.mp4"
    ffmpeg(*source("320x180", frames=12), "-vf", "noise=alls=40:allf=t", *H264, path)
    alphas = [np.ones((180, 320), np.float32)] * 12
    result = rendered(video, path, alphas, "webp", size_limit_mb=0.01, size_limit_by="rate")
    frames, times, _ = animation(result.outputs["webp"])
    assert (len(frames), sum(times)) == (3, 480), "five pictures a second are left at least"
    assert frames[0].shape[1] < 320
    assert [notice.code for notice in result.notices] == [
        "video.rate_to_limit",
        "video.scaled_to_limit",
    ]


@pytest.mark.parametrize("first", [1, 1001])
def test_a_sequence_counts_from_the_number_asked_for(
    video: VideoIO, clip: Path, first: int
) -> None:
    result = rendered(video, clip, ramps(6), "png", "exr", first_number=first)
    for kind in ("png", "exr"):
        names = sorted(path.stem for path in result.outputs[kind].iterdir())
        assert names == [f"{number:06d}" for number in range(first, first + 6)]


@pytest.mark.parametrize(
    "options",
    [
        {"first_number": -1},
        {"loops": -1},
        {"size_limit_mb": -0.5},
        {"exr_alpha": "wet"},
        {"size_limit_by": "luck"},
    ],
)
def test_choices_out_of_range_are_refused(options: Mapping[str, object]) -> None:
    with pytest.raises(BadRequest):
        FileOptions(**options)  # type: ignore[arg-type]


def test_outputs_tell_pixels_that_are_not_square(video: VideoIO, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    ffmpeg(*source("160x96", frames=2), "-vf", "setsar=16/15", "-c:v", "libx264", path)
    alphas = [np.ones((96, 160), np.float32)] * 2
    kinds = ("png", "tiff", "exr", "ffv1", "webm", "prores", "hevc")
    outputs = rendered(video, path, alphas, *kinds).outputs
    for kind in ("ffv1", "webm", "prores", "hevc"):
        with av.open(str(outputs[kind])) as container:
            aspect = container.streams.video[0].sample_aspect_ratio
            assert float(aspect) == pytest.approx(16 / 15, rel=3e-3), kind
    with Image.open(outputs["png"] / "000000.png") as image:
        assert image.info["aspect"] == (15, 16), "pixels per unit, so the wider have fewer"
    with Image.open(outputs["tiff"] / "000000.tif") as image:
        horizontal, vertical = image.info["dpi"]
        assert float(vertical) / float(horizontal) == pytest.approx(16 / 15, rel=1e-3)
