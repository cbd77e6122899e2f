#!/usr/bin/env bash
# A lossless animated WebP of one flat colour on transparent loses its transparency in readers that trust the file's header:
# libwebp's animation encoder (1.6.0; through Pillow 12.3.0 and through FFmpeg 9.0.2's libwebp_anim) leaves the alpha flag out of VP8X, and
# Pillow and OpenCV then open an RGB picture. FFmpeg decodes the frames themselves and shows the alpha. The same
# frames as still pictures, as lossy animation, or with four colours are right. Stickers of flat shapes are such files.
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


def shape(left, colours=1):
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[:, left : left + 16] = (200, 100, 50, 255)
    for number in range(1, colours):
        picture[number * 4 : number * 4 + 4, left : left + 16, :3] = number * 40
    return picture


def modes(frames, name, **options):
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(name, save_all=True, append_images=images[1:], duration=40, **options)
    return Image.open(name).mode, cv2.imreadanimation(name)[1].frames[0].shape[2]


flat, more = [shape(8), shape(16)], [shape(8, 4), shape(16, 4)]
assert modes(flat, "flat.webp", lossless=True) == ("RGB", 3)
assert modes(more, "more.webp", lossless=True) == ("RGBA", 4)
assert modes(flat, "lossy.webp", quality=80) == ("RGBA", 4)
Image.fromarray(flat[0]).save("still.webp", lossless=True)
assert Image.open("still.webp").mode == "RGBA"
print("one colour on transparent, lossless animation: opened as RGB by Pillow and OpenCV; lossy or still: RGBA")
ffmpeg(
    "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-", "-c:v", "libwebp_anim",
    "-lossless", "1", "-pix_fmt", "bgra", "ffmpeg.webp", data=b"".join(frame.tobytes() for frame in flat),
)
assert Image.open("ffmpeg.webp").mode == "RGB"
raw, _ = ffmpeg("-i", "flat.webp", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
assert (np.frombuffer(raw, np.uint8)[3::4] == 255).sum() == 16 * 64
print("written by FFmpeg: RGB too; read by FFmpeg: the alpha is there")
PYTHON
