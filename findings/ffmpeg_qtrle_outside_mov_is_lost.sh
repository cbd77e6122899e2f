#!/usr/bin/env bash
# FFmpeg writes QuickTime RLE, a usual codec for titles and cut-outs with alpha, into Matroska (by "-c copy" too) and AVI as into MOV,
# with exit status 0 and without a message, and can't read what it wrote: neither container is given the depth
# that the codec needs. From Matroska comes "Unsupported colorspace: 0 bits/sample"; in AVI the stream has no code of its own, is taken
# for uncompressed pictures, and gives errors or noise. PNG keeps its alpha
# in all three, and mp4 and nut refuse QuickTime RLE. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
picture = np.zeros((64, 256, 4), np.uint8)
picture[..., :3] = (180, 90, 40)
picture[..., 3] = np.arange(256)
RAW = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "256x64", "-r", "25", "-i", "-")


def ffmpeg(*arguments, data=None):
    return subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)


def write(name, *arguments, data=None):
    done = ffmpeg(*arguments, name, data=data)
    assert done.returncode == 0 and not done.stderr, (name, done.stderr.decode())


def whole_pictures(name):
    """How many of the three pictures come back as they were, and FFmpeg's first complaint."""
    done = ffmpeg("-i", name, "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    size = picture.nbytes
    pieces = [done.stdout[at : at + size] for at in range(0, len(done.stdout), size)]
    return sum(piece == picture.tobytes() for piece in pieces), (done.stderr.decode().splitlines() or [""])[0].split("] ")[-1]


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.splitlines()[0])
seen = {}
for codec, pixels in (("qtrle", "argb"), ("png", "rgba")):
    for suffix in ("mov", "mkv", "avi"):
        name = f"{codec}.{suffix}"
        write(name, *RAW, "-c:v", codec, "-pix_fmt", pixels, data=picture.tobytes() * 3)
        seen[name] = whole_pictures(name)
write("copied.mkv", "-i", "qtrle.mov", "-c", "copy")
seen["copied.mkv"] = whole_pictures("copied.mkv")
for name, (count, complaint) in seen.items():
    print(f"{name}: {count} of 3 pictures. {complaint}")
lost = {"qtrle.mkv", "qtrle.avi", "copied.mkv"}
assert {name for name, (count, _) in seen.items() if count == 0} == lost
assert all(seen[name] == (3, "") for name in set(seen) - lost)
assert all(ffmpeg(*RAW, "-c:v", "qtrle", f"no.{suffix}", data=picture.tobytes()).returncode for suffix in ("mp4", "nut"))
PYTHON
