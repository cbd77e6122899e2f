#!/usr/bin/env bash
# CairoSVG applies an SVG <mask> by its alpha and does not look at its brightness, which is what SVG masks are by default. A matte drawn
# in black and white, as design tools write it, has no effect: what lies under black is as opaque as under white, and half grey too.
# Only transparency inside the mask counts, so that "white on nothing" is right and hides the fault. No error. resvg, which draws
# the same files, follows the standard. Seen with CairoSVG 2.9.1, resvg-py 0.5.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check cairosvg==2.9.1 resvg-py==0.5.0 pillow==12.3.0
env/bin/python - <<'PYTHON'
import io

import cairosvg
import resvg_py
from PIL import Image

print("CairoSVG", cairosvg.__version__)
DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">
<mask id="m" maskUnits="userSpaceOnUse" x="0" y="0" width="40" height="20">{}</mask>
<rect width="40" height="20" fill="rgb(200,100,50)" mask="url(#m)"/></svg>"""
masks = {
    "black | white | grey": '<rect width="40" height="20" fill="black"/><rect x="10" width="10" height="20" fill="white"/>'
    '<rect x="20" width="20" height="20" fill="#808080"/>',
    "nothing | white | half transparent white": '<rect x="10" width="10" height="20" fill="white"/>'
    '<rect x="20" width="20" height="20" fill="white" fill-opacity="0.5"/>',
}


def alphas(png):
    """Alpha in the three parts of the drawing."""
    picture = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    return [picture.getpixel((x, 10))[3] for x in (5, 15, 30)]


for name, mask in masks.items():
    svg = DRAWING.format(mask)
    cairo, resvg = alphas(cairosvg.svg2png(svg)), alphas(resvg_py.svg_to_bytes(svg_string=svg))
    print(f"{name}: CairoSVG {cairo}, resvg {resvg}")
    by_brightness = name.startswith("black")
    assert resvg[:2] == [0, 255] and 50 < resvg[2] < 132
    assert cairo == [255, 255, 255] if by_brightness else cairo[:2] == [0, 255] and 126 < cairo[2] < 130
PYTHON
