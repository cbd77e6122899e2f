#!/usr/bin/env bash
# Taking the alpha off deep planar RGB with FFmpeg's scaler (-pix_fmt, format, scale: gbrap10le to gbrp10le, gbrap12le to gbrp12le,
# gbrap16le to gbrp16le) copies half of each row, for it counts samples as bytes: the right half of the picture is black, without a
# message. Where a row needs no padding (a width that is a multiple of 64) only the last row of each slice is, so that a test at
# 1280x720 sees next to nothing. 8 bits, YUV with alpha, and another depth than the source's are right; so is
# mergeplanes, which takes the planes as they are. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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


def share_black(depth, filters, width, height=64):
    """The share of black samples after filters, in a picture where every sample is a third of white."""
    dtype = "<u2" if depth > 8 else "u1"
    name = f"gbrap{depth}le" if depth > 8 else "gbrap"
    done = subprocess.run(
        [FFMPEG, "-v", "warning", "-f", "rawvideo", "-pix_fmt", name, "-s", f"{width}x{height}", "-i", "-",
         "-vf", filters, "-frames:v", "1", "-f", "rawvideo", "-"],
        input=np.full(4 * width * height, 2**depth // 3, dtype).tobytes(), capture_output=True,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return (np.frombuffer(done.stdout, dtype) == 0).mean()


print(subprocess.run([FFMPEG, "-version"], capture_output=True).stdout.decode().splitlines()[0])
for depth in (10, 12, 16):
    halved, edge = (share_black(depth, f"format=gbrp{depth}le", width) for width in (854, 1280))
    print(f"gbrap{depth}le to gbrp{depth}le: {halved:.0%} black at 854 columns, {edge:.1%} at 1280")
    assert halved == 0.5 and 0 < edge < 0.05
    planes = "map0s=0:map0p=0:map1s=0:map1p=1:map2s=0:map2p=2"
    assert share_black(depth, f"mergeplanes={planes}:format=gbrp{depth}le", 854) == 0
assert share_black(8, "format=gbrp", 854) == 0 and share_black(10, "format=gbrp16le", 854) == 0
PYTHON
