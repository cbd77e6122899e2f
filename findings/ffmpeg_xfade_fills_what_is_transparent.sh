#!/usr/bin/env bash
# FFmpeg's xfade takes clips with alpha and mixes them as if they had none. "fade", its default, averages straight colour: a cut-out of
# (200, 100, 50) that fades out to nothing has gone half to the colour hidden under alpha 0, (100, 50, 25) at alpha 127 where that is
# black, so that titles and mattes turn dark on their way. fadeblack, fadewhite, circlecrop and rectcrop bring a rectangle: of two clips
# that are transparent everywhere the picture between is opaque black or white, alpha 247 and 255. slideup and revealup begin with an
# empty row for one frame, also between two flat pictures of one colour. wipeleft, slideright and dissolve are right. No message.
# Multiplied by alpha before it and divided after it, as below, a fade keeps its colour. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
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
SIDE = 64
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])


def between(first, second, transition, before="null", after="null"):
    """The ten pictures of a transition between two clips of one pixel each."""
    for name, pixel in (("first", first), ("second", second)):
        with open(f"{name}.raw", "wb") as file:
            file.write(bytes(pixel) * SIDE * SIDE * 25)
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{SIDE}x{SIDE}", "-r", "25", "-i"]
    graph = f"[0:v]{before}[a];[1:v]{before}[b];[a][b]xfade=transition={transition}:duration=0.4:offset=0.2,{after},format=rgba"
    command = [FFMPEG, "-v", "error", *raw, "first.raw", *raw, "second.raw", "-filter_complex", graph, "-f", "rawvideo", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, SIDE, SIDE, 4)[5:15]


CUT_OUT, NOTHING, EMPTY = (200, 100, 50, 255), (0, 0, 0, 0), (200, 100, 50, 0)
fade = between(CUT_OUT, NOTHING, "fade")[5, 30, 30].tolist()
cured = between(CUT_OUT, NOTHING, "fade", "premultiply=inplace=1", "setparams=alpha_mode=premultiplied,unpremultiply=inplace=1")
cured = cured[5, 30, 30].tolist()
print("fade to nothing, half way:", fade, "multiplied and divided:", cured)
assert np.abs(np.subtract(fade, (100, 50, 25, 127))).max() <= 2 and np.abs(np.subtract(cured, (200, 100, 50, 127))).max() <= 3
for transition, alpha in (
    ("fade", 0),
    ("dissolve", 0),
    ("wipeleft", 0),
    ("fadeblack", 247),
    ("fadewhite", 247),
    ("circlecrop", 255),
    ("rectcrop", 255),
):
    seen = int(between(EMPTY, EMPTY, transition)[..., 3].max())
    print(f"{transition} between two empty clips: alpha up to {seen}")
    assert abs(seen - alpha) <= 2
for transition, empty in (("slideright", 0), ("slidedown", 0), ("slideup", SIDE), ("revealup", SIDE)):
    seen = [int((picture[..., 3] == 0).sum()) for picture in between(CUT_OUT, CUT_OUT, transition)]
    print(f"{transition} between two equal clips: empty pixels {seen}")
    assert seen == [empty] + [0] * 9
PYTHON
