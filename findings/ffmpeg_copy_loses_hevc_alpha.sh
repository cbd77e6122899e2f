#!/usr/bin/env bash
# HEVC with alpha, which Safari and Apple's devices play where others take VP9, survives being written by FFmpeg and does not survive being
# copied. x265 makes it from yuva420p; encoded straight into MP4, MOV or Matroska it is read back bit for bit. One "-c copy" from any of these
# into any of them (to cut a clip, to set "faststart" or a tag, to add sound) leaves out two parameter sets, SPS and PPS of the alpha layer, which
# stand in the track's header only: the frames are all there, the status is 0, copying prints nothing at -v error, and alpha is 0 in every
# pixel, a clip in which nothing can be seen. NUT keeps the header as the encoder wrote it and is copied rightly, on its way to MP4 too, and so
# is what goes from MP4 to NUT. ffmpeg -i says "yuv420p" of the good files as well, so that the pixel format tells neither of both.
# Seen with FFmpeg 9.0.2 and the x265 inside it (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import re
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
WIDTH, HEIGHT, FRAMES = 256, 64, 10
LUMA = WIDTH * HEIGHT


def ffmpeg(*arguments, data=None):
    return subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True, check=True).stdout


def planes(name):
    """Luma and alpha of all frames, as FFmpeg reads them."""
    raw = np.frombuffer(ffmpeg("-i", name, "-f", "rawvideo", "-pix_fmt", "yuva420p", "-"), np.uint8).reshape(FRAMES, -1)
    return raw[:, :LUMA], raw[:, -LUMA:]


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
frames = np.zeros((FRAMES, LUMA * 5 // 2), np.uint8)
frames[:, :LUMA] = np.random.default_rng(1).integers(16, 236, (FRAMES, LUMA))
frames[:, LUMA:-LUMA] = 128
for index, frame in enumerate(frames):
    frame[-LUMA:] = np.tile(np.roll(np.arange(WIDTH), 5 * index), HEIGHT)
raw_input = ["-f", "rawvideo", "-pix_fmt", "yuva420p", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
for kind in ("mp4", "mov", "mkv", "nut"):
    name = f"encoded.{kind}"
    ffmpeg(*raw_input, "-c:v", "libx265", "-x265-params", "lossless=1:log-level=none", name, data=frames.tobytes())
    luma, alpha = planes(name)
    told = subprocess.run([FFMPEG, "-hide_banner", "-i", name], capture_output=True, text=True).stderr
    found = re.search(r"Video: hevc.*?(yuva?420p)", told).group(1)
    print(f"encoded into {kind}: alpha exact {np.array_equal(alpha, frames[:, -LUMA:])}, said to be {found}")
    assert np.array_equal(luma, frames[:, :LUMA]) and np.array_equal(alpha, frames[:, -LUMA:]) and found == "yuv420p"
for source in ("mp4", "mov", "mkv", "nut"):
    for kind in ("mp4", "mov", "mkv", "nut"):
        assert not ffmpeg("-i", f"encoded.{source}", "-c", "copy", f"copied.{kind}")
        luma, alpha = planes(f"copied.{kind}")
        kept = np.array_equal(alpha, frames[:, -LUMA:])
        print(f"copied from {source} into {kind}: alpha {'exact' if kept else f'{alpha.min()} to {alpha.max()}'}")
        assert np.array_equal(luma, frames[:, :LUMA])
        assert kept if "nut" in (source, kind) else not alpha.any()
PYTHON
