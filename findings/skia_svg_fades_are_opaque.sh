#!/usr/bin/env bash
# Skia's SVG module, which draws SVG in applications and pages built on Skia, makes a fade to nothing opaque: a gradient whose last stop is
# "transparent" stays at alpha 255 from one end to the other and goes to black, since the name is taken for
# black; "rgba(200,100,50,0)" there and stop-opacity="0" work. The colour #c8643280, half transparent as CSS writes it,
# is opaque black. mask-type="alpha" is not known, so that Figma's masks count by brightness: black hides all, and its own grey, #D9D9D9,
# takes 15 % off everything. No error. resvg and librsvg (in libvips) draw all of them right. Seen with skia-python 144.1,
# resvg_py 0.5.0, pyvips 3.2.0 (libvips 8.18.7).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3}" -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check skia-python==144.1 resvg-py==0.5.0 pyvips==3.2.0 pyvips-binary==8.18.7 pillow==12.3.0 numpy==2.2.6
env/bin/python - <<'PYTHON'
import io

import numpy as np
import pyvips
import resvg_py
import skia
from PIL import Image

print("skia-python", skia.__version__)


def drawn(name, definitions, attributes, by_skia, wanted):
    """Print and check the four pixels, RGBA, of a rectangle with these attributes."""
    picture = f'<rect width="40" height="10" {attributes}/>'
    text = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="10" viewBox="0 0 40 10"><defs>{definitions}</defs>{picture}</svg>'
    document = skia.SVGDOM.MakeFromStream(skia.MemoryStream(text.encode()))
    document.setContainerSize(skia.Size(40, 10))
    surface = skia.Surface(40, 10)
    surface.getCanvas().clear(0)
    document.render(surface.getCanvas())
    pictures = (
        surface.makeImageSnapshot().toarray(colorType=skia.kRGBA_8888_ColorType),
        np.asarray(Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=text)))).convert("RGBA")),
        pyvips.Image.svgload_buffer(text.encode()).numpy(),
    )
    for renderer, image, expected in zip(("Skia", "resvg", "librsvg"), pictures, (by_skia, wanted, wanted), strict=True):
        seen = [tuple(int(value) for value in image[5, x]) for x in (5, 15, 25, 35)]
        print(f"{name}, {renderer}: {seen}")
        alpha = [pixel[3] for pixel in seen]
        assert np.abs(np.subtract(alpha, expected)).max() <= 2, expected
        yield seen


OPAQUE, FADING = (255, 255, 255, 255), (220, 156, 92, 29)
for stop, by_skia in (
    ('stop-color="transparent"', OPAQUE),
    ('stop-color="rgba(200,100,50,0)"', FADING),
    ('stop-color="#c86432" stop-opacity="0"', FADING),
):
    gradient = f'<linearGradient id="g"><stop offset="0" stop-color="#c86432"/><stop offset="1" {stop}/></linearGradient>'
    list(drawn(stop, gradient, 'fill="url(#g)"', by_skia, FADING))
skia_seen, *others = drawn("#c8643280", "", 'fill="#c8643280"', OPAQUE, (128,) * 4)
assert skia_seen == [(0, 0, 0, 255)] * 4 and all(max(np.abs(np.subtract(seen[0][:3], (200, 100, 50)))) <= 2 for seen in others)
list(drawn("rgba()", "", 'fill="rgba(200,100,50,0.5)"', (128,) * 4, (128,) * 4))
levels = ("black", "#808080", "white", "#d9d9d9")
fields = "".join(f'<rect x="{10 * place}" width="10" height="10" fill="{level}"/>' for place, level in enumerate(levels))
for kind, wanted in (("luminance", (0, 128, 255, 217)), ("alpha", OPAQUE)):
    mask = f'<mask id="m" mask-type="{kind}" maskUnits="userSpaceOnUse" x="0" y="0" width="40" height="10">{fields}</mask>'
    list(drawn(f"mask-type {kind}", mask, 'fill="#c86432" mask="url(#m)"', (0, 128, 255, 217), wanted))
PYTHON
