#!/usr/bin/env bash
# imageio.v3.imread(clip, plugin="pyav", index=n) is another frame than the n-th of imageio.v3.imiter where a clip's times are
# uneven (a screen recording, a phone, a slideshow): behind the seek it counts frames from the key frame's time and the mean rate. Of 40
# frames, 25 a second and from the 20th on a third of that, index 32 is frame 24 and the last one is frame 31; the last eight can't be had
# by number at all. A mask drawn on such a still sits on other pictures. An index is what the function is documented to take, and no
# error comes. Even clips are right, and decord counts frames in both. Seen with imageio 2.38.1, PyAV 18.1.0, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio==2.38.1 av==18.1.0 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import av
import imageio
import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

print("imageio", imageio.__version__, "PyAV", av.__version__)
FRAMES = 40
UNEVEN = ["-vf", "setpts='if(lt(N,20),N,20+(N-20)*3)/25/TB'", "-fps_mode", "vfr"]


def number(frame):
    """A frame's number, which is its grey level."""
    return round((float(np.mean(frame)) - 10) / 5)


def write(name, options):
    levels = b"".join(bytes([10 + 5 * n]) * 64 * 64 for n in range(FRAMES))
    given = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x64", "-r", "25", "-i", "-"]
    codec = ["-c:v", "libx264", "-qp", "0", "-g", "12", "-pix_fmt", "yuv420p"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *given, *options, *codec, name]
    subprocess.run(command, input=levels, check=True)


for name, options, wrong in (("even.mp4", [], 0), ("uneven.mp4", UNEVEN, 8), ("uneven.mkv", UNEVEN, 8)):
    write(name, options)
    in_turn = [number(frame) for frame in iio.imiter(name, plugin="pyav")]
    assert in_turn == list(range(FRAMES)), in_turn
    by_index = [number(iio.imread(name, plugin="pyav", index=n)) for n in range(FRAMES)]
    others = {n: seen for n, seen in enumerate(by_index) if seen != n}
    print(f"{name}: index and the frame that comes instead: {others}")
    assert len(others) == wrong
    if wrong:
        assert others == {n: n - 8 for n in range(32, 40)}
PYTHON
