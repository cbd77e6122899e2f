#!/usr/bin/env bash
# FFmpeg's overlay is right for premultiplied pictures in packed RGB alone. In planar RGB, which format=auto takes by itself, what is
# laid over comes out 16 levels too dark, and in 8-bit YUV about 10; in 10-bit YUV a dull brown becomes bright magenta (255, 0, 255).
# Since pictures say by themselves how their alpha is meant, no option is needed to get there: an OpenEXR is read as premultiplied, and
# a premultiply filter before overlay marks its output so. Straight pictures are right in every format. No message. An unpremultiply
# filter before overlay cures it, as does format=rgb. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
RAW = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "32x32", "-i", "-")


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


def middle_over_black(foreground, filters, data=None):
    """The colour in the middle of foreground, filtered and laid over black."""
    raw, log = ffmpeg(
        "-f", "lavfi", "-i", "color=black:s=32x32,format=rgb24", *foreground, "-filter_complex", filters,
        "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-", data=data,
    )
    assert not log, log
    return np.frombuffer(raw, np.uint8).reshape(32, 32, 3)[16, 16].astype(int)


print(ffmpeg("-version")[0].decode().splitlines()[0])
straight = np.full((32, 32, 4), (200, 100, 50, 128), np.uint8).tobytes()
right = np.array([100, 50, 25])
by_filter = {}
for name in ("auto", "rgb", "gbrp", "yuv420", "yuv444", "yuv420p10", "yuv444p10"):
    plain = middle_over_black(RAW, f"[0][1]overlay=format={name}", straight)
    assert abs(plain - right).max() <= 2, (name, plain)
    by_filter[name] = middle_over_black(RAW, f"[1]premultiply=inplace=1[a];[0][a]overlay=format={name}", straight)
    print(f"format={name}: straight {plain}, premultiplied {by_filter[name]}")
assert abs(by_filter["rgb"] - right).max() <= 1
for name in ("auto", "gbrp"):
    assert (by_filter[name] == right - 16).all(), name
for name in ("yuv420", "yuv444"):
    assert (by_filter[name] <= right - 8).all(), name
for name in ("yuv420p10", "yuv444p10"):
    red, green, blue = by_filter[name]
    assert red > 245 and green < 20 and blue > 245, name

ffmpeg(*RAW, "-frames:v", "1", "-update", "1", "cut_out.exr", data=straight)
exr = middle_over_black(("-i", "cut_out.exr"), "[0][1]overlay=format=gbrp")
exr_10_bit = middle_over_black(("-i", "cut_out.exr"), "[0][1]overlay=format=yuv420p10")
cured = middle_over_black(("-i", "cut_out.exr"), "[1]unpremultiply=inplace=1[a];[0][a]overlay=format=yuv420p10")
print("an OpenEXR in gbrp", exr, "in yuv420p10", exr_10_bit, "with unpremultiply", cured)
assert abs(exr - (right - 16)).max() <= 1 and exr_10_bit[1] < 20 < 245 < exr_10_bit[0] and abs(cured - right).max() <= 2
PYTHON
