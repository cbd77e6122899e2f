#!/usr/bin/env bash
# FFmpeg's encoder for DXV, the codec of Resolume's media servers, takes one pixel format, rgba, and writes it opaque: it knows only
# DXT1, without alpha, and its file is announced as rgba again. Its HAP encoder too takes nothing but rgba and drops alpha, unless
# "-format hap_alpha" is given; hap_q, the better one, has none either. Every check of the pixel format passes, before and after,
# with exit status 0 and no message; on stage the cut-out stands in a black box. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1
env/bin/python - <<'PYTHON'
import re
import subprocess

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PIXEL = bytes((200, 100, 50, 64))


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-hide_banner", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


print(ffmpeg("-version")[0].decode().splitlines()[0])
raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x64", "-r", "25", "-i", "-")
for codec, options, layout, alpha in (
    ("dxv", (), "rgba", 255),
    ("hap", (), "rgb0", 255),
    ("hap", ("-format", "hap_q"), "rgb0", 255),
    ("hap", ("-format", "hap_alpha"), "rgba", 64),
):
    accepted = re.search(r"Supported pixel formats: (.*)", ffmpeg("-h", f"encoder={codec}")[0].decode())[1].split()
    assert accepted == ["rgba"], accepted
    _, log = ffmpeg("-v", "warning", "-y", *raw, "-c:v", codec, *options, "clip.mov", data=PIXEL * 64 * 64 * 3)
    assert not log, log
    decoded, log = ffmpeg("-i", "clip.mov", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-")
    announced = re.search(rf"Video: {codec} \(.*?\), (\w+)", log)[1]
    print(f"{codec} {' '.join(options)}: announced as {announced}, pixel {list(decoded[:4])}")
    assert announced == layout and decoded[3] == alpha and abs(decoded[0] - PIXEL[0]) <= 2
PYTHON
