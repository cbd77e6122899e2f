#!/usr/bin/env bash
# FFmpeg's colorlevels, with which a matte's or a picture's black and white points are set, works out its black points for 16 bits
# whatever the depth: at 10 and 12 bits rimin=0.1 is a level that no sample reaches, and everything is black. "aimin=0.1", to take the
# haze off an alpha, empties the whole matte of a 10-bit clip, and the black point of the output, "aomin=0.2", makes it opaque. The white
# points are right, alone, and so are 8 and 16 bits. The documentation gives one range, -1 to 1 in and 0 to 1 out, for all depths. No
# message. "format=gbrap16le" before it is right, and so is lutrgb with the arithmetic written out. Seen with FFmpeg 9.0.2 (imageio-ffmpeg
# 0.8.1).
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
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
SIDE = 32


def levels(bits, filters):
    """Red and alpha behind a filter, of a flat picture in which both are 0.41; 0 to 1."""
    layout, kind, white = (("gbrap", np.uint8, 255) if bits == 8 else (f"gbrap{bits}le", np.uint16, 2**bits - 1))
    flat = np.full((4, SIDE, SIDE), round(0.41 * white), kind)
    given = ["-f", "rawvideo", "-pix_fmt", layout, "-s", f"{SIDE}x{SIDE}", "-i", "-"]
    command = [FFMPEG, "-v", "error", *given, "-vf", filters, "-f", "rawvideo", "-pix_fmt", layout, "-"]
    done = subprocess.run(command, input=flat.tobytes(), capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    seen = np.frombuffer(done.stdout, kind).reshape(4, SIDE, SIDE)[:, 9, 9]
    return float(seen[2]) / white, float(seen[3]) / white


RAISED = (0.41 - 0.1) / 0.9
for filters, place, right, wrong in (
    ("colorlevels=rimin=0.1", 0, RAISED, {10: 0, 12: 0}),
    ("colorlevels=aimin=0.1", 1, RAISED, {10: 0, 12: 0}),
    ("colorlevels=romin=0.2", 0, 0.2 + 0.41 * 0.8, {10: 1, 12: 1}),
    ("colorlevels=aomin=0.2", 1, 0.2 + 0.41 * 0.8, {10: 1, 12: 1}),
    ("colorlevels=aimax=0.9", 1, 0.41 / 0.9, {}),
    ("colorlevels=romax=0.5", 0, 0.41 * 0.5, {}),
    ("format=gbrap16le,colorlevels=aimin=0.1", 1, RAISED, {}),
    ("lutrgb=a='(val-0.1*maxval)/0.9'", 1, RAISED, {}),
):
    for bits in (8, 10, 12, 16):
        seen = levels(bits, filters)[place]
        print(f"{filters} at {bits} bits: 0.41 becomes {seen:.3f}, {right:.3f} is right")
        assert abs(seen - wrong.get(bits, right)) < 0.005
PYTHON
