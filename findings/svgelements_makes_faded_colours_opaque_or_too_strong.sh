#!/usr/bin/env bash
# svgelements, the SVG reader of Python's plotters, laser software and animation tools (Manim among them), takes a colour and its fade for one value
# of 8 bits, which the last that comes along overwrites. fill-opacity="0.5" on rgba(..., 0.5) is a half instead of a quarter, and on a
# fill that is transparent ("transparent", alpha 0) it brings back a hole as half transparent black. Percentages aren't known: fill-opacity="50%" leaves the
# fill opaque, and rgba(200,100,50,50%) is opaque black (in resvg as well, which draws the others rightly). opacity, of a shape or of groups, is not in
# the fill, and only the nearest one is kept among the values: 0.5 in 0.5 is 0.5. Eight digits and rgba with a plain number are right. No
# message. Write the colour with six digits and one fill-opacity from 0 to 1. Seen with svgelements 1.9.6, resvg_py 0.5.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check svgelements==1.9.6 resvg-py==0.5.0 pillow==12.3.0
env/bin/python - <<'PYTHON'
import importlib.metadata
import io

import resvg_py
from PIL import Image
from svgelements import SVG, Shape

print("svgelements", importlib.metadata.version("svgelements"))


def seen(settings, around=""):
    """Colour and alpha of one shape: as svgelements has its fill, and in the picture that resvg draws. And the opacity in the shape's values."""
    shape = f'<rect width="8" height="8" {settings}/>'
    body = f"<g {around}>{shape}</g>" if around else shape
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8" viewBox="0 0 8 8">{body}</svg>'
    found = [element for element in SVG.parse(io.StringIO(drawing)).elements() if isinstance(element, Shape)]
    assert len(found) == 1
    fill = found[0].fill
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=drawing)))).convert("RGBA")
    return (fill.red, fill.green, fill.blue, fill.alpha), picture.getpixel((4, 4)), found[0].values.get("opacity")


SIX, BROWN = 'fill="#c86432"', (200, 100, 50)
half = (*BROWN, 128)
for settings, around, by_svgelements, drawn in (
    (f'{SIX} fill-opacity="0.5"', "", half, half),
    ('fill="#c8643280"', "", half, half),
    ('fill="rgba(200,100,50,0.5)"', "", half, half),
    ('fill="rgba(200,100,50,0.5)" fill-opacity="0.5"', "", half, (*BROWN, 64)),
    ('fill="rgba(200,100,50,0.5)"', 'fill-opacity="0.5"', half, (*BROWN, 64)),
    ('fill="transparent" fill-opacity="0.5"', "", (0, 0, 0, 128), (0, 0, 0, 0)),
    ('fill="rgba(200,100,50,50%)"', "", (0, 0, 0, 255), (0, 0, 0, 255)),
    (f'{SIX} fill-opacity="50%"', "", (*BROWN, 255), half),
    (f'{SIX} opacity="0.5"', 'opacity="0.5"', (*BROWN, 255), (*BROWN, 64)),
):
    fill, pixel, opacity = seen(settings, around)
    print(f"  {around} {settings}:".replace("   ", "  "), f"fill {fill} and opacity {opacity}, drawn {pixel}")
    assert max(abs(one - other) for one, other in zip(fill, by_svgelements, strict=True)) <= 1, (settings, fill)
    assert pixel[3] == drawn[3] == 0 or max(abs(one - other) for one, other in zip(pixel, drawn, strict=True)) <= 3, (settings, pixel)
assert opacity == "0.5"
PYTHON
