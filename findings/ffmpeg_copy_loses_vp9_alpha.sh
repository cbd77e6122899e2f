#!/usr/bin/env bash
# "-c copy" is not lossless for VP9 with alpha: the alpha is side data of each packet, which WebM and Matroska store
# (BlockAdditional) and MP4 and NUT have no place for. FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1) copies the colour, drops the
# alpha and ends with status 0 and without a warning; the file then decodes as opaque with the decoder that knows alpha
# (libvpx-vp9). Encoding VP9 with alpha straight into MP4 does the same.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


print(ffmpeg("-version")[0].decode().splitlines()[0])
picture = np.full((64, 64, 4), 128, np.uint8)
picture[:, :32, 3] = 0
ffmpeg(
    "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-",
    "-c:v", "libvpx-vp9", "-b:v", "1M", "-pix_fmt", "yuva420p", "source.webm", data=picture.tobytes() * 10,
)
for suffix, kept in (("webm", True), ("mkv", True), ("mp4", False), ("nut", False)):
    _, log = ffmpeg("-i", "source.webm", "-c", "copy", f"copy.{suffix}")
    assert log == "", log
    raw, _ = ffmpeg(
        "-c:v", "libvpx-vp9", "-i", f"copy.{suffix}", "-frames:v", "1",
        "-f", "rawvideo", "-pix_fmt", "rgba", "-",
    )
    left = np.frombuffer(raw, np.uint8).reshape(64, 64, 4)[:, :24, 3]
    assert (left.max() < 10) if kept else (left.min() == 255), (suffix, left.min(), left.max())
    print(f"copied to {suffix}: alpha {'kept' if kept else 'gone, no message'}")
PYTHON
