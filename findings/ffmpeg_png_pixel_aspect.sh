#!/usr/bin/env bash
# FFmpeg swaps the pixel aspect of PNG pictures: for pixels of 16:15 it writes pHYs with 16 pixels a unit across and 15 down,
# which says 15:16 (PNG specification, 11.3.5.3: "pixels per unit, X axis"), and reads a file that says 16:15 as 15:16. FFmpeg
# alone agrees with itself; a reader that follows the specification shows the picture squeezed, where TIFF and video are right.
# FFmpeg 9.0.2, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pillow==12.3.0 imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import re
import struct
import subprocess
import zlib

import imageio_ffmpeg
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def said(*arguments):
    done = subprocess.run([FFMPEG, "-hide_banner", "-y", *arguments], capture_output=True, text=True)
    return done.stderr


print(said("-version").splitlines()[:1] or subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout[:30])
colour = ["-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", "1", "-vf", "setsar=16/15"]
said(*colour, "wide.png")
with Image.open("wide.png") as image:
    print("FFmpeg writes 16:15 as pixels a unit, across and down:", image.info["aspect"])
    assert image.info["aspect"] == (16, 15), image.info

content = open("wide.png", "rb").read()
at = content.index(b"pHYs")
body = b"pHYs" + struct.pack(">IIB", 15, 16, 0)
right = content[:at] + body + struct.pack(">I", zlib.crc32(body)) + content[at + 17 :]
open("right.png", "wb").write(right)
read = re.search(r"SAR (\d+:\d+)", said("-i", "right.png"))[1]
print("a file of 15 pixels a unit across and 16 down, which is 16:15, is read as", read)
assert read == "15:16", read
PYTHON
