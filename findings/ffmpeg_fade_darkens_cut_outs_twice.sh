#!/usr/bin/env bash
# What FFmpeg's fade does to a cut-out hangs on the pixel format. Half way through a fade from black it halves colour and alpha alike in
# RGBA, BGRA, grey with alpha and planar RGB of 10 and more bits (PNG, TIFF, OpenEXR): straight colour that is dark and transparent as
# well, a quarter of the light in a comp where half is meant. In 8-bit planar RGB and all of YUV (ProRes 4444, VP9) it leaves alpha, so that
# a black shape with the subject's outline is what it ends at; and 8-bit YUV with alpha goes to luma 0, below black, where without
# alpha, and at 10 bits with it, black is 16 (64). From white alpha stays in every format. The documentation has one sentence for all,
# "alpha: if set to 1, fade only alpha channel", and alpha=1 does so in each. No message. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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


def near(pixels, colour, alphas):
    expected = [(*colour, alpha) for alpha in alphas]
    return np.abs(np.subtract(pixels, expected)).max() <= 2


# The sixth picture, five of ten frames into the fade.
half, halved = (100, 50, 25), (0, 32, 64, 127)
for layout in ("rgba", "bgra", "argb", "gbrap10le", "gbrap12le", "gbrap16le", "gbrapf32le"):
    pixels = seen("fade=in:0:10", layout)
    print(f"{layout}: {pixels}")
    assert near(pixels, half, halved)
for layout in ("gbrap", "yuva444p10le", "yuva444p12le"):
    pixels = seen("fade=in:0:10", layout)
    print(f"{layout}: {pixels}")
    assert near(pixels, half, ALPHA)
grey = seen("fade=in:0:10", "ya8")
print("ya8:", grey)
assert near(grey, (62, 62, 62), halved)
for layout in ("rgba", "gbrap", "gbrap16le", "yuva444p", "yuva444p10le"):
    alone, white = seen("fade=in:0:10:alpha=1", layout), seen("fade=in:0:10:color=white", layout)
    print(f"{layout}, alpha=1: {alone}, from white: {white}")
    assert near(alone, COLOUR, halved) and near(white, (228, 178, 153), ALPHA)
for layout, size, black in (
    ("yuv420p", np.uint8, 16),
    ("yuva420p", np.uint8, 0),
    ("yuv444p", np.uint8, 16),
    ("yuva444p", np.uint8, 0),
    ("yuv444p10le", np.uint16, 64),
    ("yuva444p10le", np.uint16, 64),
):
    luma = int(filtered("fade=out:0:5", layout, layout).view(size)[0])
    print(f"{layout}: luma of the end of a fade to black {luma}")
    assert luma == black
PYTHON
