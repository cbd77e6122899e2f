#!/usr/bin/env bash
# FFmpeg's zscale, the filter for exact colour, multiplies straight colour by its alpha before it works and divides afterwards. Where
# the result has no alpha it does not divide: (209, 107, 47) at alpha 128 becomes (105, 54, 23) on the way from yuva444p10 to gbrp, and
# black at alpha 0, where scale keeps the colour. Where it has one, transfer functions are applied to the multiplied levels: in
# linear light 200 is 54 of 255 at alpha 128, and 141 where it is opaque, so that hair and blur turn dark, and colour under alpha
# 0 is lost. No message; opaque pictures are right. Without alpha before zscale (format=yuv444p10le) or apart
# (alphaextract) colour is right. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
TAGS = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"


def colour(alpha, filters, pixels):
    """(200, 100, 50) at alpha, filtered: its middle pixel, 0 to 255."""
    picture = np.full((32, 32, 4), (200, 100, 50, alpha), np.uint8)
    command = [FFMPEG, "-v", "warning", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "32x32", "-i", "-", "-vf", filters]
    done = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", pixels, "-"], input=picture.tobytes(), capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    if pixels == "rgb24":
        return np.frombuffer(done.stdout, np.uint8).reshape(32, 32, 3)[16, 16].astype(int)
    green, blue, red, _ = np.frombuffer(done.stdout, np.float32).reshape(4, 32, 32)[:, 16, 16] * 255
    return np.array([red, green, blue]).round().astype(int)


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.splitlines()[0])
ways = {
    "zscale": f"format=yuva444p10le,{TAGS},zscale=min=709:m=gbr,format=gbrp",
    "scale": f"format=yuva444p10le,{TAGS},scale,format=gbrp",
    "alpha dropped, zscale": f"format=yuva444p10le,format=yuv444p10le,{TAGS},zscale=min=709:m=gbr,format=gbrp",
}
seen = {way: [colour(alpha, filters, "rgb24") for alpha in (255, 128, 0)] for way, filters in ways.items()}
linear = [colour(alpha, "format=gbrapf32le,zscale=tin=709:t=linear", "gbrapf32le") for alpha in (255, 128, 0)]
for way, (opaque, half, none) in (seen | {"zscale to linear light, with alpha": linear}).items():
    print(f"{way}: alpha 255 {opaque}, 128 {half}, 0 {none}")
for way in ("scale", "alpha dropped, zscale"):
    assert all(abs(level - seen[way][0]).max() <= 1 for level in seen[way])
opaque, half, none = seen["zscale"]
assert abs(half - opaque * 128 / 255).max() <= 4 and not none.any()
opaque, half, none = linear
assert abs(opaque[0] - 141) <= 2 and abs(half[0] - 54) <= 2 and not none.any()
PYTHON
