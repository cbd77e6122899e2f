#!/usr/bin/env bash
# FFmpeg's filters that look at neighbouring frames differ in which frame they give their answer to, and some lose frames. tmedian (radius
# r) and amplify take the window's middle picture and give it another time, r frames too early for tmedian and two for amplify at its radius
# of 2, and write 2r and 5 frames less than they got; tmix gives a window its last frame's time, so that "tmix=3" is a frame late and
# "tmix=5" two, also with all the weight in the middle; minterpolate loses the end, a frame at the same rate and three of 40 at double
# rate. A clip cleaned so does not fit its own matte any more, and nothing says so. atadenoise, bm3d and fftdnoiz keep number and
# time. The documentation speaks of a "radius" and of "successive frames", and not of times. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import re
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIDE, FRAMES = 64, 20
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
clip = b"".join(bytes([5 + 10 * frame]) * SIDE * SIDE for frame in range(FRAMES))  # its level says which frame it is


def through(filters):
    """The time, in frames at 25 a second, and the source's frame of each picture behind a filter."""
    given = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{SIDE}x{SIDE}", "-r", "25", "-i", "-"]
    out = ["-vf", f"{filters},format=gray,showinfo", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    done = subprocess.run([FFMPEG, "-hide_banner", *given, *out], input=clip, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    times = [float(time) * 25 for time in re.findall(rb"n: *\d+ pts:.*?pts_time:([\d.]+)", done.stderr)]
    levels = np.frombuffer(done.stdout, np.uint8).reshape(-1, SIDE, SIDE)[:, 20, 20]
    assert len(times) == len(levels)
    return [(time, (float(level) - 5) / 10) for time, level in zip(times, levels)]


for filters, left, late in (
    ("null", 20, 0),
    ("tmedian=radius=1", 18, -1),
    ("tmedian=radius=3", 14, -3),
    ("amplify=radius=2", 15, -2),
    ("tmix=frames=3", 20, 1),
    ("tmix=frames=5", 20, 2),
    ("tmix=frames=5:weights=0 0 1 0 0", 20, 2),
    ("minterpolate=fps=25", 19, 0),
    ("minterpolate=fps=50", 37, 0),
    ("framerate=fps=50", 40, 0),
    ("atadenoise", 20, 0),
    ("bm3d", 20, 0),
    ("fftdnoiz=prev=1:next=1", 20, 0),
):
    seen = through(filters)
    middle = [time - frame for time, frame in seen[len(seen) // 3 : -len(seen) // 3]]
    print(f"{filters}: {len(seen)} pictures, {np.mean(middle):+.1f} frames late")
    assert len(seen) == left and np.abs(np.array(middle) - late).max() < 0.15, seen
PYTHON
