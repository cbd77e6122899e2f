"""A disk that fills up, played by a limit on the size of any file this process writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import make_sound_clip

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import resource, sys
from pathlib import Path
import numpy as np
from config import Settings
from engines.base import RunContext
from pipeline.postprocess.appearance import Appearance
from pipeline.video_io import AlphaMasterWriter, VideoIO
from utils.errors import NotEnoughDisk

source, output, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
video = VideoIO(Settings(_env_file=None))
info = video.probe(source)
noise = np.random.default_rng(0).integers(0, 256, (info.frame_count, 90, 160), np.uint8)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    video.render(source, info, noise, [output], source.parent / "out", Appearance(), RunContext())
except NotEnoughDisk as error:
    print(error.code, error)
"""


@pytest.mark.parametrize(
    ("output", "limit"),
    [
        ("alpha", 60_000),
        ("foreground", 60_000),
        ("png", 5_000),
        ("prores", 60_000),
        ("webm", 60_000),
        ("preview", 0),
        ("exr", 5_000),
        ("png16", 5_000),
        ("tiff", 5_000),
        ("ffv1", 60_000),
        ("hevc", 60_000),
        ("webp", 20_000),
        ("apng", 20_000),
        ("gif", 20_000),
    ],
)
def test_a_full_disk_is_named_and_nothing_is_left(tmp_path: Path, output: str, limit: int) -> None:
    source = make_sound_clip(tmp_path / "clip.mp4", frames=30)
    before = source.read_bytes()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), output, str(limit)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout.startswith("video.disk_full"), done.stderr[-3000:]
    assert "Free some space" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []
    assert source.read_bytes() == before


def test_a_disk_that_fills_while_the_sound_is_added_is_named(tmp_path: Path) -> None:
    """The picture alone fits, picture and sound do not."""
    source = make_sound_clip(tmp_path / "clip.mov", frames=250, codec="pcm_s16le")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("noise =", "noise = np.zeros((info.frame_count, 90, 160), np.uint8) #"),
         str(source), "prores", "900000"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.stdout.startswith("video.disk_full"), done.stdout + done.stderr[-3000:]
    assert list((tmp_path / "out").iterdir()) == []
