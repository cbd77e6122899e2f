#!/usr/bin/env bash
# FFmpeg's -aspect rounds a ratio to terms of at most 255 without a word: 2048:1080 (DCI 2K) becomes 201:106, 1000:777 becomes
# 139:108, and 99:256 becomes 70:181, while 16:9 and 160:99 are exact. Pixels that were square are not quite so any more: a
# player scales a 2048x1080 picture by a fraction of a pixel. (The setsar filter's own limit of 100 is documented, and an option.)
# FFmpeg 9.0.2.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import re
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def said(*arguments):
    done = subprocess.run([FFMPEG, "-hide_banner", "-y", *arguments], capture_output=True, text=True)
    return done.stderr


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout[:30])
plain = ["-f", "lavfi", "-i", "color=gray:s=2048x1080:r=25", "-frames:v", "2"]
said(*plain, "-c:v", "libx264", "-pix_fmt", "yuv420p", "plain.mp4")
for asked, expected in {
    "16:9": "16:9",
    "160:99": "160:99",
    "2048:1080": "201:106",
    "1000:777": "139:108",
    "99:256": "70:181",
}.items():
    said("-i", "plain.mp4", "-c", "copy", "-aspect", asked, "wide.mov")
    read = re.findall(r"DAR (\d+:\d+)", said("-i", "wide.mov"))[-1]
    print(f"-aspect {asked} is written as {read}")
    assert read == expected, read
PYTHON
