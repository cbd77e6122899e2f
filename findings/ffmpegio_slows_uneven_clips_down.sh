#!/usr/bin/env bash
# ffmpegio, which reads a clip as an array and the rate that belongs to it, takes both from different places: FFmpeg fills the gaps of a clip with
# uneven times (a screen recording, a phone, a slideshow) with repeated frames, at the nominal rate, and the rate that ffmpegio
# gives beside the frames is the mean of those that are in the file. A clip of 3 s with 54 frames is read as 77 frames of 18 a second, which is 4.3 s;
# written again with the rate that came along, as its examples do, it runs a third slower, and the matte leaves its plate and its sound. Even
# clips are right. No message. Count the frames, or read with r=25 and take 25 for the rate. The streaming reader, ffmpegio.open(..., "rv"),
# does the same. Seen with ffmpegio 0.12.0, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), ffprobe of @ffprobe-installer 2.1.2; needs npm.
set -euo pipefail
command -v npm > /dev/null || { echo "npm is not there: nothing seen"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check ffmpegio==0.12.0 imageio-ffmpeg==0.8.1 numpy==2.2.6
npm install --silent --no-audit --no-fund @ffprobe-installer/ffprobe@2.1.2
mkdir bin
ln -s "$(env/bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')" bin/ffmpeg
ln -s "$(node -p 'require("@ffprobe-installer/ffprobe").path')" bin/ffprobe
PATH="$folder/bin:$PATH" env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import subprocess

import ffmpegio

print("ffmpegio", importlib.metadata.version("ffmpegio"))
ffmpegio.set_path("bin")


def make(name, chosen):
    """Three seconds at 25 a second, less the frames that are not chosen."""
    source = f"color=gray:s=32x32:r=25:d=3,select='{chosen}'"
    command = ["bin/ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", source, "-fps_mode", "vfr", "-c:v", "libx264", "-crf", "1", name]
    subprocess.run(command, check=True)


def duration(name):
    command = ["bin/ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=duration,nb_frames", "-of", "csv=p=0", name]
    seconds, frames = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().split(",")[:2]
    return float(seconds), int(frames)


for name, chosen in (("even.mp4", "1"), ("uneven.mp4", "not(between(n,20,40))")):
    make(name, chosen)
    seconds, stored = duration(name)
    rate, frames = ffmpegio.video.read(name)
    with ffmpegio.open(name, "rv") as reader:
        streamed = float(reader.rate), sum(len(block) for block in reader)
    ffmpegio.video.write(f"again_{name}", rate, frames, overwrite=True, pix_fmt="yuv420p", **{"c:v": "libx264"})
    again = duration(f"again_{name}")
    print(f"  {name}: {stored} frames, {seconds:.2f} s; read as {len(frames)} frames of {float(rate):g} a second, {float(len(frames) / rate):.2f} s; streamed {streamed}; written again {again}")
    if name == "even.mp4":
        assert (len(frames), rate) == (stored, 25) == (75, 25) and abs(again[0] - 3) < 0.05
    else:
        assert stored == 54 and 74 <= len(frames) <= 77 and abs(rate - 18) < 0.1 and again[0] > 4
        assert abs(streamed[0] - 18) < 0.1 and 74 <= streamed[1] <= 77
PYTHON
