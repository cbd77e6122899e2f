#!/usr/bin/env bash
# Qt's SVG renderer swaps red and blue when it works out how bright a mask is: under pure red, as roto mattes are often painted, the picture
# keeps 0.07 of its opacity where 0.21 is right, under blue 0.21 for 0.07; grey, white and black are right and hide it. It does not
# know mask-type="alpha", as attribute or as style: a mask that counts by its opacity, which is how Figma writes them, is weighed by its
# brightness, so that black at full opacity hides all and Figma's own grey, #D9D9D9, takes 15 % off everything. Nothing
# is printed, and isValid() is true. resvg and librsvg (in libvips) draw all of them right. Seen with PySide6 6.12.0,
# resvg_py 0.5.0, pyvips 3.2.0 (libvips 8.18.7).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pyside6-essentials==6.12.0 resvg-py==0.5.0 pyvips==3.2.0 pyvips-binary==8.18.7 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io

import numpy as np
import PySide6
import pyvips
import resvg_py
from PIL import Image
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

print("PySide6", PySide6.__version__)
WHOLE = 'maskUnits="userSpaceOnUse" x="0" y="0" width="40" height="10"'
RECT = '<rect x="{}" width="10" height="10" fill="{}"/>'


def drawn(masks):
    """The alpha of an opaque picture under mask m, in the middles of four fields, by three renderers."""
    picture = '<rect width="40" height="10" fill="#c86432" mask="url(#m)"/>'
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><defs>{masks}</defs>{picture}</svg>'
    renderer = QSvgRenderer(QByteArray(text.encode()))
    assert renderer.isValid()
    image = QImage(40, 10, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    pictures = (
        np.frombuffer(bytes(image.constBits()), np.uint8).reshape(10, 40, 4),
        np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text)))).convert("RGBA")),
        pyvips.Image.svgload_buffer(text.encode()).numpy(),
    )
    return [[int(picture[5, x, 3]) for x in (5, 15, 25, 35)] for picture in pictures]


def masked(name, colours, *expected, kind=""):
    fields = "".join(RECT.format(10 * place, colour) for place, colour in enumerate(colours))
    seen = drawn(f'<mask id="m" {WHOLE} {kind}>{fields}</mask>')
    print(f"{name}, {colours}: Qt {seen[0]}, resvg {seen[1]}, librsvg {seen[2]}")
    for alpha, wanted in zip(seen, (expected[0], expected[-1], expected[-1]), strict=True):
        assert np.abs(np.subtract(alpha, wanted)).max() <= 2, wanted


masked("grey", ("black", "#808080", "white", "#d9d9d9"), (0, 128, 255, 217))
masked("colour", ("red", "lime", "blue", "white"), (19, 183, 55, 255), (55, 183, 19, 255))
for kind in ('mask-type="alpha"', 'style="mask-type:alpha"'):
    masked(kind, ("black", "#808080", "white", "#d9d9d9"), (0, 128, 255, 217), (255, 255, 255, 255), kind=kind)
PYTHON
