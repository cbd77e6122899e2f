#!/usr/bin/env bash
# Some FFmpeg filters take a picture with alpha and give it back opaque, transparent, or with one level everywhere,
# with exit status 0 and without a message: format negotiation puts a conversion before filters that know no alpha,
# and some that accept an alpha format leave or write its plane wrongly.
# FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1): opaque after colorspace, framerate, hqdn3d, nlmeans, vignette, xbr; alpha 0
# everywhere after chromashift, even with every shift at 0; one level everywhere after histeq and pseudocolor.
# Beside them eq, hue, curves, lut3d, unsharp, deband and tmix keep every alpha level.
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


def ffmpeg(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-v", "warning", "-y", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout, done.stderr.decode()


print(ffmpeg("-version")[0].decode().splitlines()[0])
picture = np.zeros((64, 256, 4), np.uint8)
picture[..., :3] = (180, 90, 40)
picture[..., 3] = np.arange(256)
clip = picture.tobytes() * 6


def alpha_after(filters):
    raw, log = ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "rgba", "-s", "256x64", "-r", "25", "-i", "-",
        "-vf", filters, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-", data=clip,
    )
    assert "alpha" not in log.lower(), log
    return np.frombuffer(raw, np.uint8).reshape(-1, 4)[:, 3]


for name in ("colorspace=all=bt709:iall=bt709", "framerate=fps=50", "hqdn3d", "nlmeans", "vignette", "xbr=2"):
    assert set(alpha_after(name)) == {255}, name
    print(f"{name}: opaque")
assert set(alpha_after("chromashift")) == {0}
print("chromashift: alpha 0 everywhere")
for name in ("histeq", "pseudocolor"):
    levels = set(alpha_after(name))
    assert len(levels) == 1 and not levels & {0, 255}, (name, levels)
    print(f"{name}: alpha {levels.pop()} everywhere")
for name in ("eq=contrast=1.1", "hue=h=10", "curves=preset=lighter", "lut3d", "unsharp", "tmix=frames=2"):
    # The way through yuva raises some levels by one.
    off = np.sort(alpha_after(name)).astype(int) - np.sort(picture[..., 3].ravel())
    assert abs(off).max() <= 1, name
    print(f"{name}: alpha kept")
PYTHON
