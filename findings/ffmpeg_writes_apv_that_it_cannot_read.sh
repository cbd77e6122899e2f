#!/usr/bin/env bash
# FFmpeg's APV encoder (liboapv) takes any picture size and ends with status 0; its decoder refuses every picture that is narrower
# than 256 or lower than 128 pixels: a tile must have at least 16 x 8 macroblocks, and the encoder makes the picture's own
# size a tile. The muxer logs that it cannot parse what it is given, and writes it. The smallest size that comes back is
# 256x128; a proxy of 240x128 is lost.
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
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.partition(" Copyright")[0])


def pictures_back(size):
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size}", "-frames:v", "3", "-pix_fmt", "yuv422p10le"]
    made = subprocess.run(
        [FFMPEG, "-v", "warning", "-y", *source, "-c:v", "liboapv", "clip.mp4"], capture_output=True, text=True
    )
    assert made.returncode == 0, made
    read = subprocess.run(
        [FFMPEG, "-v", "error", "-i", "clip.mp4", "-f", "framecrc", "-"], capture_output=True, text=True
    )
    back = sum(not line.startswith("#") for line in read.stdout.splitlines())
    said = (made.stderr.splitlines() or ["no message"])[0].partition("] ")[2]
    print(f"{size}: written with status 0 ({said or 'no message'}), {back} of 3 pictures read")
    return back


assert pictures_back("256x128") == 3
assert pictures_back("240x128") == 0
assert pictures_back("256x112") == 0
PYTHON
