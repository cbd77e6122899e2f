#!/usr/bin/env bash
# FFmpeg takes grey of 32-bit float for limited-range video when it converts it to anything deeper than 8 bits or to RGB: of a matte from 0 to 1,
# in an OpenEXR whose channel is Y or a PFM, all below 0.0627 is 0 and all above 0.92 is 1, and in between it is stretched: 0.039
# becomes 0, 0.157 becomes 0.11, 0.863 becomes 0.935. Haze is gone, what was nearly solid is solid, and edges are harder. 16-bit grey, 10-bit
# grey, RGB of 8 and 16 bits and of float do it; 8-bit grey and grey of float alone are right, so a preview in "gray" is. Neither
# -color_range pc, scale=in_range=pc, setrange=pc nor zscale changes it, the frames are said to be of unknown or full range, and there is no
# message. gray8 first, or another reader, keeps the levels. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), OpenEXR 3.5.3.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 openexr==3.5.3 numpy==2.2.6
env/bin/python - <<'PYTHON'
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import OpenEXR

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
LEVELS = np.arange(256, dtype="<f4") / 255
MATTE = np.tile(LEVELS, (64, 1))
Path("matte.pfm").write_bytes(b"Pf\n256 64\n-1.0\n" + MATTE.tobytes())
OpenEXR.File({"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}, {"Y": MATTE.copy()}).write("matte.exr")
Path("matte.raw").write_bytes(MATTE.tobytes())
RAW = ["-f", "rawvideo", "-pix_fmt", "grayf32le", "-s", "256x64", "-i", "matte.raw"]
STRETCHED = np.clip((255 * LEVELS - 16) / 219, 0, 1)
TYPES = {"gray": ("u1", 255), "gray10le": ("<u2", 1023), "gray16le": ("<u2", 65535), "rgb24": ("u1", 255), "rgb48le": ("<u2", 65535)}
TYPES |= {"grayf32le": ("<f4", 1), "gbrpf32le": ("<f4", 1)}


def read(source, layout, filters="null"):
    """The first row of what FFmpeg makes of a picture, 0 to 1."""
    command = [FFMPEG, "-v", "error", *source, "-vf", filters, "-pix_fmt", layout, "-f", "rawvideo", "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    kind, white = TYPES[layout]
    levels = np.frombuffer(done.stdout, kind)
    step = 3 if layout in ("rgb24", "rgb48le") else 1
    return levels[: 256 * step : step] / white


places = (0, 10, 40, 128, 220, 245, 255)
print("given", np.round(LEVELS[list(places)].astype(float), 3).tolist())
for name, source in (("OpenEXR", ["-i", "matte.exr"]), ("PFM", ["-i", "matte.pfm"]), ("raw", RAW), ("raw, full range", ["-color_range", "pc", *RAW])):
    for layout in TYPES:
        for filters in ("null", "scale=in_range=pc:out_range=pc", "setrange=pc", "zscale") if layout == "gray16le" else ("null",):
            seen = read(source, layout, filters)
            print(f"{name} as {layout}{'' if filters == 'null' else ', ' + filters}:", np.round(seen[list(places)].astype(float), 3).tolist())
            assert np.abs(seen - (LEVELS if layout in ("gray", "grayf32le") else STRETCHED)).max() < 0.006
PYTHON
