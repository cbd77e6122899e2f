#!/usr/bin/env bash
# Whether YUV is full or limited range is kept by some codecs in their own stream and by others in the container alone, and "-c copy" goes
# through containers that have no place for it. A full-range matte in FFV1, FFVHUFF or JPEG 2000 is right in Matroska (JPEG 2000 and FFV1 in
# MXF too); copied to MOV, MP4, AVI or NUT, "without loss" and with status 0, its range is forgotten, every reader takes it for limited, and level
# 40 is 28, 245 is 255: haze is cut away and edges get harder. H.264 and VP9 keep it wherever they go. Ut Video and v210
# have lost it in the first file already, and ProRes is worse: the encoder takes -color_range pc, stores full-range levels and
# marks them as limited. Grey and RGB have no such question. No message names the range. Seen with FFmpeg 9.0.2
# (imageio-ffmpeg 0.8.1).
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
LEVELS = (0, 40, 128, 245)
KEPT, STRETCHED = LEVELS, (0, 28, 130, 255)
MATTE = bytes(LEVELS[column // 16] for column in range(64)) * 64 * 3
print(subprocess.run([FFMPEG, "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])


def run(*arguments, data=None):
    done = subprocess.run([FFMPEG, "-y", "-v", "warning", *arguments], input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert "copy" not in arguments or b"range" not in done.stderr, done.stderr.decode()
    return done.stdout


def levels(name):
    """The four levels as FFmpeg reads them as grey."""
    pixels = run("-i", name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    return tuple(pixels[32 * 64 + column] for column in (8, 24, 40, 56))


for codec, options, first, right, copies in (
    ("ffv1", ("-pix_fmt", "yuv444p"), "mkv", KEPT, {"mxf": KEPT, "mov": STRETCHED, "mp4": STRETCHED, "avi": STRETCHED, "nut": STRETCHED}),
    ("ffv1", ("-pix_fmt", "yuv444p10le"), "mkv", KEPT, {"mxf": KEPT, "mov": STRETCHED, "mp4": STRETCHED, "avi": STRETCHED}),
    ("ffv1", ("-pix_fmt", "gray"), "mkv", KEPT, {"mov": KEPT, "avi": KEPT}),
    ("ffv1", ("-pix_fmt", "gbrp"), "mkv", KEPT, {"mov": KEPT, "avi": KEPT}),
    ("ffvhuff", ("-pix_fmt", "yuv444p"), "mkv", KEPT, {"mov": STRETCHED, "avi": STRETCHED}),
    ("jpeg2000", ("-pix_fmt", "yuv444p", "-pred", "dwt53"), "mxf", KEPT, {"mkv": KEPT, "mov": STRETCHED, "avi": STRETCHED}),
    ("libx264", ("-pix_fmt", "yuv444p", "-qp", "0"), "mp4", KEPT, {"mov": KEPT, "mkv": KEPT, "avi": KEPT, "nut": KEPT}),
    ("libvpx-vp9", ("-pix_fmt", "yuv444p", "-lossless", "1"), "webm", KEPT, {"mp4": KEPT, "mkv": KEPT}),
    ("utvideo", ("-pix_fmt", "yuv444p"), "avi", STRETCHED, {"mkv": STRETCHED}),
    ("v210", ("-pix_fmt", "yuv422p10le"), "mov", STRETCHED, {"mkv": STRETCHED}),
    ("prores_ks", ("-pix_fmt", "yuv444p10le", "-profile:v", "4"), "mov", STRETCHED, {"mkv": STRETCHED}),
):
    given = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "64x64", "-r", "25", "-i", "-")
    scaled = () if options[1] in ("gray", "gbrp") else ("-vf", "scale=out_range=pc", "-color_range", "pc")
    run(*given, *scaled, "-c:v", codec, *options, f"first.{first}", data=MATTE)
    seen = {first: levels(f"first.{first}")}
    for container in copies:
        run("-i", f"first.{first}", "-c", "copy", f"copy.{container}")
        seen[container] = levels(f"copy.{container}")
    print(f"{codec} {options[1]}: {LEVELS} is", ", ".join(f"{values} in {container}" for container, values in seen.items()))
    for container, expected in ({first: right} | copies).items():
        assert all(abs(level - other) <= 2 for level, other in zip(seen[container], expected)), (container, expected)
PYTHON
