#!/usr/bin/env bash
# FFmpeg sees four streams in an animated AVIF with alpha as libavif writes it for Pillow: the still that stands for the animation, the
# still's alpha, the moving pictures and their alpha. Asked for nothing in particular it takes the still: "ffmpeg -i clip.avif clip.mov" of
# ten frames is one frame, opaque, with exit status 0 and without a message. A still AVIF or HEIC with alpha is opaque likewise, where a
# PNG or WebP keeps alpha; that one stream is another one's alpha is said of none, but that the still's has the title "Alpha" in files of
# libavif. What works is to name both, here "[0:2][0:3]alphamerge" and "[0:0][0:1]alphamerge". An animated WebP by the same command
# has its ten frames with alpha. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), Pillow 12.3.0, pillow-heif 1.8.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0 pillow-heif==1.8.1 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
frames = []
for index in range(10):
    picture = np.zeros((64, 64, 4), np.uint8)
    picture[..., :3] = (200, 100, 50)
    picture[:, 4 * index : 4 * index + 16, 3] = 128
    frames.append(Image.fromarray(picture))
moving = {"save_all": True, "append_images": frames[1:], "duration": 100}
frames[0].save("clip.avif", quality=100, **moving)
frames[0].save("clip.webp", lossless=True, exact=True, **moving)
frames[0].save("still.avif", quality=100)
frames[0].save("still.heic", quality=-1, chroma=444)
frames[0].save("still.webp", lossless=True, exact=True)


def alphas(name, *wanted):
    """How many pictures FFmpeg gives, and the alpha in the middle of the subject and beside it in each."""
    command = [FFMPEG, "-v", "warning", "-i", name, *wanted, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgba", "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    pictures = np.frombuffer(done.stdout, np.uint8).reshape(-1, 64, 64, 4)
    return [(int(picture[32, 4 * index + 8, 3]), int(picture[32, 62, 3])) for index, picture in enumerate(pictures)]


for name in ("clip.avif", "still.avif", "still.heic"):
    said = subprocess.run([FFMPEG, "-hide_banner", "-i", name], capture_output=True, text=True).stderr
    streams = [line for line in said.splitlines() if "Video:" in line]
    titles = said.lower().count("alpha")
    print(f"{name}: {len(streams)} streams, 'alpha' is said {titles} times")
    assert len(streams) == (4 if name == "clip.avif" else 2) and titles == name.endswith("avif")
for name, wanted, expected in (
    ("clip.avif", (), [(255, 255)]),
    ("clip.avif", ("-filter_complex", "[0:2][0:3]alphamerge"), [(128, 0)] * 10),
    ("clip.webp", (), [(128, 0)] * 10),
    ("still.avif", (), [(255, 255)]),
    ("still.avif", ("-filter_complex", "[0:0][0:1]alphamerge"), [(128, 0)]),
    ("still.heic", (), [(255, 255)]),
    ("still.webp", (), [(128, 0)]),
):
    seen = alphas(name, *wanted)
    print(f"{name} {' '.join(wanted)}: {len(seen)} pictures, alpha {seen[0]}")
    assert len(seen) == len(expected) and np.abs(np.subtract(seen, expected)).max() <= 2, seen
PYTHON
