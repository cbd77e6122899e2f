#!/usr/bin/env bash
# FFmpeg's GIF reader has an option -min_delay, "minimum valid delay between frames (in hundredths of second)", 2 by default,
# below which -default_delay, 10, counts: what browsers do with delays of 10 ms. A delay of 10 ms stays 10 ms all the same, and
# `-min_delay 5` or `-default_delay 20` change no time of any picture: an animation that browsers show at 10 pictures a second
# runs at 100. A delay of 0 alone becomes 100 ms, whatever -default_delay says. The animated WebP reader does what it says.
# FFmpeg 9.0.2, Pillow 12.3.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg
from PIL import Image

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.partition(" Copyright")[0])
pictures = [Image.new("RGB", (32, 32), (50 * number, 60, 90)) for number in range(4)]
options = {"save_all": True, "append_images": pictures[1:], "duration": [0, 10, 30, 10]}
pictures[0].save("clip.gif", **options)
pictures[0].save("clip.webp", lossless=True, **options)


def shown_ms(name, ticks_a_ms, *options):
    read = [FFMPEG, "-v", "error", *options, "-i", name, "-fps_mode", "passthrough", "-enc_time_base", "demux"]
    lines = subprocess.run([*read, "-f", "framecrc", "-"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(",") for line in lines.splitlines() if not line.startswith("#")]
    seen = [int(row[2]) * ticks_a_ms for row in rows]
    print(name, options or "as it is", "pictures are shown at", seen, "ms")
    return seen


usual = shown_ms("clip.gif", 10)
assert usual == [0, 100, 110, 140], usual
assert shown_ms("clip.gif", 10, "-min_delay", "5") == usual
assert shown_ms("clip.gif", 10, "-default_delay", "20") == usual
assert shown_ms("clip.webp", 1) == [0, 100, 200, 230]
assert shown_ms("clip.webp", 1, "-min_delay", "50") == [0, 100, 200, 300]
PYTHON
