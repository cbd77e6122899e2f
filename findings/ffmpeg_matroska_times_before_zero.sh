#!/usr/bin/env bash
# A Matroska file may hold block times before 0 (FFmpeg writes them with -avoid_negative_ts disabled). FFmpeg's own demuxer gives
# MPEG-4 pictures their times back, but drops those of H.264 pictures, and squeezes what it makes up for them together: 30
# pictures of 25 a second from -0.5 s on come back with a dozen of them at the same time, in 0.7 s instead of 1.2 s.
# FFmpeg 9.0.2.
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


def times(codec):
    """The pictures' times in milliseconds, as decoded."""
    head = [FFMPEG, "-v", "error", "-y"]
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-frames:v", "30", "-c:v", codec, "plain.mp4"]
    subprocess.run([*head, *picture], check=True)
    moved = ["-i", "plain.mp4", "-c", "copy", "-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5", "clip.mkv"]
    subprocess.run([*head, *moved], check=True)
    read = [FFMPEG, "-v", "error", "-copyts", "-i", "clip.mkv", "-fps_mode", "passthrough"]
    lines = subprocess.run(
        [*read, "-enc_time_base", "demux", "-f", "framecrc", "-"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [int(line.split(",")[2]) for line in lines if not line.startswith("#")]


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.splitlines()[0])
right, wrong = times("mpeg4"), times("libx264")
print("MPEG-4:", right)
print("H.264:", wrong)
assert right == list(range(-500, 700, 40)), right
assert len(wrong) == 30 and wrong[0] >= 0 and len(set(wrong)) < 25, wrong
PYTHON
