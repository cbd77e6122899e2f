#!/usr/bin/env bash
# MoviePy reads a clip that a phone has turned by a display matrix as landscape: FFmpeg turns the picture by itself, but
# MoviePy does not find the rotation in FFmpeg 9's log, asks for the unturned size, and the portrait picture comes out
# squeezed into it, with clip.rotation 0 and no warning. Seen with MoviePy 2.2.1 and FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check moviepy==2.2.1 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


import importlib.metadata

from moviepy import VideoFileClip

print("MoviePy", importlib.metadata.version("moviepy"))
picture = np.zeros((48, 96, 3), np.uint8)
picture[:, :48] = (255, 0, 0)
ffmpeg(
    "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "96x48", "-r", "25", "-i", "-",
    "-c:v", "libx264", "-pix_fmt", "yuv420p", "plain.mp4", data=picture.tobytes() * 5,
)
ffmpeg("-display_rotation:v:0", "90", "-i", "plain.mp4", "-c", "copy", "turned.mp4")
raw, _ = ffmpeg("-i", "turned.mp4", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
shown = np.frombuffer(raw, np.uint8).reshape(96, 48, 3)
assert shown[-8:, :, 0].min() > 200 and shown[:8, :, 0].max() < 50
with VideoFileClip("turned.mp4") as clip:
    frame, size, rotation = clip.get_frame(0), tuple(clip.size), clip.rotation
assert size == (96, 48) and frame.shape == (48, 96, 3) and rotation == 0, (size, frame.shape, rotation)
assert frame[-4:, :, 0].min() > 200 and frame[:4, :, 0].max() < 50
print("FFmpeg shows 48x96, red below; MoviePy says", size, "rotation", rotation, "red below: squeezed")
PYTHON
