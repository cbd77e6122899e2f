"""Finished files as Chromium plays them: alpha's ends survive, colours and range are right."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import VideoIO
from tests.clips import H264, flat_clip
from tests.video.test_alpha import hair
from utils.alpha_levels import to_bytes, to_levels

SIZE = (1280, 720)
ORANGE = (200, 60, 40)
DRAW = """async ([content, type]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const video = document.createElement("video");
  video.muted = true;
  const shown = new Promise((done, failed) => {
    video.requestVideoFrameCallback(done);
    video.onerror = () => failed(new Error(video.error.message));
  });
  video.src = URL.createObjectURL(new Blob([bytes], { type }));
  await video.play();
  await shown;
  video.pause();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let text = "";
  for (let at = 0; at < pixels.length; at += 8192) {
    text += String.fromCharCode(...pixels.subarray(at, at + 8192));
  }
  return btoa(text);
}"""


def shown_by(browser: Any, path: Path) -> np.ndarray:
    """Return a frame as the browser draws it, uint8 RGBA (H, W, 4)."""
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    page = browser.new_page()
    try:
        drawn = page.evaluate(DRAW, [content, f"video/{path.suffix[1:]}"])
    finally:
        page.close()
    return np.frombuffer(base64.b64decode(drawn), np.uint8).reshape(SIZE[1], SIZE[0], 4)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, dict[str, Path]]:
    """One matte with hard and soft edges, and the files of a flat clip cut out by it."""
    folder = tmp_path_factory.mktemp("files")
    colour = "0x" + "".join(f"{value:02X}" for value in ORANGE)
    path = flat_clip(
        *(folder / "clip.mp4", colour, "1280x720"),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv", *H264, "-colorspace", "bt709"),
    )
    video = VideoIO(Settings(_env_file=None))
    (alpha,) = hair(1, SIZE)
    outputs = video.render(
        *(path, video.probe(path), [alpha] * 3, ["alpha", "foreground", "webm"]),
        *(folder / "out", Appearance(), RunContext()),
    ).outputs
    return to_bytes(to_levels(alpha)), outputs


def test_transparent_and_opaque_pixels_of_the_matte_survive(files, browser: Any) -> None:
    """At most one pixel in ten thousand of those at 0 or 255 moves, as with FFmpeg and PyAV."""
    alpha, outputs = files
    read = shown_by(browser, outputs["alpha"])[..., 0]
    for level in (0, 255):
        assert (read[alpha == level] != level).mean() <= 1e-4, level
    soft = (alpha > 0) & (alpha < 255)
    assert np.abs(read[soft].astype(int) - alpha[soft]).mean() < 4


def test_colours_and_range_are_those_of_the_source(files, browser: Any) -> None:
    alpha, outputs = files
    for kind in ("foreground", "webm"):
        read = shown_by(browser, outputs[kind]).astype(int)
        middle = read[330:390, 610:670]
        assert alpha[330:390, 610:670].min() == 255
        assert np.abs(middle[..., :3] - ORANGE).max() <= 5, kind
    corner = shown_by(browser, outputs["foreground"])[:40, :40, :3].astype(int)
    # The file has (173, 42, 26), which is (0, 254, 0); Chromium shows a blue of 11.
    assert np.abs(corner - (0, 255, 0)).max() <= 12
    assert np.array_equal(shown_by(browser, outputs["webm"])[..., 3], alpha)
