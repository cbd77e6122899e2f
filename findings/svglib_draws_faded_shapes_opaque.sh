#!/usr/bin/env bash
# svglib, with which Python programs put SVG drawings into ReportLab's PDFs, knows fill-opacity and not opacity: a shape, a group or a use
# that is faded by opacity="0.5", as an attribute, a style or a class, is opaque, and with both the shape has the one alone. fill-opacity on rgba(..., 0.5)
# is a half instead of a quarter. Masks are left out, as its documentation says, and a gradient that fades, which it lists as supported, stays opaque
# to its end. Clip paths, eight digits and rgba alone are right, which is why drawings with transparency often look as if it were
# known. No message. Write fades as fill-opacity, multiplied out. Seen with svglib 2.3.2, reportlab 5.1.0, drawn by pypdfium2 5.15.2;
# resvg_py 0.5.0 draws the SVG itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check svglib==2.3.2 reportlab==5.1.0 pypdfium2==5.15.2 resvg-py==0.5.0 pillow==12.3.0 numpy==2.2.6
env/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import io
from pathlib import Path

import pypdfium2
import resvg_py
from PIL import Image
from reportlab.graphics import renderPDF
from svglib.svglib import svg2rlg

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("svglib", "reportlab", "pypdfium2")))
PLACES = (5, 15, 25, 35)


def shape(settings="", fill="#c86432"):
    """A rectangle over the whole picture."""
    return f'<rect width="40" height="10" fill="{fill}" {settings}/>'


def alphas(definitions, body):
    """Alpha at four places from left to right: on the PDF's page, from how much of white shows through the blue of 50, and in the drawing."""
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><defs>{definitions}</defs>{body}</svg>'
    Path("drawing.svg").write_text(drawing)
    page = pypdfium2.PdfDocument(renderPDF.drawToString(svg2rlg("drawing.svg")))[0]
    seen = page.render(scale=40 / page.get_width(), fill_color=(255, 255, 255, 255), rev_byteorder=True).to_numpy()
    assert seen.shape[:2] == (10, 40)
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=drawing)))).convert("RGBA")
    return [round(255 * (255 - int(seen[5, x, 2])) / 205) for x in PLACES], [picture.getpixel((x, 5))[3] for x in PLACES]


opaque, half, quarter, left = [255] * 4, [128] * 4, [64] * 4, [255, 0, 0, 0]
rgba = "rgba(200,100,50,0.5)"
fading = '<linearGradient id="g"><stop offset="0" stop-color="#c86432"/><stop offset="1" stop-color="#c86432" stop-opacity="0"/></linearGradient>'
for name, definitions, body, in_pdf, drawn in (
    ("fill-opacity", "", shape('fill-opacity="0.5"'), half, half),
    ("fill-opacity of a group", "", f'<g fill-opacity="0.5">{shape()}</g>', half, half),
    ("eight digits", "", shape(fill="#c8643280"), half, half),
    ("rgba", "", shape(fill=rgba), half, half),
    ("rgba and fill-opacity", "", shape('fill-opacity="0.5"', rgba), half, quarter),
    ("opacity", "", shape('opacity="0.5"'), opaque, half),
    ("opacity as a style", "", shape('style="opacity:0.5"'), opaque, half),
    ("opacity of a class", "<style>.faded{opacity:0.5}</style>", shape('class="faded"'), opaque, half),
    ("opacity of a group", "", f'<g opacity="0.5">{shape()}</g>', opaque, half),
    ("opacity of a use", f'<g id="u">{shape()}</g>', '<use href="#u" opacity="0.5"/>', opaque, half),
    ("opacity and fill-opacity", "", shape('opacity="0.5" fill-opacity="0.5"'), half, quarter),
    ("gradient", fading, shape(fill="url(#g)"), opaque, [220, 156, 92, 29]),
    ("mask", '<mask id="m"><rect width="10" height="10" fill="white"/></mask>', shape('mask="url(#m)"'), opaque, left),
    ("clip path", '<clipPath id="c"><rect width="10" height="10"/></clipPath>', shape('clip-path="url(#c)"'), left, left),
):
    seen = alphas(definitions, body)
    print(f"  {name}: alpha {seen[0]} in the PDF, {seen[1]} in the drawing")
    for found, expected in zip(seen, (in_pdf, drawn), strict=True):
        assert all(abs(one - other) <= 2 for one, other in zip(found, expected, strict=True)), (name, found, expected)
PYTHON
