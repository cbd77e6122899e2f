#!/usr/bin/env bash
# A look-up table (.cube) for colours beyond 0 to 1 says its range with DOMAIN_MIN and DOMAIN_MAX, or LUT_3D_INPUT_RANGE. FFmpeg's lut3d and lut1d know them
# in part. The lines count only after the size: before it, an order that OpenColorIO and colour-science read as well, they are
# left out, and a table for 0 to 2 doubles every level. Of the range only the width is used, and only where it is above 1: a table from -1 to 1 that
# changes nothing makes the picture black, one up to 0.5 darkens by half. LUT_3D_INPUT_RANGE before the size is ignored as well; after it the
# file is refused. pillow_lut, whose filters Pillow runs, takes every table for 0 to 1. The pictures are graded otherwise than where the table
# was made, and no message says so. Give FFmpeg tables from 0 to 1 alone. All tables here change nothing: 100 should stay 100.
# Seen with FFmpeg 9.0.2 (imageio-ffmpeg 0.8.1), pillow_lut 1.1.0, OpenColorIO 2.5.1, colour-science 0.4.7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 pillow==12.3.0 pillow_lut==1.1.0 opencolorio==2.5.1 \
    colour-science==0.4.7 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import itertools
import subprocess
from pathlib import Path

import colour
import imageio_ffmpeg
import numpy as np
import PyOpenColorIO
from pillow_lut import load_cube_file
from PIL import Image

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("imageio-ffmpeg", "pillow_lut", "opencolorio", "colour-science")))
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
PIXEL = (100, 60, 20)


def ffmpeg(path, name):
    """The pixel after FFmpeg's filter, or None where it refuses the file."""
    command = [FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "1x1", "-i", "-", "-vf", f"{name}=file={path}", "-f", "rawvideo"]
    answer = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], input=bytes(PIXEL), capture_output=True, check=False)
    return tuple(answer.stdout) or None


def pillow(path):
    return Image.new("RGB", (1, 1), PIXEL).filter(load_cube_file(path)).getpixel((0, 0))


def opencolorio(path):
    transform = PyOpenColorIO.FileTransform(str(Path(path).absolute()), interpolation=PyOpenColorIO.INTERP_LINEAR)
    processor = PyOpenColorIO.Config.CreateRaw().getProcessor(transform).getDefaultCPUProcessor()
    return tuple(round(255 * value) for value in processor.applyRGB([value / 255 for value in PIXEL]))


def by_colour(path):
    return tuple(np.rint(255 * colour.read_LUT(path).apply(np.array([PIXEL]) / 255))[0].astype(int).tolist())


def table(low, high, lines, *, flat=False):
    """A table of 3 points for each colour (or 3 in all) from low to high whose output is its input."""
    points = [low, (low + high) / 2, high]
    rows = [(point,) * 3 for point in points] if flat else [(red, green, blue) for blue, green, red in itertools.product(points, repeat=3)]
    return "\n".join([*lines, *(f"{red} {green} {blue}" for red, green, blue in rows)]) + "\n"


def domain(low, high):
    return [f"DOMAIN_MIN {low} {low} {low}", f"DOMAIN_MAX {high} {high} {high}"]


size, flat_size = ["LUT_3D_SIZE 3"], ["LUT_1D_SIZE 3"]
same, doubled, halved, black = PIXEL, (200, 120, 40), (50, 30, 10), (0, 0, 0)
for name, text, seen_by_ffmpeg, seen_by_pillow in (
    ("0 to 1", table(0, 1, [*size, *domain(0, 1)]), same, same),
    ("0 to 2, after the size", table(0, 2, [*size, *domain(0, 2)]), same, doubled),
    ("0 to 2, before the size", table(0, 2, [*domain(0, 2), *size]), doubled, doubled),
    ("0 to 0.5", table(0, 0.5, [*size, *domain(0, 0.5)]), halved, halved),
    ("-1 to 1", table(-1, 1, [*size, *domain(-1, 1)]), black, black),
    ("input range 0 to 2, before the size", table(0, 2, ["LUT_3D_INPUT_RANGE 0 2", *size]), doubled, doubled),
    ("input range 0 to 2, after the size", table(0, 2, [*size, "LUT_3D_INPUT_RANGE 0 2"]), None, doubled),
    ("one for all, 0 to 2, after the size", table(0, 2, [*flat_size, *domain(0, 2)], flat=True), same, None),
    ("one for all, 0 to 2, before the size", table(0, 2, [*domain(0, 2), *flat_size], flat=True), doubled, None),
):
    Path("table.cube").write_text(text)
    flat = name.startswith("one for all")
    found = ffmpeg("table.cube", "lut1d" if flat else "lut3d"), None if flat else pillow("table.cube")
    Path("again.cube").write_text(text)
    PyOpenColorIO.ClearAllCaches()
    others = opencolorio("again.cube"), by_colour("again.cube")
    print(f"  {name}: FFmpeg {found[0]}, pillow_lut {found[1]}, OpenColorIO {others[0]}, colour-science {others[1]}")
    assert found == (seen_by_ffmpeg, seen_by_pillow) and others == (PIXEL, PIXEL), name
PYTHON
