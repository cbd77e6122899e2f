"""Alpha to the last level: 0 and 255 at edges, all levels in between, and depth beyond eight bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance, Edges, FileOptions
from pipeline.postprocess.edges import apply_edges, apply_edges_levels
from pipeline.video_io import (
    AlphaMasterWriter,
    VideoIO,
    read_master,
    read_master_frame,
)
from tests.clips import binary, decode, ffmpeg, make_clip
from utils.alpha_levels import OPAQUE, to_bytes, to_depth, to_float, to_levels


def rendered(
    video: VideoIO, path: Path, alphas: list[np.ndarray], *kinds: str, **files: str
) -> dict[str, Path]:
    info = video.probe(path)
    appearance = Appearance(files=FileOptions(**files))
    target = path.parent / "out"
    return video.render(path, info, alphas, kinds, target, appearance, RunContext()).outputs


def hair(frames: int, size_wh: tuple[int, int] = (1280, 720)) -> list[np.ndarray]:
    """Hard and soft edges in every direction, strands among them, moving."""
    width, height = size_wh
    y, x = np.mgrid[:height, :width].astype(np.float32)
    made = []
    for phase in range(frames):
        angle = np.arctan2(y - height / 2, x - width / 2)
        radius = np.hypot(x - width / 2 - phase, y - height / 2)
        strands = 0.3 * height + 10 * np.abs(np.sin(9 * angle + 0.05 * phase)) ** 4
        softness = 3 + 4 * (1 + np.sin(3 * angle))
        made.append(np.clip((strands - radius) / softness + 0.5, 0, 1))
    return made


def test_transparent_and_opaque_pixels_survive_at_the_edges(video: VideoIO, tmp_path: Path) -> None:
    """At most one pixel in ten thousand of those at 0 or 255 moves, read by FFmpeg and by PyAV."""
    path = make_clip(tmp_path / "clip.mp4", size="1280x720", frames=6)
    alphas = hair(6)
    output = rendered(video, path, alphas, "alpha")["alpha"]
    levels = np.stack([to_bytes(to_levels(alpha)) for alpha in alphas])
    with av.open(str(output)) as container:
        luma = np.stack([frame.to_ndarray()[:720] for frame in container.decode(video=0)])
    by_pyav = np.clip(np.rint((luma.astype(float) - 16) * 255 / 219), 0, 255)
    for read in (decode(output, "gray"), by_pyav):
        assert len(read) == 6
        for level in (0, 255):
            moved = read[levels == level] != level
            assert moved.mean() <= 1e-4, level
        soft = (levels > 0) & (levels < 255)
        assert np.abs(read[soft].astype(int) - levels[soft]).mean() < 4


@pytest.mark.parametrize("kind", ["lossless", "lossy"])
def test_webm_keeps_every_alpha_beside_its_own_colour(
    video: VideoIO, tmp_path: Path, kind: str
) -> None:
    """Lossless to the last level; lossy, off by few levels."""
    path = make_clip(tmp_path / "clip.mp4", size="640x360", frames=12)
    alphas = hair(12, (640, 360))
    output = rendered(video, path, alphas, "webm", webm_alpha=kind)["webm"]
    read = decode(output, "rgba", "-c:v", "libvpx-vp9")[..., 3].astype(int)
    levels = np.stack([to_bytes(to_levels(alpha)) for alpha in alphas])
    assert np.array_equal(read, levels) == (kind == "lossless")
    for level in (0, 255):
        moved = np.abs(read[levels == level] - level)
        assert moved.max() <= 14
        assert (moved > 4).mean() <= 4e-4
        assert (moved > 0).mean() <= 0.018
    assert np.abs(read - levels).mean() < 0.045
    with av.open(str(output)) as container:
        container.seek(10**9)
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert all(packet.has_sidedata("matroska_block_additional") for packet in packets)


def test_prores_alpha_read_at_twelve_bits_is_exact(video: VideoIO, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", size="256x32", frames=2)
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(32, 0)
    outputs = rendered(video, path, [ramp] * 2, "prores", "png", "webm")
    argv = [binary(), "-v", "error", "-i", str(outputs["prores"]), "-vf", "alphaextract"]
    raw = subprocess.run(
        [*argv, "-pix_fmt", "gray12le", "-f", "rawvideo", "-"], capture_output=True, check=True
    ).stdout
    deep = np.frombuffer(raw, "<u2").reshape(2, 32, 256)
    assert np.array_equal(np.rint(deep * (255 / 4095)), np.stack([ramp] * 2))
    png = cv2.imread(str(outputs["png"] / "000001.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(png[..., 3], ramp)
    webm = decode(outputs["webm"], "rgba", "-c:v", "libvpx-vp9")[..., 3].astype(int)
    assert np.array_equal(webm, np.stack([ramp] * 2)), "no level is raised on the way"


def test_a_ten_bit_ramp_keeps_its_levels_in_prores(video: VideoIO, tmp_path: Path) -> None:
    luma = np.clip(np.arange(1024), 64, 940).astype("<u2")[None].repeat(64, 0)
    chroma = np.full((64, 512), 512, "<u2")
    raw = tmp_path / "ramp.yuv"
    raw.write_bytes((luma.tobytes() + chroma.tobytes() * 2) * 2)
    path = tmp_path / "clip.mov"
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "yuv422p10le", "-s", "1024x64", "-r", "25", "-i", raw),
        *("-c:v", "ffv1", "-colorspace", "bt709", "-color_range", "tv", tmp_path / "clip.mkv"),
    )
    path = tmp_path / "clip.mkv"
    output = rendered(video, path, [np.full((64, 1024), 255, np.uint8)] * 2, "prores")["prores"]
    with av.open(str(output)) as container:
        frame = next(container.decode(video=0))
        plane = np.frombuffer(frame.planes[0], "<u2").reshape(64, -1)[:, :1024]
    read = plane.astype(float) / (4 if "12" in frame.format.name else 1)
    assert np.abs(read - luma).max() <= 2
    assert len(np.unique(np.rint(read[32]))) > 600, "eight bits would leave 220"


def test_the_master_keeps_twelve_bits_and_reads_eight(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    alphas = rng.integers(0, OPAQUE + 1, (5, 91, 161)).astype(np.uint16)
    path = tmp_path / "alpha_master.nut"
    with AlphaMasterWriter(path, (161, 91)) as master:
        for alpha in alphas:
            master.append(alpha)
    assert np.array_equal(np.stack(list(read_master(path))), alphas)
    assert np.array_equal(read_master_frame(path, 3), alphas[3])
    old, bytes_ = tmp_path / "old.nut", rng.integers(0, 256, (3, 90, 160), np.uint8)
    raw = tmp_path / "old.gray"
    raw.write_bytes(bytes_.tobytes())
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "gray", "-s", "160x90", "-r", "25", "-i", raw),
        *("-c:v", "ffv1", "-level", "3", "-f", "nut", old),
    )
    read = np.stack([to_bytes(levels) for levels in read_master(old)])
    assert np.array_equal(read, bytes_)


def test_levels_are_exact_for_bytes_and_rounded_for_floats() -> None:
    every = np.arange(256, dtype=np.uint8)[None]
    assert np.array_equal(to_bytes(to_levels(every)), every)
    assert np.array_equal(to_levels(every.astype(np.float32) / 255), to_levels(every))
    assert to_levels(np.array([[-1.0, 0.5, 2.0]], np.float32)).tolist() == [[0, 2048, OPAQUE]]
    assert to_depth(to_levels(every), 16)[0, [0, 128, 255]].tolist() == [0, 32904, 65535]


@pytest.mark.parametrize(
    "controls",
    [
        Edges(black_point=0.1, white_point=0.8, gamma=1.4),
        Edges(grow_px=2.5, feather_px=1.0),
    ],
)
def test_edges_on_levels_are_edges_on_alpha(controls: Edges) -> None:
    levels = to_levels(hair(1, (160, 90))[0])
    expected = apply_edges(to_float(levels), controls)
    assert np.abs(to_float(apply_edges_levels(levels, controls)) - expected).max() <= 0.6 / OPAQUE
