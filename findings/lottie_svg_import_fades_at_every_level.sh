#!/usr/bin/env bash
# The lottie package for Python, with which SVG drawings are made into Lottie animations, fades a group once more at each level
# below it: it hands opacity down with the styles that children inherit, and sets it on every child as well. One shape in a group of
# opacity 0.5 comes out at a quarter, with one more group between at an eighth, with two at a sixteenth, so that a matte gets thinner by
# the depth of the drawing alone. A child that names its own opacity, 1, ends it. Masks and clip paths are left
# out: what they hide is opaque. fill-opacity, rgba() and gradients that fade are right, and so is a shape's own opacity. No message.
# Write opacity="1" on everything inside of a faded group. Seen with lottie 0.7.2; drawn by rlottie-python 1.3.8, the SVG itself by resvg_py 0.5.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check lottie==0.7.2 rlottie-python==1.3.8 resvg-py==0.5.0 pillow==12.3.0
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import io
import json

import resvg_py
from lottie.parsers.svg import parse_svg_file
from PIL import Image
from rlottie_python import LottieAnimation

print("lottie", importlib.metadata.version("lottie"))
PLACES = (5, 15, 25, 35)


def shape(settings="", fill="#c86432"):
    """A rectangle over the whole picture."""
    return f'<rect width="40" height="10" fill="{fill}" {settings}/>'


def alphas(definitions, body):
    """Alpha at four places from left to right: of the animation's first frame, and of the drawing."""
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><defs>{definitions}</defs>{body}</svg>'
    animation = LottieAnimation.from_data(json.dumps(parse_svg_file(io.StringIO(drawing)).to_dict()))
    images = animation.render_pillow_frame(0), Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=drawing)))).convert("RGBA")
    return [[image.getpixel((x, 5))[3] for x in PLACES] for image in images]


everywhere = {level: [level] * 4 for level in (16, 32, 64, 128, 255)}
left = [255, 0, 0, 0]
fading = '<linearGradient id="g"><stop offset="0" stop-color="#c86432"/><stop offset="1" stop-color="#c86432" stop-opacity="0"/></linearGradient>'
for name, definitions, body, imported, drawn in (
    ("shape of 0.5", "", shape('opacity=".5"'), everywhere[128], everywhere[128]),
    ("rgba(..., 0.5)", "", shape(fill="rgba(200,100,50,.5)"), everywhere[128], everywhere[128]),
    ("group of fill-opacity 0.5", "", f'<g fill-opacity=".5">{shape()}</g>', everywhere[128], everywhere[128]),
    ("fading gradient", fading, shape(fill="url(#g)"), [220, 156, 92, 29], [220, 156, 92, 29]),
    ("group of 0.5", "", f'<g opacity=".5">{shape()}</g>', everywhere[64], everywhere[128]),
    ("group of 0.5 as a style", "", f'<g style="opacity:.5">{shape()}</g>', everywhere[64], everywhere[128]),
    ("group of 0.5 with a group in it", "", f'<g opacity=".5"><g>{shape()}</g></g>', everywhere[32], everywhere[128]),
    ("group of 0.5 with two groups in it", "", f'<g opacity=".5"><g><g>{shape()}</g></g></g>', everywhere[16], everywhere[128]),
    ("group of 0.5, shape of 1", "", f'<g opacity=".5">{shape("opacity=" + chr(34) + "1" + chr(34))}</g>', everywhere[128], everywhere[128]),
    ("mask", '<mask id="m"><rect width="10" height="10" fill="white"/></mask>', shape('mask="url(#m)"'), everywhere[255], left),
    ("clip path", '<clipPath id="c"><rect width="10" height="10"/></clipPath>', shape('clip-path="url(#c)"'), everywhere[255], left),
):
    seen = alphas(definitions, body)
    print(f"  {name}: alpha {seen[0]} as an animation, {seen[1]} as a drawing")
    for found, expected in zip(seen, (imported, drawn), strict=True):
        assert all(abs(one - other) <= 2 for one, other in zip(found, expected, strict=True)), (name, found, expected)
PYTHON
