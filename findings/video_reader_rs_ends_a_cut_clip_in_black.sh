#!/usr/bin/env bash
# video-reader-rs, a fast clip reader for training video networks, counts pictures that are not there: of a clip cut by "-c copy", whose
# edit list hides what lies between the key frame and the in point, decode() returns an array for the hidden pictures too, filled with
# black at the end. Of a cut of 28 pictures it is 28 and then 12 black ones; decode_gray() has them as well, and frame_count and
# get_shape() say 40. get_pts gives picture 0 the time of the first hidden one, -0.48 s, so that every time is late by them. No
# message; decode_fast and iterating give 28, and get_batch raises beyond that. A clip that was not cut is right. Seen with
# video-reader-rs 0.4.5 (its libraries are found here by LD_LIBRARY_PATH alone), clips by FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check video-reader-rs==0.4.5 imageio-ffmpeg==0.8.1 numpy==2.2.6
libraries=$(env/bin/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/video_reader_rs.libs
LD_LIBRARY_PATH="$libraries" env/bin/python - <<'PYTHON'
import os
import subprocess
from importlib.metadata import version

import imageio_ffmpeg
import numpy as np
from video_reader import PyVideoReader

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PLAIN = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
print("video-reader-rs", version("video_reader_rs"))


def ffmpeg(*arguments):
    subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], check=True, env=PLAIN)


def levels(pictures):
    """Each picture's mean level, which tells its number: 20 for picture 0 and 5 more for each one after."""
    return [round(float(np.mean(picture))) for picture in pictures]


source = "nullsrc=size=64x48:rate=25:duration=1.6,format=gray,geq=lum='20+5*N'"
ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", "whole.mp4")
ffmpeg("-ss", "0.48", "-i", "whole.mp4", "-c", "copy", "cut.mp4")
for name, first, count in (("whole.mp4", 0, 40), ("cut.mp4", 12, 28)):
    pictures = levels(PyVideoReader(name).decode())
    grey = levels(PyVideoReader(name).decode_gray())
    fast = levels(PyVideoReader(name).decode_fast())
    times = PyVideoReader(name).get_pts([0, 1])
    print(f"{name}: {len(fast)} pictures by decode_fast, by decode {len(pictures)} with {pictures.count(0)} black, times {times}")
    right = [20 + 5 * (first + number) for number in range(count)]
    assert len(fast) == count and np.abs(np.subtract(fast, right)).max() <= 2
    assert len(list(PyVideoReader(name))) == count
    for found in (pictures, grey):
        assert len(found) == 40 and np.abs(np.subtract(found[:count], right)).max() <= 2
        assert found[count:] == [0] * (40 - count)
    assert int(PyVideoReader(name).get_info()["frame_count"]) == 40 and PyVideoReader(name).get_shape()[0] == 40
    assert np.allclose(times, (-first / 25, (1 - first) / 25), atol=1e-6)
PYTHON
