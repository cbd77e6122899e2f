#!/usr/bin/env bash
# FFmpeg's maskedmerge lays one clip over another by a matte, and with clips as they are decoded it mixes them everywhere: the matte is
# converted to the clips' YUV, its neutral chroma, 128, counts as half a mask for the colours, and its luma, 16 to 235, never hides
# anything wholly. Orange over blue is (140, 89, 191) where the matte is white and (57, 6, 108) where it is black; a full-range matte
# mends the brightness alone. The documentation says "pixel component", which is how it works, and its inputs are made alike without
# a message. With "format=gbrp" on all three inputs it is right. alphamerge and overlay take the same matte rightly.
# Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
SIDE = 64


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


print(ffmpeg("-version").decode().splitlines()[0])
matte = bytes(255 if column >= SIDE // 2 else 0 for column in range(SIDE)) * SIDE
given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{SIDE}x{SIDE}", "-r", "25", "-i", "-")
lossless = ("-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p")
ffmpeg(*given, *lossless, "matte.mp4", data=matte * 3)
for name, colour in (("under", "0x0000ff"), ("over", "0xc86432")):
    source = f"color=c={colour}:s={SIDE}x{SIDE}:r=25:d=0.12"
    ffmpeg("-f", "lavfi", "-i", source, *lossless, f"{name}.mp4")


def laid(graph):
    """The colours where the matte is black and where it is white."""
    clips = ("-i", "under.mp4", "-i", "over.mp4", "-i", "matte.mp4")
    out = ("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    seen = ffmpeg(*clips, "-filter_complex", graph, *out)
    return [tuple(seen[(20 * SIDE + column) * 3 :][:3]) for column in (8, 56)]


def near(seen, expected):
    return all(abs(a - b) <= 2 for one, other in zip(seen, expected) for a, b in zip(one, other))


RIGHT = [(0, 0, 255), (200, 100, 50)]
merge = "[0:v]{0}[a];[1:v]{0}[b];[2:v]{1}[m];[a][b][m]maskedmerge"
for name, graph, expected in (
    ("as decoded", "[0:v][1:v][2:v]maskedmerge", [(57, 6, 108), (140, 89, 191)]),
    ("full-range matte", "[2:v]scale=out_range=pc,setrange=tv[m];[0:v][1:v][m]maskedmerge", [(50, 0, 101), (149, 98, 200)]),
    ("all gbrp", merge.format("format=gbrp", "format=gbrp"), RIGHT),
    ("alphamerge and overlay", "[1:v]format=rgba[b];[b][2:v]alphamerge[c];[0:v]format=gbrp[a];[a][c]overlay=format=gbrp", RIGHT),
):
    seen = laid(graph)
    print(f"{name}: {seen}")
    assert near(seen, expected), expected
PYTHON
