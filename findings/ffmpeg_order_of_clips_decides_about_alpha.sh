#!/usr/bin/env bash
# FFmpeg's filters that put clips after or beside one another take alpha and depth of the first input for all of them. A title card without
# alpha before a cut-out makes the cut-out opaque, its hidden colour in full view, in concat, hstack, vstack, xstack, interleave, mix and
# streamselect; the same clips the other way round keep alpha. So does depth: 16 bits after 8 are 8, 8 after 16 are 16. With concat
# "-pix_fmt" at the end asks for alpha and gets 255 everywhere. Nothing is printed and the status is 0; a list that is sorted by
# another rule, or a countdown put in front, changes the whole clip. "format=rgba" (or a deeper one) on every input cures it. Seen with FFmpeg
# 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
Path("card.rgb24").write_bytes(bytes((50, 100, 200)) * 4096)
Path("cut.rgba").write_bytes(bytes((200, 100, 50, 128)) * 4096)
Path("deep.rgb48le").write_bytes(struct.pack("<3H", 51401, 25701, 12851) * 4096)


def last_pixel(first, second, graph, layout):
    """The last pixel of what a filter makes of two clips, the later or the right one's."""
    inputs = []
    for name in (first, second):
        inputs += ["-f", "rawvideo", "-pix_fmt", name.split(".")[1], "-s", "64x64", "-r", "25", "-i", name]
    command = [FFMPEG, "-v", "error", *inputs, "-filter_complex", graph, "-f", "rawvideo", "-pix_fmt", layout, "-"]
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return tuple(done.stdout[-4:]) if layout == "rgba" else struct.unpack("<3H", done.stdout[-6:])


for graph in ("concat", "interleave", "hstack", "vstack", "xstack=inputs=2:layout=0_0|w0_0", "streamselect=inputs=2:map=1"):
    for name, right in (("card.rgb24", (200, 100, 50, 255)), ("cut.rgba", (200, 100, 50, 128))):
        seen = last_pixel(name, "cut.rgba", f"[0][1]{graph}", "rgba")
        print(f"{graph}: the cut-out after {name} is {seen}")
        assert seen == right, right
mixed = [last_pixel(*names, "[0][1]mix=inputs=2", "rgba")[3] for names in (("card.rgb24", "cut.rgba"), ("cut.rgba", "card.rgb24"))]
print(f"mix: alpha {mixed[0]} with the card first, {mixed[1]} with the cut-out first")
assert mixed[0] == 255 and abs(mixed[1] - 192) <= 1
seen = last_pixel("card.rgb24", "cut.rgba", "[0]format=rgba[a];[1]format=rgba[b];[a][b]concat", "rgba")
print(f"concat of both as rgba: {seen}")
assert seen == (200, 100, 50, 128)
deep = (51401, 25701, 12851)
after = {name: last_pixel(name, "deep.rgb48le", "[0][1]concat", "rgb48le") for name in ("card.rgb24", "deep.rgb48le")}
print(f"concat: {deep} after 8 bits is {after['card.rgb24']}, after 16 bits {after['deep.rgb48le']}")
assert after["deep.rgb48le"] == deep and all(level != other for level, other in zip(after["card.rgb24"], deep))
PYTHON
