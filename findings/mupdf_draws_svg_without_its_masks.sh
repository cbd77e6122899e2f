#!/usr/bin/env bash
# MuPDF, with which pages and thumbnails are made (PyMuPDF), draws an SVG without its masks, its clip paths and its filters: a cut-out whose
# matte is any of these is a full opaque rectangle, and shows what it was to hide. "rgba(...)" is opaque black, #c8643280 opaque, a gradient
# that fades out opaque black from end to end, and in a group of opacity 0.5 each shape counts for itself, so that where two overlap,
# alpha is 189 for 128. The page is right in size and complete, and no exception is raised. resvg draws all of them right. (That its
# pixels are premultiplied as well is in pymupdf_pixels_are_premultiplied.sh.) Seen with PyMuPDF 2.0, resvg_py 0.5.0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pymupdf==2.0 resvg-py==0.5.0 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io
from importlib.metadata import version

import numpy as np
import pymupdf
import resvg_py
from PIL import Image

print("PyMuPDF", version("pymupdf"))
WHOLE = 'x="0" y="0" width="40" height="10"'
FILL = 'fill="#c86432"'


def alpha_of(name, body, by_mupdf, wanted):
    """Print and check the alpha in the middles of four fields."""
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10">{body}</svg>'
    page = pymupdf.open(stream=text.encode(), filetype="svg")[0]
    scale = pymupdf.Matrix(40 / page.rect.width, 10 / page.rect.height)
    pixels = page.get_pixmap(alpha=True, matrix=scale)
    mupdf = np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, 4)
    resvg = np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text)))).convert("RGBA"))
    assert mupdf.shape == resvg.shape
    seen = [[int(image[5, x, 3]) for x in (5, 15, 25, 35)] for image in (mupdf, resvg)]
    print(f"{name}: MuPDF {seen[0]}, resvg {seen[1]}; first pixel {mupdf[5, 5].tolist()}, {resvg[5, 5].tolist()}")
    for alpha, expected in zip(seen, (by_mupdf, wanted), strict=True):
        assert np.abs(np.subtract(alpha, expected)).max() <= 3, expected


rect = f'<rect width="40" height="10" {FILL} '
opaque = [255] * 4
left = f'<rect width="20" height="10" {FILL}/>'
right = f'<rect x="10" width="20" height="10" {FILL}/>'
alpha_of("two rectangles", left + right, [255, 255, 255, 0], [255, 255, 255, 0])
alpha_of("opacity", rect + 'opacity="0.5"/>', [127] * 4, [128] * 4)
mask = f'<mask id="m" maskUnits="userSpaceOnUse" {WHOLE}><rect width="10" height="10" fill="#808080"/><rect x="10" width="10" height="10" fill="white"/></mask>'
alpha_of("mask", mask + rect + 'mask="url(#m)"/>', opaque, [128, 255, 0, 0])
clip = '<clipPath id="c"><rect width="20" height="10"/></clipPath>'
alpha_of("clip path", clip + rect + 'clip-path="url(#c)"/>', opaque, [255, 255, 0, 0])
fade = '<feColorMatrix values="1 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0 0 0.5 0"/>'
alpha_of("filter", f'<filter id="f" {WHOLE} filterUnits="userSpaceOnUse">{fade}</filter>' + rect + 'filter="url(#f)"/>', opaque, [128] * 4)
stops = '<stop offset="0" stop-color="#c86432"/><stop offset="1" stop-color="#c86432" stop-opacity="0"/>'
gradient = f'<linearGradient id="g">{stops}</linearGradient><rect width="40" height="10" fill="url(#g)"/>'
alpha_of("gradient", gradient, opaque, [220, 156, 92, 29])
alpha_of("rgba()", '<rect width="40" height="10" fill="rgba(200,100,50,0.5)"/>', opaque, [128] * 4)
alpha_of("#c8643280", '<rect width="40" height="10" fill="#c8643280"/>', opaque, [128] * 4)
alpha_of("a group of half opacity", f'<g opacity="0.5">{left}{right}</g>', [127, 190, 127, 0], [128, 128, 128, 0])
PYTHON
