#!/usr/bin/env bash
# DeFFcode, a frame reader on FFmpeg for Python, gives other frames than a clip with uneven times (a screen recording, a phone, a
# slideshow) holds, and not all of them. It fills the gaps with repeated frames, and ends at as many as the clip's mean rate times its
# duration are: of 34 frames 34 come, so that the count shows nothing, but the first eight three times each, and the last 16 of the
# clip never. Mattes made from them neither fit the frames nor reach the end. No error; an even clip is right, and FFmpeg with
# "-fps_mode passthrough" gives the 34. Seen with deffcode 0.2.8, FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check deffcode==0.2.8 imageio-ffmpeg==0.8.1 numpy==2.2.6
cat > seen.py <<'PYTHON'
import subprocess

import deffcode
import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("deffcode", deffcode.__version__)


def make(name, chosen):
    """A clip of two seconds at 25 frames a second, of which the chosen frames are kept at their times."""
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=2", "-vf", f"select={chosen!r}"]
    command = [FFMPEG, "-v", "error", *picture, "-fps_mode", "vfr", "-c:v", "libx264", "-qp", "0", name]
    subprocess.run(command, check=True)


def held(name):
    """All frames of a file, (frames, 64, 64)."""
    command = [FFMPEG, "-v", "error", "-i", name, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    pixels = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(pixels, np.uint8).reshape(-1, 64, 64)


def numbers(name):
    """Which frame of the file each frame is that DeFFcode gives."""
    frames = held(name).astype(int)
    decoder = deffcode.FFdecoder(name, frame_format="gray", custom_ffmpeg=FFMPEG).formulate()
    found = [int(np.abs(frames - frame).mean(axis=(1, 2)).argmin()) for frame in decoder.generateFrame()]
    decoder.terminate()
    return len(frames), found


for name, chosen in (("even.mp4", "1"), ("uneven.mp4", "not(mod(n,3))*lt(n,25)+gte(n,25)")):
    make(name, chosen)
    count, found = numbers(name)
    print(f"{name}: {count} frames, given are {len(found)}: {found}")
    if name == "even.mp4":
        assert count == 50 and found == list(range(50))
    else:
        assert count == len(found) == 34
        assert found == [number for number in range(8) for _ in range(3)] + list(range(8, 18))
PYTHON
env/bin/python seen.py 2> log.txt || { tail -5 log.txt; exit 1; }
