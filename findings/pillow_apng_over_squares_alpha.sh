#!/usr/bin/env bash
# Pillow draws an APNG frame of blend mode OVER with its own alpha as a paste mask, alpha included: over an empty area a new
# pixel of (200, 100, 50) at alpha 128 becomes (100, 50, 25) at 64, and over (200, 100, 50) at 128 a pixel of another colour at
# 128 leaves alpha at 128, where the PNG specification says 192. FFmpeg's encoder chooses OVER by itself where the changed
# rectangle holds much that did not change, so that a lossless APNG of FFmpeg comes back from Pillow with thin hair gone and
# dark; hard-edged subjects show nothing. FFmpeg and OpenCV read the same files exactly. Seen with Pillow 12.3.0, FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1), OpenCV 4.14.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 imageio-ffmpeg==0.8.1 opencv-python-headless==4.14.0.94 numpy==2.2.6
env/bin/python - <<'PYTHON'
import struct
import subprocess
import zlib
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import PIL
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIZE = 64
print("Pillow", PIL.__version__, "OpenCV", cv2.__version__)


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


def second_frame(name):
    """The second frame as Pillow, OpenCV and FFmpeg show it, each (H, W, 4) RGBA."""
    with Image.open(name) as image:
        image.seek(1)
        pillow = np.asarray(image.convert("RGBA"))
    opencv = cv2.imreadanimation(name)[1].frames[1][..., [2, 1, 0, 3]]
    raw = ffmpeg("-i", name, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    return pillow, opencv, np.frombuffer(raw, np.uint8).reshape(-1, SIZE, SIZE, 4)[1]


def controls(name):
    """Every frame's blend mode: 0 is SOURCE, 1 is OVER."""
    data = Path(name).read_bytes()
    starts = [place for place in range(len(data)) if data[place : place + 4] == b"fcTL"]
    return [data[place + 29] for place in starts]


# Something opaque stays in the middle; on both sides of it something half transparent appears.
first = np.zeros((SIZE, SIZE, 4), np.uint8)
first[:, 16:48, :3] = np.random.default_rng(1).integers(0, 256, (SIZE, 32, 3))
first[:, 16:48, 3] = 255
second = first.copy()
second[20:40, 2:12] = second[20:40, 52:62] = (200, 100, 50, 128)
raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-")
ffmpeg(*raw, "-f", "apng", "ffmpeg.png", data=first.tobytes() + second.tobytes())
assert controls("ffmpeg.png") == [0, 1], controls("ffmpeg.png")
pillow, opencv, own = second_frame("ffmpeg.png")
print("written by FFmpeg, alpha 128 over nothing, read by Pillow:", pillow[30, 5].tolist())
assert (own == second).all() and (opencv == second).all()
assert pillow[30, 5].tolist() == [100, 50, 25, 64]


def made(name, canvas, patch):
    """A file of two frames made by hand: `canvas`, then `patch` drawn OVER it at (8, 8)."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def control(number, frame, offset, blend):
        height, width = frame.shape[:2]
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, offset, offset, 1, 25, 0, blend))

    def packed(frame):
        return zlib.compress(b"".join(b"\0" + row.tobytes() for row in frame))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)) + chunk(b"acTL", struct.pack(">II", 2, 0))
    frames = control(0, canvas, 0, 0) + chunk(b"IDAT", packed(canvas))
    frames += control(1, patch, 8, 1) + chunk(b"fdAT", struct.pack(">I", 2) + packed(patch))
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + header + frames + chunk(b"IEND", b""))


made("made.png", np.full((SIZE, SIZE, 4), (200, 100, 50, 128), np.uint8), np.full((16, 16, 4), (50, 100, 200, 128), np.uint8))
pillow, opencv, own = (frame[10, 10].astype(int) for frame in second_frame("made.png"))
print("128 over 128: Pillow", pillow.tolist(), "OpenCV", opencv.tolist(), "FFmpeg", own.tolist())
for right in (opencv, own):
    assert abs(right - (100, 100, 150, 192)).max() <= 2
assert pillow[3] == 128 and abs(pillow[:3] - (125, 100, 125)).max() <= 1
PYTHON
