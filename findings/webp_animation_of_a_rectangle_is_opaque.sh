#!/usr/bin/env bash
# An animated WebP of an opaque rectangle on transparent (a card, a screen, a caption) loses its transparency in readers
# that trust the file's header. libwebp's animation encoder (1.6.0; through Pillow 12.3.0 and through FFmpeg 9.0.2's
# libwebp_anim) stores only the rectangle of each frame; where that is opaque the alpha flag in VP8X stays off, and
# Pillow and OpenCV open an RGB picture on a black canvas. FFmpeg's decoder shows the alpha. With one rounded
# corner, or as a still picture, the flag is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 imageio-ffmpeg==0.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


import cv2
from PIL import Image, features

print("libwebp", features.version("webp"))


def card(left, has_corner=False):
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[16:48, left : left + 24, :3] = np.arange(32 * 24 * 3).reshape(32, 24, 3) % 251
    picture[16:48, left : left + 24, 3] = 255
    if has_corner:
        picture[16:20, left : left + 4] = 0
    return picture


def modes(frames, name, **options):
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(name, save_all=True, append_images=images[1:], duration=40, **options)
    return Image.open(name).mode, cv2.imreadanimation(name)[1].frames[0].shape[2]


cards = [card(8), card(20)]
assert modes(cards, "card.webp", lossless=True) == ("RGB", 3)
assert modes([card(8, True), card(20, True)], "corner.webp", lossless=True) == ("RGBA", 4)
assert modes(cards, "lossy.webp", quality=80) == ("RGB", 3)
Image.fromarray(cards[0]).save("still.webp", lossless=True)
assert Image.open("still.webp").mode == "RGBA"
print("animated rectangle: opened as RGB by Pillow and OpenCV; with a corner off, or as a still picture: RGBA")
ffmpeg(
    "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-", "-c:v", "libwebp_anim",
    "-lossless", "1", "-pix_fmt", "bgra", "ffmpeg.webp", data=b"".join(frame.tobytes() for frame in cards),
)
assert Image.open("ffmpeg.webp").mode == "RGB"
raw, _ = ffmpeg("-i", "card.webp", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
assert (np.frombuffer(raw, np.uint8)[3::4] == 255).sum() == 32 * 24
print("written by FFmpeg: RGB too; read by FFmpeg: the alpha is there")
PYTHON
