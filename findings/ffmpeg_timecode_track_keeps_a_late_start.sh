#!/usr/bin/env bash
# Copying the picture out of a MOV that begins late, FFmpeg takes the start off: 0.9 s becomes 0. With a timecode track beside it
# the same command keeps the 0.9 s, though the track is not copied, and takes off 1.5 s again. FFmpeg counts from the file's start,
# and a timecode track, which starts at 0, counts for that where it lies less than a second before the picture. Whoever adds
# the start back (-itsoffset) is right without a timecode, and doubles the delay with one. FFmpeg 9.0.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def run(*arguments):
    argv = [FFMPEG, "-v", "error", "-y", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def start_s(path):
    lines = run("-copyts", "-i", path, "-map", "0:v", "-c", "copy", "-f", "framecrc", "-").splitlines()
    above, below = next(line for line in lines if line.startswith("#tb")).split(": ")[1].split("/")
    times = [int(line.split(",")[2]) for line in lines if not line.startswith("#")]
    return min(times) * int(above) / int(below)


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout[:30])
plain = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=25", "-frames:v", "5"]
run(*plain, "-c:v", "libx264", "-pix_fmt", "yuv420p", "plain.mp4")
for late_s, timecode, expected in (
    ("0.9", (), 0.0),
    ("0.9", ("-timecode", "01:00:00:00"), 0.9),
    ("1.5", (), 0.0),
    ("1.5", ("-timecode", "01:00:00:00"), 0.0),
):
    run("-itsoffset", late_s, "-i", "plain.mp4", "-c", "copy", *timecode, "late.mov")
    assert abs(start_s("late.mov") - float(late_s)) < 0.001
    run("-i", "late.mov", "-map", "0:v", "-c", "copy", "copied.mp4")
    found = start_s("copied.mp4")
    with_track = "with" if timecode else "without"
    print(f"picture at {late_s} s {with_track} a timecode track: the copy starts at {found:g} s")
    assert abs(found - expected) < 0.001, found
PYTHON
