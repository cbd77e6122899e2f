#!/usr/bin/env bash
# FFmpeg's ssim and xpsnr, asked whether a clip with alpha came through an encoder, compare its colour alone: a matte that fades in and
# one that is opaque throughout are "SSIM All:1.000000 (inf)" and "XPSNR inf", in packed and planar RGB and in YUV with alpha. Neither
# says that a plane was left out. psnr beside them has a figure for alpha. A lost matte is found by alphaextract before the
# comparison, which gives an SSIM of 0.64 here. Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1).
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
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
colour = np.random.default_rng(0).integers(60, 200, (12, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
clip = np.zeros((10, 96, 128, 4), np.uint8)
clip[..., :3] = colour
for name, alpha in (("fade", np.arange(10) * 25), ("opaque", np.full(10, 255))):
    clip[..., 3] = alpha[:, None, None]
    clip.tofile(f"{name}.raw")


def compared(measure, pixel_format, other, extract=""):
    """The line that FFmpeg reports of the fading clip beside another one."""
    command = [FFMPEG, "-hide_banner"]
    for name in ("fade", other):
        command += ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "128x96", "-i", f"{name}.raw"]
    graph = f"[0]format={pixel_format}{extract}[a];[1]format={pixel_format}{extract}[b];[a][b]{measure}"
    run = subprocess.run([*command, "-lavfi", graph, "-f", "null", "-"], capture_output=True, text=True, check=True)
    (line,) = (x for x in run.stderr.splitlines() if f"Parsed_{measure}" in x and ":" in x.split("]", 1)[1])
    return line.split("] ", 1)[1]


for pixel_format in ("rgba", "gbrap", "yuva444p"):
    for measure, same in (("ssim", "All:1.000000 (inf)"), ("xpsnr", "(minimum: inf)")):
        line = compared(measure, pixel_format, "opaque")
        print(pixel_format, line)
        assert same in line
    line = compared("psnr", pixel_format, "opaque")
    print(pixel_format, line)
    assert "a:4.0" in line
line = compared("ssim", "rgba", "opaque", ",alphaextract")
print("the alpha planes alone:", line)
assert float(line.split("All:")[1].split()[0]) < 0.7
PYTHON
