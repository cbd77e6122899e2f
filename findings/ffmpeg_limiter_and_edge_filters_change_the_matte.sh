#!/usr/bin/env bash
# Filters of FFmpeg that are made for colour take alpha along unless told otherwise. limiter, with which a picture is made safe for
# broadcast, "min=16:max=235", limits alpha too: what was transparent is a haze of 16 over the whole frame, and the subject is nowhere
# more opaque than 235, at 10 bits as well. The edge filters sobel, prewitt, scharr, kirsch and roberts put the edges of the matte in
# the place of the matte: an opaque picture, which has none, comes back wholly transparent, with the edges hidden under alpha 0. By
# contrast edgedetect makes everything opaque. Their option planes is 15 by default, which a clip without alpha does
# not show; planes=7 keeps every level. No message. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.partition(" Copyright")[0])
WIDTH, HEIGHT, FRAMES = 64, 32, 6
COLOUR, ALPHA = (200, 100, 50), (0, 64, 128, 255)
picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
picture[..., :3] = COLOUR
picture[..., 3] = np.repeat(ALPHA, WIDTH // 4)


def filtered(filters, layout, output):
    """The last of six pictures that went through the filters in this pixel format, as bytes in the format of the output."""
    given = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", "-"]
    command = [FFMPEG, "-v", "warning", *given, "-vf", f"format={layout},{filters}", "-f", "rawvideo", "-pix_fmt", output, "-"]
    done = subprocess.run(command, input=picture.tobytes() * FRAMES, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(FRAMES, -1)[-1]


def seen(filters, layout):
    """The four pixels of the middle row, RGBA."""
    row = filtered(filters, layout, "rgba").reshape(HEIGHT, WIDTH, 4)[HEIGHT // 2]
    return [tuple(int(value) for value in row[x]) for x in range(8, WIDTH, WIDTH // 4)]


def alphas(filters, layout):
    return [pixel[3] for pixel in seen(filters, layout)]


LAYOUTS = ("rgba", "gbrap", "yuva444p", "yuva444p10le", "gbrap16le")
for layout in LAYOUTS:
    bits = {"yuva444p10le": 10, "gbrap16le": 16}.get(layout, 8)
    limits = f"limiter=min={16 << bits - 8}:max={235 << bits - 8}"
    limited, kept = alphas(limits, layout), alphas(limits + ":planes=7", layout)
    print(f"{layout}, {limits}: alpha {limited}, with planes=7 {kept}")
    assert np.abs(np.subtract(limited, (16, 64, 128, 235))).max() <= 1
    assert np.abs(np.subtract(kept, ALPHA)).max() <= 1
for name in ("sobel", "prewitt", "scharr", "kirsch", "roberts"):
    for layout in LAYOUTS:
        edges, kept = alphas(name, layout), alphas(name + "=planes=7", layout)
        print(f"{layout}, {name}: alpha {edges}, with planes=7 {kept}")
        assert edges == [0, 0, 0, 0] and np.abs(np.subtract(kept, ALPHA)).max() <= 1
print("edgedetect:", alphas("edgedetect", "rgba"))
assert alphas("edgedetect", "rgba") == [255] * 4
PYTHON
