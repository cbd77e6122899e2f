#!/usr/bin/env bash
# FFmpeg's conversion of video to grayf32 (float matte for a network or EXR) divides the luma code by 256 and does not expand its
# range: white of a limited-range matte becomes 0.918 and black 0.0625, white of a full-range one 0.996, and 10 bit gives other
# values than 8 bit. The same file asked for gray gives 0 and 255. A white of 10-bit limited range is short in gray16le too (65311).
# Nothing warns. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), H.264 without loss; take gray, gray10 or gray16 of 8 bit and divide.
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
matte = np.zeros((64, 64), np.uint8)
matte[32:] = 255


def ends(video_range, pixel_format, wanted, dtype):
    """Black and white as read."""
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x64", "-r", "25", "-i", "-", "-vf", f"scale=out_range={video_range}"]
    encode = ["-pix_fmt", pixel_format, "-color_range", video_range, "-c:v", "libx264", "-qp", "0", "matte.mp4"]
    subprocess.run([FFMPEG, "-v", "error", "-y", *source, *encode], input=matte.tobytes(), check=True)
    read = [FFMPEG, "-v", "error", "-i", "matte.mp4", "-f", "rawvideo", "-pix_fmt", wanted, "-"]
    values = np.frombuffer(subprocess.run(read, capture_output=True, check=True).stdout, dtype)
    return float(values.min()), float(values.max())


for video_range, pixel_format, expected in (
    ("tv", "yuv420p", (0.0625, 0.918)),
    ("pc", "yuv420p", (0.0, 0.996)),
    ("tv", "yuv444p10le", (0.0625, 0.915)),
    ("pc", "yuv444p10le", (0.0, 0.999)),
):
    grey = ends(video_range, pixel_format, "gray", "u1")
    deep = ends(video_range, pixel_format, "gray16le", "<u2")
    real = ends(video_range, pixel_format, "grayf32le", "<f4")
    print(video_range, pixel_format, "gray", grey, "gray16le", deep, "grayf32le", real)
    assert grey == (0, 255)
    assert np.allclose(real, expected, atol=0.0006), real
    assert deep == (0, 65311 if (video_range, pixel_format) == ("tv", "yuv444p10le") else 65535)
PYTHON
