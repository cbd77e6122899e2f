#!/usr/bin/env bash
# decord, with which many video models read their clips, gives another frame for the same index when it is jumped to than when the clip
# is read in order. In HEVC as x265 writes it (open GOPs) a jump to a place after a key frame loses the pictures that the key frame's
# decoding skips, and each index from there on is late: get_batch of every seventh frame gives 50, 57, 64, 71 for 49, 56, 63,
# 70. A clip that was cut with "-c copy", whose edit list hides what lies before the in point, is counted with the hidden frames, read in
# order without them and jumped to with them, 23 frames apart. Masks that were made in order do not fit frames that were
# sampled. No error. Seen with decord2 3.4.0 and decord 0.6.0; clips by FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
for package in decord2==3.4.0 decord==0.6.0; do
  env/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target "$package" "$package"
done
cat > make.py <<'PYTHON'
import subprocess

import imageio_ffmpeg

COMMAND = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
# The left half of frame N has level 20 + 2 N, the right half moves.
NUMBERED = "format=yuv420p,geq=lum='if(lt(X,64),20+2*N,lum(X,Y))':cb='if(lt(X,32),128,cb(X,Y))':cr='if(lt(X,32),128,cr(X,Y))'"
SOURCE = ["-f", "lavfi", "-i", f"testsrc2=s=128x64:r=25:d=4,{NUMBERED}"]
subprocess.run([*COMMAND, *SOURCE, "-c:v", "libx265", "-x265-params", "log-level=error:keyint=25", "hevc.mp4"], check=True)
subprocess.run([*COMMAND, *SOURCE, "-c:v", "libx264", "-g", "25", "h264.mp4"], check=True)
subprocess.run([*COMMAND, "-ss", "0.9", "-i", "h264.mp4", "-c", "copy", "cut.mp4"], check=True)
PYTHON
cat > check.py <<'PYTHON'
import subprocess

import decord
import imageio_ffmpeg
import numpy as np

decord.logging.set_level(decord.logging.QUIET)
print("decord", decord.__version__)


def number(frame):
    """Which frame of the source a frame is, from its level (16 to 235 is 0 to 255)."""
    return round((float(frame[8:56, 8:56].mean()) / 255 * 219 + 16 - 20) / 2)


def by_ffmpeg(name):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", name, "-fps_mode", "passthrough"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True).stdout
    return [number(frame) for frame in np.frombuffer(raw, np.uint8).reshape(-1, 64, 128, 3)]


for name in ("h264.mp4", "hevc.mp4", "cut.mp4"):
    right, reader = by_ffmpeg(name), decord.VideoReader(name)
    in_order = [number(reader[index].asnumpy()) for index in range(len(reader))]
    steps = list(range(0, 70, 7))
    sampled = [number(frame) for frame in decord.VideoReader(name).get_batch([*steps, 70]).asnumpy()][:-1]
    print(f"{name}: {len(right)} frames in FFmpeg, {len(reader)} in decord")
    print("    every seventh in FFmpeg ", [right[index] for index in steps])
    print("    every seventh, in order ", [in_order[index] for index in steps])
    print("    every seventh, get_batch", sampled)
    assert [right[index] for index in steps] == [in_order[index] for index in steps]
    differing = [got - in_order[index] for index, got in zip(steps, sampled, strict=True)]
    if name == "h264.mp4":
        assert len(right) == len(reader) == 100 and not any(differing)
    elif name == "hevc.mp4":
        assert len(right) == len(reader) == 100 and differing[-3:] == [1, 1, 1], differing
    else:
        assert len(right) == 77 and len(reader) == 100 and in_order[-24:] == [99] * 24
        assert -23 in differing, differing
PYTHON
env/bin/python make.py
for package in decord2==3.4.0 decord==0.6.0; do PYTHONPATH="$package" env/bin/python check.py; done
