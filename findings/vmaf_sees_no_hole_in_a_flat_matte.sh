#!/usr/bin/env bash
# VMAF, the quality measure of video services, weighs a difference by what the reference shows in the same place; where that is flat, it hardly
# counts, and a matte is flat nearly everywhere. A wholly transparent matte where all should be opaque scores 97.43, exactly as two equal
# ones do; a rectangle of level 60 that should not be there scores as much as the perfect matte, to a twentieth, and a hole of 40 x 40
# pixels through the subject still 98 of 100, with a mean error of 7 levels. The perfect matte one frame late, 4 levels, is 27. The score so tells
# about edges, and nothing about holes and ghosts: under "VMAF of at least 95" as the rule for a re-encoded matte a lost object passes. PSNR
# has the late matte before the hole, and 0 dB for the empty one. Frames are given as full range luma. Seen with libvmaf of FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 numpy==2.2.6 2> pip.log || { cat pip.log; exit 1; }
env/bin/python - <<'PYTHON'
import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
print("FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
HEIGHT, WIDTH, FRAMES = 180, 320, 8
rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(float)


def subject(frame):
    """The matte of a disc that moves 4 pixels a frame, with an edge of 6 pixels."""
    return 255 * np.clip((60 - np.hypot(columns - 120 - 4 * frame, rows - 90)) / 6 + 0.5, 0, 1)


reference = np.stack([np.rint(subject(frame)) for frame in range(FRAMES)]).astype(np.uint8)
empty = np.zeros_like(reference)


def scores(matte, beside):
    """VMAF, PSNR and SSIM of a matte, and the mean of its errors in levels."""
    inputs = []
    for name, frames in (("matte.raw", matte), ("beside.raw", beside)):
        Path(name).write_bytes(frames.tobytes())
        inputs += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", "25", "-i", name]
    full = "scale=in_range=full:out_range=full,format=yuv420p"
    found = []
    for measure, pattern in (("libvmaf", r"VMAF score: ([\d.]+)"), ("psnr", r"PSNR y:([\d.]+|inf)"), ("ssim", r"SSIM Y:([\d.]+)")):
        graph = f"[0]{full}[a];[1]{full}[b];[a][b]{measure}"
        command = [FFMPEG, "-hide_banner", "-nostats", *inputs, "-lavfi", graph, "-f", "null", "-"]
        log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        found.append(float(re.search(pattern, log)[1]))
    return *found, float(np.abs(matte.astype(float) - beside).mean())


ghost, hole = reference.copy(), reference.copy()
ghost[:, :60, 240:] = 60
hole[:, 70:110, 110:150] = 0
late = np.concatenate([reference[:1], reference[:-1]])
seen = {}
for name, matte, beside in (
    ("all opaque, as it should be", empty + np.uint8(255), empty + np.uint8(255)),
    ("transparent where all should be opaque", empty, empty + np.uint8(255)),
    ("perfect", reference, reference),
    ("a rectangle of level 60 beside the subject", ghost, reference),
    ("a hole through the subject", hole, reference),
    ("one frame late", late, reference),
):
    seen[name] = scores(matte, beside)
    print("{}: VMAF {:.2f}, PSNR {:.1f} dB, SSIM {:.3f}, mean error {:.1f} levels".format(name, *seen[name]))

equal, opposite, perfect, with_ghost, with_hole, with_delay = seen.values()
assert abs(equal[0] - opposite[0]) < 0.01 and equal[0] > 97 and equal[1] == np.inf and opposite[1] < 1
assert perfect[0] > 99 and perfect[0] - with_ghost[0] < 0.05 and with_ghost[1] < 30
assert with_hole[0] > 94 and with_hole[1] < 20 and with_delay[0] < 40
assert with_delay[3] < with_hole[3] and with_delay[1] > with_hole[1], "by PSNR the late matte is the better one"
PYTHON
