#!/usr/bin/env bash
# FFmpeg's keyers write alpha instead of lowering it: what was transparent before is opaque after colorkey, chromakey, hsvkey and
# despill=alpha=1. Of two keys one after another (the green screen, then its blue marks) only the last one holds, and a garbage
# matte, or a cut-out that is keyed once more for a remnant, comes back as a full rectangle with its hidden colour. lumakey, colorhold
# and chromahold keep what was there. No message, and a picture without alpha shows nothing. Seen with FFmpeg 9.0.2
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
PATCHES = {"green": (0, 255, 0, 255), "blue": (0, 0, 255, 255), "masked": (200, 60, 60, 0), "soft": (200, 60, 60, 128)}
picture = np.zeros((16, 64, 4), np.uint8)
for index, pixel in enumerate(PATCHES.values()):
    picture[:, 16 * index : 16 * (index + 1)] = pixel


def alphas_after(filters):
    done = subprocess.run(
        [FFMPEG, "-v", "warning", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "64x16", "-i", "-", "-vf", filters]
        + ["-f", "rawvideo", "-pix_fmt", "rgba", "-"],
        input=picture.tobytes(), capture_output=True, check=True,
    )
    assert not done.stderr, done.stderr.decode()
    alpha = np.frombuffer(done.stdout, np.uint8).reshape(16, 64, 4)[8, 8::16, 3]
    return dict(zip(PATCHES, alpha.tolist()))


print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True).stdout.splitlines()[0])
GREEN, BLUE = "0x00FF00:0.1:0", "0x0000FF:0.1:0"
for name in ("colorkey", "chromakey"):
    once, twice = alphas_after(f"{name}={GREEN}"), alphas_after(f"{name}={GREEN},{name}={BLUE}")
    print(name, "green:", once, "then blue:", twice)
    assert once == {"green": 0, "blue": 255, "masked": 255, "soft": 255}
    assert twice == {"green": 255, "blue": 0, "masked": 255, "soft": 255}
others = {name: alphas_after(name) for name in ("hsvkey=hue=60:sat=1:val=1", "despill=alpha=1")}
keeping = {name: alphas_after(name) for name in ("lumakey=threshold=0:tolerance=0.01", "colorhold=0x00FF00", "chromahold=0x00FF00")}
for name, alpha in (others | keeping).items():
    print(name, alpha)
assert all(alpha["masked"] == alpha["soft"] == 255 for alpha in others.values())
assert all(alpha["masked"] == 0 and abs(alpha["soft"] - 128) <= 1 for alpha in keeping.values())
PYTHON
