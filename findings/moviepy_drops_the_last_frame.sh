#!/usr/bin/env bash
# MoviePy loses a clip's last frame at rates where the clip does not end on a whole hundredth of a second: it takes the
# duration from FFmpeg's log, which is rounded to two decimals, and asks for as many frames as start within it. Of 30 frames at
# 30000/1001 it reads 29, of 100 at 30 it reads 99, of 301 at 24 it reads 300; at 25 and 50 it reads all. Written back the clip
# is a frame shorter than its sound and its matte, without a warning. Seen with MoviePy 2.2.1 and FFmpeg 9.0.2 (imageio-ffmpeg
# 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check moviepy==2.2.1 imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import importlib.metadata
import subprocess

import imageio_ffmpeg
from moviepy import VideoFileClip

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("MoviePy", importlib.metadata.version("moviepy"))


def decoded(name):
    """The frames that FFmpeg decodes, each once."""
    command = [FFMPEG, "-v", "error", "-i", name, "-fps_mode", "passthrough", "-f", "framecrc", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sum(not line.startswith("#") for line in lines)


for rate, count, lost in (
    ("30000/1001", 30, 1),
    ("24000/1001", 100, 1),
    ("24", 301, 1),
    ("30", 100, 1),
    ("25", 301, 0),
    ("50", 299, 0),
):
    source = ["-f", "lavfi", "-i", f"color=gray:s=32x32:r={rate}", "-frames:v", str(count), "-c:v", "libx264"]
    subprocess.run([FFMPEG, "-v", "error", "-y", *source, "clip.mp4"], check=True)
    with VideoFileClip("clip.mp4") as clip:
        clip.write_videofile("again.mp4", logger=None)
    before, after = decoded("clip.mp4"), decoded("again.mp4")
    print(f"{rate}: {before} frames, written again {after}, duration {clip.duration}")
    assert before == count and after == count - lost, (before, after)
PYTHON
