#!/usr/bin/env bash
# FFmpeg's filters that make a pixel of several ones average straight colour, and what lies under alpha 0 counts in full. A cut-out of
# (200, 100, 50) with black under alpha 0, as PNG writers and browsers' canvases leave it, gets a dark rim from scale (any flags, up or
# down), rotate, perspective, zoompan, v360, gblur, boxblur and avgblur: (100, 50, 25) at alpha 128, just as if it had been multiplied,
# in packed and planar RGB and in YUV. The documentation names alpha for none of them. zscale, beside them, multiplies first and keeps
# (200, 100, 50). overlay then darkens hair twice. Multiplying before and dividing after them, as below, is right to a few levels; a
# foreground whose colour goes on under alpha 0 shows nothing. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
SIDE = 64
COLOUR = np.array((200, 100, 50))
cut_out = np.zeros((SIDE, SIDE, 4), np.uint8)
cut_out[:, : SIDE // 2 - 1] = (*COLOUR, 255)
extended = cut_out.copy()
extended[..., :3] = COLOUR


def rim(picture, filters, layout="rgba"):
    """The middle row's pixels of partial alpha behind a filter."""
    given = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{SIDE}x{SIDE}", "-i", "-"]
    chain = f"format={layout},{filters},format=rgba"
    command = [FFMPEG, "-v", "error", *given, "-vf", chain, "-f", "rawvideo", "-"]
    done = subprocess.run(command, input=picture.tobytes(), capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    side = round((len(done.stdout) / 4) ** 0.5)
    row = np.frombuffer(done.stdout, np.uint8).reshape(side, side, 4)[side // 2].astype(int)
    found = row[(row[:, 3] > 40) & (row[:, 3] < 240)]
    assert len(found), filters
    return found


FILTERS = (
    "scale=32:32",
    "scale=96:96",
    "scale=40:40:flags=area",
    "scale=40:40:flags=lanczos",
    "rotate=0.2",
    "perspective=x0=2.5:y0=0:x1=W:y1=0:x2=0:y2=H:x3=W:y3=H",
    "zoompan=z=1.3:d=1:s=64x64",
    "v360=flat:flat:h_fov=80:v_fov=80:ih_fov=90:iv_fov=90",
    "gblur=sigma=2",
    "boxblur=2",
    "avgblur=3",
)
cases = [(filters, "rgba") for filters in FILTERS] + [("scale=40:40", name) for name in ("gbrap", "gbrap16le", "yuva444p")]
for filters, layout in cases:
    seen, kept = rim(cut_out, filters, layout), rim(extended, filters, layout)
    print(f"{filters}, {layout}: {seen[len(seen) // 2].tolist()}; with colour under alpha 0: {kept[len(kept) // 2].tolist()}")
    assert np.abs(seen[:, :3] - COLOUR * seen[:, 3:] / 255).max() <= 4
    assert np.abs(kept[:, :3] - COLOUR).max() <= 3
MULTIPLIED = "premultiply=inplace=1,{},setparams=alpha_mode=premultiplied,unpremultiply=inplace=1"
for filters in ("zscale=40:40", MULTIPLIED.format("scale=40:40"), MULTIPLIED.format("gblur=sigma=2")):
    seen = rim(cut_out, filters)
    print(f"{filters}: {seen[len(seen) // 2].tolist()}")
    assert np.abs(seen[:, :3] - COLOUR).max() <= 6
PYTHON
